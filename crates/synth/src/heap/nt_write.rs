//! The bytes of an NT heap.

use super::entry::{self, BUSY, HeapEntry, LAST, VIRTUAL};
use super::nt::{LargeBlock, NtHeap, NtSegment};
use super::{list, nt_offsets::Offsets};
use crate::arch::Width;
use crate::bytes::{At, Fields, low32, to_usize};
use crate::constants::PAGE;
use crate::process::Process;

/// Size of a _HEAP_SEGMENT, bytes.
const SEGMENT_SIZE: At = At(0x40, 0x70);
const SEGMENT_SIGNATURE: At = At(0x8, 0x10);
const SEGMENT_LIST_ENTRY: At = At(0x10, 0x18);
const HEAP: At = At(0x18, 0x28);
const BASE_ADDRESS: At = At(0x1C, 0x30);
const NUMBER_OF_PAGES: At = At(0x20, 0x38);
const FIRST_ENTRY: At = At(0x24, 0x40);
const LAST_VALID_ENTRY: At = At(0x28, 0x48);
const NUMBER_OF_UNCOMMITTED_PAGES: At = At(0x2C, 0x50);
const NUMBER_OF_UNCOMMITTED_RANGES: At = At(0x30, 0x54);
const UCR_SEGMENT_LIST: At = At(0x38, 0x60);

const COMMIT_SIZE: At = At(0x10, 0x20);
const RESERVE_SIZE: At = At(0x14, 0x28);
const BUSY_BLOCK: At = At(0x18, 0x30);

/// Contents of blocks in use: (granules, text).
const BLOCKS: [(u16, &[u8]); 3] = [(4, b"first block"), (9, b"second block"), (0x21, b"third block")];
const LFH: u8 = 2;

impl NtHeap {
    /// Writes _HEAP, its segments, some blocks, and the entries of large blocks.
    pub fn put(&self, process: &mut Process) {
        for segment in &self.segments {
            self.put_segment(process, segment);
        }
        process.put(self.address + self.segment_size(), &self.header()[to_usize(self.segment_size())..]);
        for block in &self.large {
            process.put(block.entry(), &self.large_block(block));
            process.put(block.entry() + LargeBlock::header(self.width()), b"large block");
        }
        if let Some(front_end) = self.front_end {
            process.put(front_end, &self.address.to_le_bytes()[..self.width().bytes()]);
        }
        self.put_lists(process);
    }

    fn put_lists(&self, process: &mut Process) {
        let (width, o) = (self.width(), self.layout.offsets());
        let head = |offset: usize| self.address + offset as u64;
        let links = self.segments.iter().map(|segment| segment.base + at(width, SEGMENT_LIST_ENTRY));
        let segments: Vec<_> = [head(o.segment_list)].into_iter().chain(links).collect();
        let blocks: Vec<_> = [head(o.virtual_allocd_blocks)]
            .into_iter()
            .chain(self.large.iter().map(LargeBlock::entry))
            .collect();
        list::circle(process, width, &segments);
        list::circle(process, width, &blocks);
        list::circle(process, width, &[head(o.free_lists)]);
    }

    fn width(&self) -> Width {
        self.layout.width()
    }

    fn segment_size(&self) -> u64 {
        at(self.width(), SEGMENT_SIZE)
    }

    /// Bytes in front of the first block: _HEAP in the first segment, _HEAP_SEGMENT in the others.
    fn first_entry(&self, segment: &NtSegment) -> u64 {
        let first = segment.base == self.address;
        if first { self.layout.offsets().size as u64 } else { self.segment_size() }
    }

    fn put_segment(&self, process: &mut Process, segment: &NtSegment) {
        let mut s = Fields::new(self.width(), SEGMENT_SIZE);
        let (first, pages) = (self.first_entry(segment), segment.uncommitted());
        let count = |value: usize| u32::try_from(value).expect("a few");
        let header =
            HeapEntry { size: self.granules(first), flags: BUSY, unused_bytes: 1, ..HeapEntry::default() };
        s.put(entry::meaning(self.width()), &header.to_bytes(self.encoding));
        s.u32_at(SEGMENT_SIGNATURE, 0xFFEE_FFEE);
        s.pointer(HEAP, self.address);
        s.pointer(BASE_ADDRESS, segment.base);
        s.u32_at(NUMBER_OF_PAGES, segment.pages);
        s.pointer(FIRST_ENTRY, segment.base + first);
        s.pointer(LAST_VALID_ENTRY, segment.base + u64::from(segment.pages) * PAGE);
        s.u32_at(NUMBER_OF_UNCOMMITTED_PAGES, count(pages.iter().map(ExactSizeIterator::len).sum()));
        s.u32_at(NUMBER_OF_UNCOMMITTED_RANGES, count(pages.len()));
        process.put(segment.base, &s.bytes);
        list::circle(process, self.width(), &[segment.base + at(self.width(), UCR_SEGMENT_LIST)]);
        self.put_blocks(process, segment, first);
    }

    /// Blocks in use, then one free block up to the end of the first committed pages.
    fn put_blocks(&self, process: &mut Process, segment: &NtSegment, first: u64) {
        let granule = entry::granule(self.width()) as u64;
        let (mut address, mut previous_size) = (segment.base + first, self.granules(first));
        for (size, text) in BLOCKS {
            let unused = usize::from(size) * entry::granule(self.width()) - text.len();
            let unused_bytes = u8::try_from(unused.min(0x3F)).expect("at most 0x3F");
            let block = HeapEntry { size, flags: BUSY, previous_size, unused_bytes, ..HeapEntry::default() };
            self.put_entry(process, address, block);
            process.put(address + granule, text);
            address += u64::from(size) * granule;
            previous_size = size;
        }
        let end = segment.base + segment.committed.first().map_or(0, |range| u64::from(range.end) * PAGE);
        let rest = HeapEntry {
            size: self.granules(end - address),
            flags: LAST,
            previous_size,
            ..HeapEntry::default()
        };
        self.put_entry(process, address, rest);
    }

    fn put_entry(&self, process: &mut Process, address: u64, block: HeapEntry) {
        let at = address + entry::meaning(self.width()) as u64;
        process.put(at, &block.to_bytes(self.encoding));
    }

    fn granules(&self, bytes: u64) -> u16 {
        u16::try_from(bytes / entry::granule(self.width()) as u64).expect("blocks are small")
    }

    /// _HEAP without its first segment, which is zero here, and without lists.
    fn header(&self) -> Vec<u8> {
        let o = self.layout.offsets();
        let mut h = Fields::sized(self.width(), o.size);
        h.u32(o.flags, self.flags);
        h.u32(o.force_flags, self.force_flags);
        if let Some(key) = self.encoding {
            h.u32(o.encode_flag_mask, 0x10_0000);
            h.put(o.encoding + entry::meaning(self.width()), &key);
        }
        if let Some(pointer_key) = o.pointer_key {
            h.word(pointer_key, 0x5EC3_6A2F_1D98_B704);
        }
        h.u32(o.virtual_memory_threshold, self.virtual_memory_threshold);
        h.u32(o.signature, 0xEEFF_EEFF);
        h.word(o.segment_reserve, 0x10_0000);
        h.word(o.segment_commit, 0x2000);
        h.word(o.total_free_size, u64::from(self.free_granules()));
        h.word(o.maximum_allocation_size, 0x7FFD_EFFF);
        h.u16(o.process_heaps_list_index, self.index);
        h.word(o.lock_variable, self.address + o.size as u64 - 8);
        self.front_end_fields(&mut h, o);
        self.counter_fields(&mut h, o);
        h.bytes
    }

    fn front_end_fields(&self, h: &mut Fields, o: &Offsets) {
        if let Some(front_end) = self.front_end {
            h.word(o.front_end_heap, front_end);
            h.u8(o.front_end_heap_type, LFH);
        }
        if let Some(bitmap) = o.status_bitmap {
            h.put(bitmap, &[0x77; 0x40]);
        }
        if let Some(user_context) = o.user_context {
            h.word(user_context, self.user_context);
        }
    }

    fn counter_fields(&self, h: &mut Fields, o: &Offsets) {
        let (counters, word) = (self.counters.unwrap_or_else(|| self.counted()), self.width().bytes());
        let sizes = [counters.reserved, counters.committed, counters.large_ucr, counters.virtual_blocks];
        for (number, size) in sizes.into_iter().enumerate() {
            h.word(o.counters + number * word, size);
        }
        h.u32(o.counters + 4 * word, counters.segments);
    }

    fn free_granules(&self) -> u32 {
        let used = |segment: &NtSegment| {
            let blocks: u64 = BLOCKS.iter().map(|(size, _)| u64::from(*size)).sum();
            self.first_entry(segment) + blocks * entry::granule(self.width()) as u64
        };
        let free = |segment: &NtSegment| u64::from(segment.committed[0].end) * PAGE - used(segment);
        let bytes: u64 = self.segments.iter().map(free).sum();
        low32(bytes / entry::granule(self.width()) as u64)
    }

    /// HEAP_VIRTUAL_ALLOC_ENTRY without its list entry.
    fn large_block(&self, block: &LargeBlock) -> Vec<u8> {
        let mut b = Fields::sized(self.width(), to_usize(LargeBlock::header(self.width())));
        b.pointer(COMMIT_SIZE, block.commit_size);
        b.pointer(RESERVE_SIZE, block.reserve_size);
        let busy =
            HeapEntry { size: block.unused, flags: BUSY | VIRTUAL, unused_bytes: 4, ..HeapEntry::default() };
        let start = b.at(BUSY_BLOCK) + entry::meaning(self.width());
        b.put(start, &busy.to_bytes(self.encoding));
        b.bytes
    }
}

fn at(width: Width, At(narrow, wide): At) -> u64 {
    (if width == Width::W32 { narrow } else { wide }) as u64
}
