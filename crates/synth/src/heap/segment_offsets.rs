//! Offsets of _SEGMENT_HEAP and _HEAP_SEG_CONTEXT by Windows version.

use crate::arch::Width;

/// Which _SEGMENT_HEAP: the columns of section C.6 of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentLayout {
    /// Windows 10 build 10240: one list of segments.
    Build10240,
    /// Windows 10 1511 and 1607, builds 10586 and 14393: one list of segments.
    Build1607,
    /// Windows 10 1703, build 15063: the same, but the signatures of segments hold the key.
    Build1703,
    /// Windows 10 1709, build 16299: two small segment contexts.
    Build1709,
    /// Windows 10 1803, build 17134.
    Build1803,
    /// Windows 10 1803, 32-bit. ProcessHeapListIndex is not known.
    Build1803X86,
    /// Windows 10 1809 to 22H2.
    Build2004,
    /// Windows 10 1809 to 22H2, 32-bit. ProcessHeapListIndex is derived.
    Build2004X86,
    /// Windows 11 21H2 to 23H2.
    Win11,
    /// Windows 11 24H2, build 26100.
    Win11Build24H2,
}

/// Offsets in _HEAP_SEG_CONTEXT.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContextOffsets {
    pub(crate) segment_mask: usize,
    /// UnitShift, PagesPerUnitShift, FirstDescriptorIndex: 3 bytes.
    pub(crate) shifts: usize,
    pub(crate) max_allocation_size: Option<usize>,
    pub(crate) lfh_context: Option<usize>,
    pub(crate) vs_context: Option<usize>,
    pub(crate) mem_stats: Option<usize>,
    pub(crate) heap: usize,
    pub(crate) segment_list_head: usize,
    pub(crate) segment_count: usize,
    pub(crate) size: usize,
}

/// Where the lists of segments are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lists {
    /// SegmentListHead in the heap, SegmentCount behind it.
    One(usize),
    /// SegContexts[2].
    Two(usize, &'static ContextOffsets),
}

/// Offsets in _SEGMENT_HEAP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentOffsets {
    pub(crate) signature: usize,
    pub(crate) process_heap_list_index: usize,
    pub(crate) large_alloc_metadata: usize,
    pub(crate) large_reserved_pages: usize,
    pub(crate) large_committed_pages: usize,
    pub(crate) mem_stats: usize,
    /// Numbers at `mem_stats`: TotalReservedPages, TotalCommittedPages, FreeCommittedPages, LfhFree, VsFree.
    pub(crate) stats: usize,
    pub(crate) allocated_base: usize,
    /// ReservedRegionEnd follows ReservedLimit.
    pub(crate) region_end: bool,
    pub(crate) lists: Lists,
    pub(crate) vs_context: Option<usize>,
    pub(crate) lfh_context: usize,
    pub(crate) user_context: Option<usize>,
}

const CONTEXT_1709: ContextOffsets = ContextOffsets {
    segment_mask: 0,
    shifts: 0x8,
    max_allocation_size: None,
    lfh_context: None,
    vs_context: None,
    mem_stats: Some(0x48),
    heap: 0x60,
    segment_list_head: 0x20,
    segment_count: 0x30,
    size: 0x68,
};

const CONTEXT_1803: ContextOffsets = ContextOffsets { size: 0x78, ..CONTEXT_1709 };

/// SegmentListHead and SegmentCount are known, and how far the contexts lie apart.
const CONTEXT_1803_X86: ContextOffsets = ContextOffsets {
    shifts: 0x4,
    mem_stats: Some(0x28),
    heap: 0x38,
    segment_list_head: 0x14,
    segment_count: 0x1C,
    size: 0x40,
    ..CONTEXT_1709
};

const CONTEXT_2004: ContextOffsets = ContextOffsets {
    segment_mask: 0,
    shifts: 0x8,
    max_allocation_size: Some(0x10),
    lfh_context: Some(0x18),
    vs_context: Some(0x20),
    mem_stats: None,
    heap: 0x38,
    segment_list_head: 0x48,
    segment_count: 0x58,
    size: 0xC0,
};

/// The 64-bit fields in the same order; SegmentLock begins a cache line, as LargeMetadataLock does in the heap.
const CONTEXT_2004_X86: ContextOffsets = ContextOffsets {
    segment_mask: 0,
    shifts: 0x4,
    max_allocation_size: Some(0xC),
    lfh_context: Some(0x14),
    vs_context: Some(0x18),
    mem_stats: None,
    heap: 0x24,
    segment_list_head: 0x44,
    segment_count: 0x4C,
    size: 0x80,
};

const BUILD_10240: SegmentOffsets = SegmentOffsets {
    signature: 0x10,
    process_heap_list_index: 0x18,
    large_alloc_metadata: 0x30,
    large_reserved_pages: 0x40,
    large_committed_pages: 0x48,
    mem_stats: 0,
    stats: 2,
    allocated_base: 0xA8,
    region_end: false,
    lists: Lists::One(0x78),
    vs_context: None,
    lfh_context: 0xB8,
    user_context: None,
};

const BUILD_1607: SegmentOffsets = SegmentOffsets {
    process_heap_list_index: 0x24,
    large_alloc_metadata: 0x38,
    large_reserved_pages: 0x48,
    large_committed_pages: 0x50,
    allocated_base: 0x98,
    lists: Lists::One(0x60),
    vs_context: Some(0xB0),
    lfh_context: 0x120,
    ..BUILD_10240
};

const BUILD_1709: SegmentOffsets = SegmentOffsets {
    process_heap_list_index: 0x3C,
    large_alloc_metadata: 0x50,
    large_reserved_pages: 0x60,
    large_committed_pages: 0x68,
    mem_stats: 0x18,
    allocated_base: 0x150,
    lists: Lists::Two(0x70, &CONTEXT_1709),
    vs_context: Some(0x168),
    lfh_context: 0x1E0,
    ..BUILD_10240
};

const BUILD_1803: SegmentOffsets = SegmentOffsets {
    allocated_base: 0x170,
    lists: Lists::Two(0x70, &CONTEXT_1803),
    vs_context: Some(0x188),
    lfh_context: 0x200,
    ..BUILD_1709
};

const BUILD_1803_X86: SegmentOffsets = SegmentOffsets {
    signature: 0x8,
    process_heap_list_index: 0x2C,
    large_alloc_metadata: 0x34,
    large_reserved_pages: 0x3C,
    large_committed_pages: 0x40,
    mem_stats: 0x10,
    allocated_base: 0xD0,
    lists: Lists::Two(0x44, &CONTEXT_1803_X86),
    vs_context: Some(0xE0),
    lfh_context: 0x140,
    ..BUILD_1709
};

const BUILD_2004: SegmentOffsets = SegmentOffsets {
    signature: 0x10,
    process_heap_list_index: 0x1C,
    large_alloc_metadata: 0x48,
    large_reserved_pages: 0x58,
    large_committed_pages: 0x60,
    mem_stats: 0x80,
    stats: 5,
    allocated_base: 0xE8,
    region_end: false,
    lists: Lists::Two(0x100, &CONTEXT_2004),
    vs_context: Some(0x280),
    lfh_context: 0x340,
    user_context: Some(0x28),
};

const BUILD_2004_X86: SegmentOffsets = SegmentOffsets {
    signature: 0x8,
    process_heap_list_index: 0x14,
    large_alloc_metadata: 0x44,
    large_reserved_pages: 0x4C,
    large_committed_pages: 0x50,
    allocated_base: 0xB8,
    lists: Lists::Two(0x100, &CONTEXT_2004_X86),
    vs_context: Some(0x200),
    lfh_context: 0x2C0,
    user_context: None,
    ..BUILD_2004
};

const WIN11: SegmentOffsets = SegmentOffsets {
    region_end: true,
    lists: Lists::Two(0x140, &CONTEXT_2004),
    vs_context: Some(0x2C0),
    lfh_context: 0x380,
    ..BUILD_2004
};

const WIN11_24H2: SegmentOffsets =
    SegmentOffsets { allocated_base: 0xF0, lfh_context: 0x340, user_context: Some(0x38), ..WIN11 };

impl SegmentLayout {
    /// Pointer width of the structures.
    pub fn width(self) -> Width {
        match self {
            SegmentLayout::Build1803X86 | SegmentLayout::Build2004X86 => Width::W32,
            _ => Width::W64,
        }
    }

    /// Pages of the header's reservation.
    pub(crate) fn header_pages(self) -> u32 {
        match self {
            SegmentLayout::Build1803X86 => 0x7,
            SegmentLayout::Build1709 | SegmentLayout::Build1803 => 0xE,
            SegmentLayout::Build2004 | SegmentLayout::Win11 => 0xF,
            SegmentLayout::Win11Build24H2 => 0x100,
            _ => 0xD,
        }
    }

    pub(crate) fn offsets(self) -> &'static SegmentOffsets {
        match self {
            SegmentLayout::Build10240 => &BUILD_10240,
            SegmentLayout::Build1607 | SegmentLayout::Build1703 => &BUILD_1607,
            SegmentLayout::Build1709 => &BUILD_1709,
            SegmentLayout::Build1803 => &BUILD_1803,
            SegmentLayout::Build1803X86 => &BUILD_1803_X86,
            SegmentLayout::Build2004 => &BUILD_2004,
            SegmentLayout::Build2004X86 => &BUILD_2004_X86,
            SegmentLayout::Win11 => &WIN11,
            SegmentLayout::Win11Build24H2 => &WIN11_24H2,
        }
    }
}
