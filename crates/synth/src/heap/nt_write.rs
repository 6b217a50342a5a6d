//! The bytes of an NT heap.

use super::entry::{self, BUSY, EXTRA, HeapEntry, LAST, VIRTUAL};
use super::nt::{LargeBlock, NtBlock, NtHeap, NtSegment};
use super::truth::{Backend, BlockTruth};
use super::{list, nt_lfh, nt_offsets::Offsets};
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

/// A run of blocks that is being written.
struct Run<'a> {
    heap: &'a NtHeap,
    process: &'a mut Process,
    at: u64,
    /// Granules of the block before.
    previous: u16,
}

impl Run<'_> {
    /// Writes the entry of the next block; returns where the block begins.
    fn put(&mut self, bytes: u64, flags: u8, unused_bytes: u8) -> u64 {
        let (at, size) = (self.at, self.heap.granules(bytes));
        let previous_size = self.previous;
        let entry = HeapEntry { size, flags, previous_size, unused_bytes, ..HeapEntry::default() };
        self.heap.put_entry(self.process, at, entry);
        (self.at, self.previous) = (at + bytes, size);
        at
    }

    /// Blocks in use.
    fn used(&mut self) -> Vec<BlockTruth> {
        let granule = entry::granule(self.heap.width()) as u64;
        let block = |(granules, text): (u16, &[u8])| {
            let bytes = u64::from(granules) * granule + self.heap.extended();
            let (at, size) = (self.at, text.len() as u64);
            let byte = self.heap.put_tail(self.process, at, bytes, bytes - size);
            self.put(bytes, BUSY, byte);
            let address = at + granule + self.heap.extended();
            self.process.put(address, text);
            BlockTruth { address, size, backend: Backend::Nt }
        };
        BLOCKS.map(block).to_vec()
    }

    /// Blocks that somebody else fills; the address of each, free or not.
    fn further(&mut self, blocks: &[NtBlock]) -> Vec<(u64, NtBlock)> {
        let granule = entry::granule(self.heap.width()) as u64;
        let block = |block: &NtBlock| {
            let bytes = (block.size + granule).next_multiple_of(granule);
            let at = self.at;
            if block.busy {
                let byte = self.heap.put_tail(self.process, at, bytes, bytes - block.size);
                self.put(bytes, BUSY, byte);
            } else {
                self.put(bytes, 0, 0);
            }
            (at + granule, *block)
        };
        blocks.iter().map(block).collect()
    }

    /// The subsegment's owner, and the subsegment.
    fn lfh(&mut self) -> Vec<BlockTruth> {
        let granule = entry::granule(self.heap.width()) as u64;
        let owner = self.put(nt_lfh::OWNER_BYTES, BUSY | VIRTUAL, 1) + granule;
        let user = self.put(nt_lfh::BYTES, BUSY | VIRTUAL, 1) + granule;
        self.heap.put_lfh(self.process, owner, user)
    }
}

impl NtHeap {
    /// Writes _HEAP, its segments, some blocks, and the entries of large blocks.
    pub fn put(&self, process: &mut Process) {
        for segment in &self.segments {
            self.put_segment(process, segment);
        }
        process.put(self.address + self.segment_size(), &self.header()[to_usize(self.segment_size())..]);
        for block in &self.large {
            process.put(block.entry(), &self.large_block(block));
            let user = block.entry() + LargeBlock::header(self.width()) + self.extended();
            process.put(user, b"large block");
            if self.stack_traces {
                process.put(user - 1, &[5]);
            }
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
        self.put_blocks(process, segment, first);
    }

    /// The blocks of a segment: in its first committed pages some in use and, if there is room, the low-fragmentation
    /// heap; then a free one. The last one of each run of committed pages has the HEAP_UCR_DESCRIPTOR of what follows.
    fn put_blocks(&self, process: &mut Process, segment: &NtSegment, first: u64) -> Vec<BlockTruth> {
        let (mut blocks, mut descriptors) = (Vec::new(), Vec::new());
        let granule = entry::granule(self.width()) as u64;
        for (number, range) in segment.committed.iter().enumerate() {
            let at = segment.base + if number == 0 { first } else { u64::from(range.start) * PAGE };
            let end = segment.base + u64::from(range.end) * PAGE;
            let previous = if number == 0 { self.granules(first) } else { 0 };
            let mut run = Run { heap: self, process: &mut *process, at, previous };
            if number == 0 {
                blocks.extend(run.used());
                if range.end >= 4 {
                    blocks.extend(run.lfh());
                }
                if segment.base == self.address {
                    let further = run.further(&self.further).into_iter().filter(|(_, block)| block.busy);
                    let truth = |(address, block): (u64, NtBlock)| BlockTruth {
                        address,
                        size: block.size,
                        backend: Backend::Nt,
                    };
                    blocks.extend(further.map(truth));
                }
            }
            let ucr = 4 * granule;
            run.put(end - ucr - run.at, LAST, 0);
            let next = segment.committed.get(number + 1).map_or(segment.pages, |range| range.start);
            let descriptor = run.put(ucr, BUSY, 3) + granule;
            run.process
                .put(descriptor + 2 * granule, &self.words(&[end, u64::from(next - range.end) * PAGE]));
            descriptors.push(descriptor + granule);
        }
        let head = segment.base + at(self.width(), UCR_SEGMENT_LIST);
        let links: Vec<u64> = [head].into_iter().chain(descriptors).collect();
        list::circle(process, self.width(), &links);
        blocks
    }

    fn words(&self, words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()[..self.width().bytes()].to_vec()).collect()
    }

    /// Where the further blocks lie, free ones too.
    pub fn further_addresses(&self) -> Vec<u64> {
        let mut nothing = Process::default();
        let Some(segment) = self.segments.iter().find(|segment| segment.base == self.address) else {
            return Vec::new();
        };
        let first = self.first_entry(segment);
        let (at, previous) = (segment.base + first, self.granules(first));
        let mut run = Run { heap: self, process: &mut nothing, at, previous };
        run.used();
        if segment.committed.first().is_some_and(|range| range.end >= 4) {
            run.lfh();
        }
        run.further(&self.further).into_iter().map(|(address, _)| address).collect()
    }

    /// The blocks of every segment, and the large ones.
    pub(super) fn blocks(&self) -> Vec<BlockTruth> {
        let mut nothing = Process::default();
        let segments = self.segments.iter();
        let mut blocks: Vec<_> =
            segments.flat_map(|it| self.put_blocks(&mut nothing, it, self.first_entry(it))).collect();
        blocks.extend(self.large.iter().map(|block| BlockTruth {
            address: block.entry() + LargeBlock::header(self.width()) + self.extended(),
            size: block.commit_size - u64::from(block.unused),
            backend: Backend::Large,
        }));
        blocks
    }

    /// Bytes of an extended entry and what precedes it.
    fn extended(&self) -> u64 {
        if self.stack_traces { 2 * entry::granule(self.width()) as u64 } else { 0 }
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
        h.word(o.interceptor, if self.stack_traces { 0x7F34_5678 } else { 0 });
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
        let granule = entry::granule(self.width()) as u64;
        let blocks: u64 = BLOCKS.iter().map(|(size, _)| u64::from(*size) * granule + self.extended()).sum();
        let free = |segment: &NtSegment| {
            let lfh = if segment.committed[0].end >= 4 { nt_lfh::OWNER_BYTES + nt_lfh::BYTES } else { 0 };
            let ucr = segment.committed.len() as u64 * 4 * granule;
            u64::from(segment.committed_pages()) * PAGE - self.first_entry(segment) - blocks - lfh - ucr
        };
        low32(self.segments.iter().map(free).sum::<u64>() / granule)
    }

    /// HEAP_VIRTUAL_ALLOC_ENTRY without its list entry.
    fn large_block(&self, block: &LargeBlock) -> Vec<u8> {
        let mut b = Fields::sized(self.width(), to_usize(LargeBlock::header(self.width())));
        b.pointer(COMMIT_SIZE, block.commit_size);
        b.pointer(RESERVE_SIZE, block.reserve_size);
        let busy =
            HeapEntry { size: block.unused, flags: BUSY | EXTRA, unused_bytes: 4, ..HeapEntry::default() };
        let start = b.at(BUSY_BLOCK) + entry::meaning(self.width());
        b.put(start, &busy.to_bytes(self.encoding));
        b.bytes
    }
}

fn at(width: Width, At(narrow, wide): At) -> u64 {
    (if width == Width::W32 { narrow } else { wide }) as u64
}
