//! The segment heap: page segments and large blocks.

use std::ops::Range;

use super::segment_offsets::{Lists, SegmentLayout};
use super::truth::{HeapClass, HeapKind, HeapRange, HeapTruth, LargeTruth};
use crate::address_space::{AddressSpace, Part};
use crate::constants::{PAGE, PAGE_READWRITE};

/// A _SEGMENT_HEAP with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeap {
    /// The handle, address of _SEGMENT_HEAP and base of its reservation.
    pub address: u64,
    /// Which _SEGMENT_HEAP.
    pub layout: SegmentLayout,
    /// ProcessHeapListIndex, from 1.
    pub index: u16,
    /// Committed pages of the reservation around _SEGMENT_HEAP.
    pub committed: u32,
    /// Pages of that reservation.
    pub reservation: u32,
    /// Page segments, in list order for each context.
    pub segments: Vec<PageSegment>,
    /// Large blocks, any order.
    pub large: Vec<LargeAlloc>,
    /// Sets bit 0 of the tree's second word, and stores Root ^ address of the tree.
    pub encoded_root: bool,
    /// The process's key in the signatures of page segments.
    pub key: u64,
    /// UserContext (2004 and later, 64-bit only): on 24H2 the address of this heap's descriptor.
    pub user_context: u64,
    /// Blocks begin with RTLP_HP_PADDING_HEADER.
    pub padded: bool,
}

/// A _HEAP_PAGE_SEGMENT; its reservation is as large as the segments of its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageSegment {
    /// Base, a multiple of the segment size.
    pub base: u64,
    /// Which of the SegContexts: 0 has segments of 1 MiB, 1 of 16 MiB. Builds 10240 and 1607 have only 0.
    pub context: usize,
    /// Committed pages, counted from the base, ascending, not touching; the first begins at 0 and has two or more.
    pub committed: Vec<Range<u32>>,
}

/// A HEAP_LARGE_ALLOC_DATA and its block, an allocation of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargeAlloc {
    /// Address of the HEAP_LARGE_ALLOC_DATA.
    pub node: u64,
    /// Address of the block, a multiple of 64 KiB.
    pub block: u64,
    /// What was asked for, bytes; AllocatedPages are the pages of it.
    pub user_size: u64,
    /// GuardPageCount, 0 or 1: a reserved page behind the block, not among AllocatedPages.
    pub guard_pages: u32,
}

/// Pages in a segment of each context.
pub(crate) const SEGMENT_PAGES: [u32; 2] = [0x100, 0x1000];

impl PageSegment {
    /// A segment of context 0 whose first pages are committed.
    pub fn new(base: u64, committed: u32) -> Self {
        PageSegment { base, context: 0, committed: std::iter::once(0..committed).collect() }
    }

    pub(crate) fn committed_pages(&self) -> u32 {
        self.committed.iter().map(|range| range.end - range.start).sum()
    }

    /// Pages of the whole segment.
    pub fn pages(&self) -> u32 {
        SEGMENT_PAGES[self.context]
    }

    fn parts(&self) -> Vec<Part> {
        let (mut parts, mut at) = (Vec::new(), 0);
        for range in &self.committed {
            parts.push(Part::reserved(u64::from(range.start - at) * PAGE));
            parts.push(Part::private(u64::from(range.end - range.start) * PAGE, PAGE_READWRITE));
            at = range.end;
        }
        parts.push(Part::reserved(u64::from(self.pages() - at) * PAGE));
        parts.retain(|part| part.size > 0);
        parts
    }
}

impl LargeAlloc {
    /// AllocatedPages.
    pub fn pages(&self) -> u64 {
        self.user_size.div_ceil(PAGE)
    }
}

impl SegmentHeap {
    /// A heap without segments and large blocks: 4 pages committed of 32.
    pub fn new(layout: SegmentLayout, address: u64) -> Self {
        SegmentHeap {
            address,
            layout,
            index: 1,
            committed: 4,
            reservation: layout.header_pages(),
            segments: Vec::new(),
            large: Vec::new(),
            encoded_root: false,
            key: 0x6E1D_35F0_9B42_C7A8,
            user_context: 0,
            padded: false,
        }
    }

    /// Address of LargeAllocMetadata, the tree of large blocks.
    pub fn tree(&self) -> u64 {
        self.address + self.layout.offsets().large_alloc_metadata as u64
    }

    /// Address of the SegmentListHead of a context.
    pub fn list_head(&self, context: usize) -> u64 {
        let offset = match self.layout.offsets().lists {
            Lists::One(list) => list,
            Lists::Two(first, o) => first + context * o.size + o.segment_list_head,
        };
        self.address + offset as u64
    }

    /// Adds every reservation of the heap.
    pub fn allocate(&self, space: &mut AddressSpace) {
        let [committed, all] = [self.committed, self.reservation].map(|pages| u64::from(pages) * PAGE);
        space.allocate(
            self.address,
            &[Part::private(committed, PAGE_READWRITE), Part::reserved(all - committed)],
        );
        for segment in &self.segments {
            space.allocate(segment.base, &segment.parts());
        }
        for block in &self.large {
            let mut parts = vec![Part::private(block.pages() * PAGE, PAGE_READWRITE)];
            if block.guard_pages > 0 {
                parts.push(Part::reserved(u64::from(block.guard_pages) * PAGE));
            }
            space.allocate(block.block, &parts);
        }
    }

    /// Ranges and blocks; index and sums are filled in by whoever makes the process.
    pub fn truth(&self) -> HeapTruth {
        let range = |start: u64, pages: u64, class| HeapRange { start, end: start + pages * PAGE, class };
        let mut ranges = vec![range(self.address, self.reservation.into(), HeapClass::Header)];
        let segments = self.segments.iter();
        ranges.extend(segments.map(|it| range(it.base, it.pages().into(), HeapClass::Segment)));
        ranges.extend(self.large.iter().map(|it| range(it.block, it.pages(), HeapClass::LargeBlock)));
        let mut truth = HeapTruth::new(self.address, HeapKind::Segment, self.layout.width(), ranges);
        let large = self.large.iter();
        truth.large = large.map(|it| LargeTruth { address: it.block, user_size: it.user_size }).collect();
        truth.large.sort_unstable_by_key(|block| block.address);
        truth.blocks = self.blocks();
        truth
    }
}
