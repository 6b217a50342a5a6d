//! The NT heap: segments, large blocks, front end.

use std::ops::Range;

use super::nt_offsets::NtLayout;
use super::truth::{HeapClass, HeapKind, HeapRange, HeapTruth, LargeTruth};
use crate::address_space::{AddressSpace, Part};
use crate::arch::Width;
use crate::bytes::len32;
use crate::constants::{PAGE, PAGE_READWRITE};

/// A _HEAP with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NtHeap {
    /// The handle, address of _HEAP.
    pub address: u64,
    /// Which _HEAP.
    pub layout: NtLayout,
    /// ProcessHeapsListIndex, from 1; 0 in a heap that is in no list.
    pub index: u16,
    /// Flags; 2 is HEAP_GROWABLE.
    pub flags: u32,
    /// ForceFlags.
    pub force_flags: u32,
    /// Key that block headers are XORed with; without one EncodeFlagMask is 0.
    pub encoding: Option<[u8; 8]>,
    /// VirtualMemoryThreshold, granules of 8 (x86) or 16 bytes.
    pub virtual_memory_threshold: u32,
    /// Segments in list order. The first lies at `address` and has _HEAP in it.
    pub segments: Vec<NtSegment>,
    /// Large blocks in list order.
    pub large: Vec<LargeBlock>,
    /// Further blocks in the first segment, in order.
    pub further: Vec<NtBlock>,
    /// Blocks have an extended entry, as with user stack traces.
    pub stack_traces: bool,
    /// FrontEndHeap. In a segment of the heap, as in Windows 7, or with an allocation that begins at the multiple of 64 KiB
    /// below. FrontEndHeapType is then 2.
    pub front_end: Option<u64>,
    /// Counters; those that follow from segments and blocks if `None`.
    pub counters: Option<NtCounters>,
    /// UserContext (24H2, 64-bit only): address of this heap's descriptor.
    pub user_context: u64,
}

/// A _HEAP_SEGMENT and its reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NtSegment {
    /// BaseAddress.
    pub base: u64,
    /// NumberOfPages.
    pub pages: u32,
    /// Committed pages, counted from the base, ascending, not touching; the first begins at 0 and is shorter than 0x80.
    pub committed: Vec<Range<u32>>,
    /// Pages of the allocation; those beyond `pages` are reserved and belong to no segment.
    pub reservation: u32,
    /// A view of a section (MEM_MAPPED) instead of private memory, as the heap shared with CSR is.
    pub mapped: bool,
}

/// A block of a segment. Its contents are put by whoever wants some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NtBlock {
    /// What was asked for, bytes.
    pub size: u64,
    /// Whether the program has it still.
    pub busy: bool,
}

/// A HEAP_VIRTUAL_ALLOC_ENTRY and its allocation: reserved pages in front, the block, reserved pages behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargeBlock {
    /// Base of the allocation, a multiple of 64 KiB.
    pub allocation: u64,
    /// Reserved pages in front of the entry: 0 to 15 since Windows 8.
    pub front_pages: u64,
    /// CommitSize, bytes.
    pub commit_size: u64,
    /// ReserveSize, bytes.
    pub reserve_size: u64,
    /// BusyBlock.Size: CommitSize minus what was asked for, bytes.
    pub unused: u16,
    /// Reserved pages behind the block: 1 since Windows 8.
    pub back_pages: u64,
}

/// HEAP_COUNTERS, the first five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NtCounters {
    /// TotalMemoryReserved, bytes.
    pub reserved: u64,
    /// TotalMemoryCommitted, bytes.
    pub committed: u64,
    /// TotalMemoryLargeUCR, bytes.
    pub large_ucr: u64,
    /// TotalSizeInVirtualBlocks, bytes.
    pub virtual_blocks: u64,
    /// TotalSegments.
    pub segments: u32,
}

/// Reserved and committed pages of a front end: 26 in all on x64.
const FRONT_END: [u64; 2] = [2, 0x18];

impl NtSegment {
    /// A segment whose first pages are committed and whose reservation ends one page behind it.
    pub fn new(base: u64, pages: u32, committed: u32) -> Self {
        let committed = std::iter::once(0..committed).collect();
        NtSegment { base, pages, committed, reservation: pages + 1, mapped: false }
    }

    /// Committed pages.
    pub(crate) fn committed_pages(&self) -> u32 {
        self.committed.iter().map(|range| range.end - range.start).sum()
    }

    /// Runs of pages between committed ones and behind them, up to NumberOfPages.
    pub(crate) fn uncommitted(&self) -> Vec<Range<u32>> {
        let ends = self.committed.iter().map(|range| range.end);
        let starts = self.committed.iter().skip(1).map(|range| range.start).chain([self.pages]);
        ends.zip(starts).map(|(end, start)| end..start).filter(|gap| !gap.is_empty()).collect()
    }

    fn parts(&self) -> Vec<Part> {
        let committed = |pages: u32| {
            let size = u64::from(pages) * PAGE;
            if self.mapped { Part::mapped(size, PAGE_READWRITE) } else { Part::private(size, PAGE_READWRITE) }
        };
        let (mut parts, mut at) = (Vec::new(), 0);
        for range in &self.committed {
            if range.start > at {
                parts.push(Part::reserved(u64::from(range.start - at) * PAGE));
            }
            parts.push(committed(range.end - range.start));
            at = range.end;
        }
        if self.reservation > at {
            parts.push(Part::reserved(u64::from(self.reservation - at) * PAGE));
        }
        parts
    }

    fn range(&self) -> HeapRange {
        let end = self.base + u64::from(self.pages) * PAGE;
        HeapRange { start: self.base, end, class: HeapClass::Segment }
    }
}

impl LargeBlock {
    /// A block of `user_size` bytes in whole pages, as Windows 8 and later make it: one page is reserved behind it.
    pub fn new(width: Width, allocation: u64, front_pages: u64, user_size: u64) -> Self {
        let header = Self::header(width);
        let commit_size = (user_size + header).next_multiple_of(PAGE);
        // Less than a page and a header.
        let [low, high, ..] = (commit_size - user_size).to_le_bytes();
        let unused = u16::from_le_bytes([low, high]);
        LargeBlock { allocation, front_pages, commit_size, reserve_size: commit_size, unused, back_pages: 1 }
    }

    /// Address of the entry.
    pub fn entry(&self) -> u64 {
        self.allocation + self.front_pages * PAGE
    }

    /// The same with an extended entry behind the header.
    #[must_use]
    pub fn traced(self, width: Width) -> Self {
        let extended = if width == Width::W32 { 0x10 } else { 0x20 };
        LargeBlock { unused: self.unused + extended, ..self } // as much less was asked for
    }

    /// Size of a HEAP_VIRTUAL_ALLOC_ENTRY, bytes.
    pub(crate) fn header(width: Width) -> u64 {
        if width == Width::W32 { 0x20 } else { 0x40 }
    }

    fn parts(&self) -> Vec<Part> {
        let front = Part::reserved(self.front_pages * PAGE);
        let back = Part::reserved(self.back_pages * PAGE);
        let parts = [front, Part::private(self.commit_size, PAGE_READWRITE), back];
        parts.into_iter().filter(|part| part.size > 0).collect()
    }
}

impl NtHeap {
    /// A growable heap without segments and blocks; headers are encoded.
    pub fn new(layout: NtLayout, address: u64) -> Self {
        let narrow = layout.width() == Width::W32;
        NtHeap {
            address,
            layout,
            index: 1,
            flags: 2,
            force_flags: 0,
            encoding: Some([0x5A, 0x31, 0xC7, 0x9E, 0x11, 0xD4, 0, 0]),
            virtual_memory_threshold: if narrow { 0xFE00 } else { 0xFF00 },
            segments: Vec::new(),
            large: Vec::new(),
            further: Vec::new(),
            stack_traces: false,
            front_end: None,
            counters: None,
            user_context: 0,
        }
    }

    /// What the counters say if nobody says otherwise: segments by their pages, blocks by their CommitSize.
    pub fn counted(&self) -> NtCounters {
        let bytes = |pages: u32| u64::from(pages) * PAGE;
        let reserved = self.segments.iter().map(|segment| bytes(segment.pages)).sum();
        let committed = self.segments.iter().map(|segment| bytes(segment.committed_pages())).sum();
        NtCounters {
            reserved,
            committed,
            large_ucr: reserved - committed,
            virtual_blocks: self.large.iter().map(|block| block.commit_size).sum(),
            segments: len32(self.segments.len()),
        }
    }

    /// A front end that has an allocation of its own.
    fn own_front_end(&self) -> Option<u64> {
        let holds = |at: u64| self.segments.iter().any(|it| (it.range().start..it.range().end).contains(&at));
        self.front_end.filter(|at| !holds(*at))
    }

    /// Adds every reservation of the heap.
    pub fn allocate(&self, space: &mut AddressSpace) {
        for segment in &self.segments {
            space.allocate(segment.base, &segment.parts());
        }
        for block in &self.large {
            space.allocate(block.allocation, &block.parts());
        }
        if let Some(front_end) = self.own_front_end() {
            let [committed, reserved] = FRONT_END.map(|pages| pages * PAGE);
            let parts = [Part::private(committed, PAGE_READWRITE), Part::reserved(reserved)];
            space.allocate(front_end & !0xFFFF, &parts);
        }
    }

    /// Ranges and blocks; index and sums are filled in by whoever makes the process.
    pub fn truth(&self) -> HeapTruth {
        let mut ranges: Vec<_> = self.segments.iter().map(NtSegment::range).collect();
        ranges.extend(self.large.iter().map(|block| {
            let (start, end) = (block.entry(), block.entry() + block.commit_size);
            HeapRange { start, end, class: HeapClass::LargeBlock }
        }));
        ranges.extend(self.own_front_end().map(|pointer| {
            let start = pointer & !0xFFFF;
            let end = start + (FRONT_END[0] + FRONT_END[1]) * PAGE;
            HeapRange { start, end, class: HeapClass::FrontEnd }
        }));
        let mut truth = HeapTruth::new(self.address, HeapKind::Nt, self.layout.width(), ranges);
        truth.large = self
            .large
            .iter()
            .map(|block| LargeTruth {
                address: block.entry(),
                user_size: block.commit_size - u64::from(block.unused),
            })
            .collect();
        truth.blocks = self.blocks();
        truth
    }
}
