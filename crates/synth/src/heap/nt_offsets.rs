//! Offsets of _HEAP by Windows version.

use crate::arch::Width;

/// Which _HEAP. Windows 8, 10 and 11 share everything up to LockVariable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NtLayout {
    /// Windows Vista and 7, 32-bit.
    Win7X86,
    /// Windows 8 and 8.1, 32-bit. What follows LockVariable is derived, not stated.
    Win8X86,
    /// Windows 10 1607 to 1803, 32-bit.
    Win1607X86,
    /// Windows 10 1809 and later, 32-bit.
    Win10X86,
    /// Windows Vista and 7, 64-bit: the Windows 8 offsets moved by PointerKey.
    Win7X64,
    /// Windows 8 to Windows 10 1511, 64-bit.
    Win8X64,
    /// Windows 10 1607 to 1803, 64-bit.
    Win1607X64,
    /// Windows 10 1809 and later, 64-bit.
    Win10X64,
}

/// Offsets in _HEAP, bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offsets {
    pub(crate) flags: usize,
    pub(crate) force_flags: usize,
    pub(crate) encode_flag_mask: usize,
    pub(crate) encoding: usize,
    pub(crate) pointer_key: Option<usize>,
    pub(crate) interceptor: usize,
    pub(crate) virtual_memory_threshold: usize,
    pub(crate) signature: usize,
    pub(crate) segment_reserve: usize,
    pub(crate) segment_commit: usize,
    pub(crate) total_free_size: usize,
    pub(crate) maximum_allocation_size: usize,
    pub(crate) process_heaps_list_index: usize,
    pub(crate) virtual_allocd_blocks: usize,
    pub(crate) segment_list: usize,
    pub(crate) free_lists: usize,
    pub(crate) lock_variable: usize,
    pub(crate) front_end_heap: usize,
    pub(crate) front_end_heap_type: usize,
    /// FrontEndHeapStatusBitmap, where it is known to lie at the offset that FrontEndHeap has in a later version.
    pub(crate) status_bitmap: Option<usize>,
    pub(crate) counters: usize,
    pub(crate) user_context: Option<usize>,
    /// Size of _HEAP, a multiple of a granule.
    pub(crate) size: usize,
}

const WIN7_X86: Offsets = Offsets {
    flags: 0x40,
    force_flags: 0x44,
    encode_flag_mask: 0x4C,
    encoding: 0x50,
    pointer_key: Some(0x58),
    interceptor: 0x5C,
    virtual_memory_threshold: 0x60,
    signature: 0x64,
    segment_reserve: 0x68,
    segment_commit: 0x6C,
    total_free_size: 0x78,
    maximum_allocation_size: 0x7C,
    process_heaps_list_index: 0x80,
    virtual_allocd_blocks: 0xA0,
    segment_list: 0xA8,
    free_lists: 0xC4,
    lock_variable: 0xCC,
    front_end_heap: 0xD4,
    front_end_heap_type: 0xDA,
    status_bitmap: None,
    counters: 0xDC,
    user_context: None,
    size: 0x138,
};

const WIN10_X86: Offsets = Offsets {
    pointer_key: None,
    interceptor: 0x58,
    virtual_memory_threshold: 0x5C,
    signature: 0x60,
    segment_reserve: 0x64,
    segment_commit: 0x68,
    total_free_size: 0x74,
    maximum_allocation_size: 0x78,
    process_heaps_list_index: 0x7C,
    virtual_allocd_blocks: 0x9C,
    segment_list: 0xA4,
    free_lists: 0xC0,
    lock_variable: 0xC8,
    front_end_heap: 0xE4,
    front_end_heap_type: 0xEA,
    counters: 0x1F4,
    size: 0x258,
    ..WIN7_X86
};

/// Without StackTraceInitVar (4 bytes) and CommitLimitData (16 bytes with padding) behind CommitRoutine.
const WIN8_X86: Offsets = Offsets {
    front_end_heap: 0xD0,
    front_end_heap_type: 0xD6,
    status_bitmap: Some(0xDE),
    counters: 0x1E0,
    size: 0x248,
    ..WIN10_X86
};

/// With StackTraceInitVar, without CommitLimitData.
const WIN1607_X86: Offsets = Offsets {
    front_end_heap: 0xD4,
    front_end_heap_type: 0xDA,
    status_bitmap: None,
    counters: 0x1E4,
    size: 0x248,
    ..WIN10_X86
};

const WIN10_X64: Offsets = Offsets {
    flags: 0x70,
    force_flags: 0x74,
    encode_flag_mask: 0x7C,
    encoding: 0x80,
    pointer_key: None,
    interceptor: 0x90,
    virtual_memory_threshold: 0x94,
    signature: 0x98,
    segment_reserve: 0xA0,
    segment_commit: 0xA8,
    total_free_size: 0xC0,
    maximum_allocation_size: 0xC8,
    process_heaps_list_index: 0xD0,
    virtual_allocd_blocks: 0x110,
    segment_list: 0x120,
    free_lists: 0x150,
    lock_variable: 0x160,
    front_end_heap: 0x198,
    front_end_heap_type: 0x1A2,
    status_bitmap: None,
    counters: 0x238,
    user_context: Some(0x188),
    size: 0x2C0,
};

/// Without the 0x28 bytes of StackTraceInitVar and CommitLimitData behind CommitRoutine.
const WIN8_X64: Offsets = Offsets {
    front_end_heap: 0x170,
    front_end_heap_type: 0x17A,
    status_bitmap: Some(0x18A),
    counters: 0x210,
    user_context: None,
    size: 0x290,
    ..WIN10_X64
};

/// With StackTraceInitVar (8 bytes), without CommitLimitData.
const WIN1607_X64: Offsets = Offsets {
    front_end_heap: 0x178,
    front_end_heap_type: 0x182,
    counters: 0x218,
    status_bitmap: None,
    user_context: None,
    size: 0x2A0,
    ..WIN10_X64
};

const WIN7_X64: Offsets = Offsets {
    pointer_key: Some(0x90),
    interceptor: 0x98,
    virtual_memory_threshold: 0x9C,
    signature: 0xA0,
    segment_reserve: 0xA8,
    segment_commit: 0xB0,
    total_free_size: 0xC8,
    maximum_allocation_size: 0xD0,
    process_heaps_list_index: 0xD8,
    virtual_allocd_blocks: 0x118,
    segment_list: 0x128,
    free_lists: 0x158,
    lock_variable: 0x168,
    front_end_heap: 0x178,
    front_end_heap_type: 0x182,
    counters: 0x188,
    user_context: None,
    size: 0x210,
    ..WIN10_X64
};

impl NtLayout {
    /// Pointer width of the structures.
    pub fn width(self) -> Width {
        match self {
            NtLayout::Win7X86 | NtLayout::Win8X86 | NtLayout::Win1607X86 | NtLayout::Win10X86 => Width::W32,
            NtLayout::Win7X64 | NtLayout::Win8X64 | NtLayout::Win1607X64 | NtLayout::Win10X64 => Width::W64,
        }
    }

    /// Windows Vista and 7.
    pub(crate) fn is_seven(self) -> bool {
        matches!(self, NtLayout::Win7X86 | NtLayout::Win7X64)
    }

    pub(crate) fn offsets(self) -> &'static Offsets {
        match self {
            NtLayout::Win7X86 => &WIN7_X86,
            NtLayout::Win8X86 => &WIN8_X86,
            NtLayout::Win1607X86 => &WIN1607_X86,
            NtLayout::Win10X86 => &WIN10_X86,
            NtLayout::Win7X64 => &WIN7_X64,
            NtLayout::Win8X64 => &WIN8_X64,
            NtLayout::Win1607X64 => &WIN1607_X64,
            NtLayout::Win10X64 => &WIN10_X64,
        }
    }
}
