//! The bytes of a segment heap.

use super::list;
use super::segment::{LargeAlloc, PageSegment, SEGMENT_PAGES, SegmentHeap};
use super::segment_offsets::{ContextOffsets, Lists, SegmentLayout};
use super::tree;
use crate::arch::Width;
use crate::bytes::{Fields, len32};
use crate::constants::PAGE;
use crate::process::Process;

const HEAP_SIZE: usize = 0x800;
/// In the signature of a page segment, up to build 25xxx.
const SIGNATURE_KEY: u64 = 0xA2E6_4EAD_A2E6_4EAD;
/// UnitShift, PagesPerUnitShift, FirstDescriptorIndex of both contexts. On x86 the descriptors of the first take one page.
const SHIFTS: [[u8; 3]; 2] = [[12, 0, 2], [16, 4, 1]];
const SHIFTS_X86: [[u8; 3]; 2] = [[12, 0, 1], [16, 4, 1]];
const MAX_ALLOCATION_SIZE: [u32; 2] = [0x7_F000, 0x7F_0000];

impl SegmentHeap {
    /// Writes _SEGMENT_HEAP, the headers of its segments, and the tree of large blocks.
    pub fn put(&self, process: &mut Process) {
        process.put(self.address, &self.header());
        for segment in &self.segments {
            self.put_segment(process, segment);
            self.put_units(process, segment);
        }
        for context in 0..self.contexts() {
            let of = self.segments.iter().filter(|segment| segment.context == context);
            let links: Vec<_> =
                [self.list_head(context)].into_iter().chain(of.map(|segment| segment.base)).collect();
            list::circle(process, self.width(), &links);
        }
        for block in &self.large {
            let front = self.front_of_large(block.user_size);
            process.put(block.block + front, b"large block of a segment heap");
            self.put_padding(process, block.block, front);
        }
        tree::put(process, self);
    }

    pub(crate) fn width(&self) -> Width {
        self.layout.width()
    }

    fn contexts(&self) -> usize {
        if matches!(self.layout.offsets().lists, Lists::One(_)) { 1 } else { 2 }
    }

    /// ListEntry is written with the list; Signature.
    fn put_segment(&self, process: &mut Process, segment: &PageSegment) {
        let o = self.layout.offsets();
        let rest = match (self.layout, o.lists) {
            (SegmentLayout::Build1703, _) => segment.base >> 20 ^ self.address ^ SIGNATURE_KEY,
            // Something else that nobody knows is in it.
            (_, Lists::One(_)) => segment.base ^ 0x5A17_C0DE_0BAD_F00D,
            (SegmentLayout::Win11Build24H2, Lists::Two(first, context)) => {
                segment.base ^ (self.address + (first + segment.context * context.size) as u64)
            }
            (_, Lists::Two(first, context)) => {
                let context = self.address + (first + segment.context * context.size) as u64;
                segment.base ^ context ^ SIGNATURE_KEY
            }
        };
        let mut header = Fields::sized(self.width(), 3 * self.width().bytes());
        header.word(2 * self.width().bytes(), rest ^ self.key);
        process.put(segment.base, &header.bytes);
    }

    /// _SEGMENT_HEAP without its lists and its tree.
    fn header(&self) -> Vec<u8> {
        let o = self.layout.offsets();
        let (mut h, word) = (Fields::sized(self.width(), HEAP_SIZE), self.width().bytes());
        h.u32(o.signature, 0xDDEE_DDEE);
        h.u16(o.process_heap_list_index, self.index);
        let large: u64 = self.large.iter().map(|block| block.pages() + u64::from(block.guard_pages)).sum();
        h.word(o.large_reserved_pages, large);
        h.word(o.large_committed_pages, self.large.iter().map(LargeAlloc::pages).sum());
        let pages = |count: fn(&PageSegment) -> u32| self.segments.iter().map(count).map(u64::from).sum();
        let [reserved, committed]: [u64; 2] =
            [pages(PageSegment::pages), pages(PageSegment::committed_pages)];
        let stats = [reserved + u64::from(self.reservation), committed + u64::from(self.committed), 1, 2, 3];
        for (number, value) in stats.into_iter().take(o.stats).enumerate() {
            h.word(o.mem_stats + number * word, value);
        }
        let end = self.address + u64::from(self.reservation) * PAGE;
        let bounds = [self.address + PAGE, self.address + u64::from(self.committed) * PAGE, end, end];
        for (number, value) in bounds.into_iter().take(if o.region_end { 4 } else { 3 }).enumerate() {
            // In build 10240 LfhContext begins where ReservedLimit would end.
            if o.allocated_base + (number + 1) * word <= o.lfh_context {
                h.word(o.allocated_base + number * word, value);
            }
        }
        if let Some(user_context) = o.user_context {
            h.word(user_context, self.user_context);
        }
        match o.lists {
            Lists::One(list) => h.word(list + 2 * word, self.segments.len() as u64),
            Lists::Two(first, context) => {
                (0..2)
                    .for_each(|number| self.context(&mut h, number, first + number * context.size, context));
            }
        }
        h.bytes
    }

    fn context(&self, h: &mut Fields, number: usize, at: usize, o: &ContextOffsets) {
        let heap = self.layout.offsets();
        let size = u64::from(SEGMENT_PAGES[number]) * PAGE;
        h.word(at + o.segment_mask, !(size - 1));
        let shifts = if self.width() == Width::W32 { SHIFTS_X86 } else { SHIFTS };
        h.put(at + o.shifts, &shifts[number]);
        if let Some(offset) = o.max_allocation_size {
            h.u32(at + offset, MAX_ALLOCATION_SIZE[number]);
        }
        let pointers = [
            (o.lfh_context, Some(heap.lfh_context)),
            (o.vs_context, heap.vs_context),
            (o.mem_stats, Some(heap.mem_stats)),
        ];
        for (offset, target) in pointers {
            if let (Some(offset), Some(target)) = (offset, target) {
                h.word(at + offset, self.address + target as u64);
            }
        }
        h.word(at + o.heap, self.address);
        let count = self.segments.iter().filter(|segment| segment.context == number).count();
        h.word(at + o.segment_count, len32(count).into());
    }
}
