//! Where the fields of `_HEAP` and `_HEAP_SEGMENT` lie (`spec/windows-dumps.md` C.5: SI heapstruct.h, MPFS, and
//! published type dumps of Windows 7 to 10; the Windows 7 x64 column is derived).

use crate::arch::Width;

/// `_HEAP_SEGMENT.SegmentSignature`.
pub(super) const SEGMENT_SIGNATURE: u32 = 0xffee_ffee;
/// `_HEAP.Signature`.
pub(super) const SIGNATURE: u32 = 0xeeff_eeff;
/// `_HEAP.UserContext` of Windows 11 24H2, x64 (C.7).
pub(super) const USER_CONTEXT_X64: u64 = 0x188;

/// Bytes of a `_HEAP` that are looked at.
pub(super) const HEAP_BYTES: u64 = 0x280;
/// Bytes of a `_HEAP_SEGMENT` that are looked at.
pub(super) const SEGMENT_BYTES: u64 = 0x58;

/// Offsets in a `_HEAP` that differ between versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NtLayout {
    pub(super) name: &'static str,
    pub(super) width: Width,
    pub(super) signature: u64,
    pub(super) large_threshold: u64,
    pub(super) large_blocks: u64,
    pub(super) segment_list: u64,
    /// `FrontEndHeap` and `FrontEndHeapType`, and the first build that has them there.
    pub(super) front_end: (u64, u64),
    pub(super) counters: Option<u64>,
    /// The build from which on `front_end` and `counters` hold.
    pub(super) tail_from: u32,
}

/// Windows 8 and 8.1 share the layout up to `LockVariable`, and have what follows elsewhere.
const WINDOWS_10: u32 = 10240;

/// Told apart by where the heap's signature lies.
pub(super) const LAYOUTS: [NtLayout; 4] = [
    NtLayout {
        name: "Windows 7, x86",
        width: Width::Bits32,
        signature: 0x64,
        large_threshold: 0x60,
        large_blocks: 0xa0,
        segment_list: 0xa8,
        front_end: (0xd4, 0xda),
        counters: Some(0xdc),
        tail_from: 0,
    },
    NtLayout {
        name: "Windows 8 to 11, x86",
        width: Width::Bits32,
        signature: 0x60,
        large_threshold: 0x5c,
        large_blocks: 0x9c,
        segment_list: 0xa4,
        front_end: (0xe4, 0xea),
        counters: Some(0x1f4),
        tail_from: WINDOWS_10,
    },
    NtLayout {
        name: "Windows 7, x64",
        width: Width::Bits64,
        signature: 0xa0,
        large_threshold: 0x9c,
        large_blocks: 0x118,
        segment_list: 0x128,
        front_end: (0x178, 0x182),
        counters: None,
        tail_from: 0,
    },
    NtLayout {
        name: "Windows 8 to 11, x64",
        width: Width::Bits64,
        signature: 0x98,
        large_threshold: 0x94,
        large_blocks: 0x110,
        segment_list: 0x120,
        front_end: (0x198, 0x1a2),
        counters: Some(0x238),
        tail_from: WINDOWS_10,
    },
];
