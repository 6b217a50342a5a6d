//! The offsets of the fields of `_HEAP` and `_HEAP_SEGMENT`. Up to `LockVariable` there are two layouts for each width,
//! which differ in the offset of the signature; the fields after it differ by build (docs/heaps.md).

use super::LayoutBasis;
use crate::arch::Width;

/// `_HEAP_SEGMENT.SegmentSignature`.
pub(super) const SEGMENT_SIGNATURE: u32 = 0xffee_ffee;
/// `_HEAP.Signature`.
pub(super) const SIGNATURE: u32 = 0xeeff_eeff;
/// `_HEAP.UserContext` of Windows 11 24H2, x64.
pub(super) const USER_CONTEXT_X64: u64 = 0x188;

/// Bytes of a `_HEAP` that are looked at.
pub(super) const HEAP_BYTES: u64 = 0x280;
/// Bytes of a `_HEAP_SEGMENT` that are looked at.
pub(super) const SEGMENT_BYTES: u64 = 0x70;

/// Offsets in a `_HEAP` up to `LockVariable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NtLayout {
    pub(super) name: &'static str,
    pub(super) width: Width,
    /// Windows 7 and before: LFH without bitmaps, the front end in a block of the heap.
    pub(super) seven: bool,
    pub(super) signature: u64,
    pub(super) interceptor: u64,
    pub(super) large_threshold: u64,
    /// `TotalFreeSize`, granules.
    pub(super) free: u64,
    pub(super) large_blocks: u64,
    pub(super) segment_list: u64,
    /// What follows `LockVariable`, the latest build first.
    pub(super) tails: &'static [Tail],
}

/// Offsets behind `LockVariable`, from a build on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) from: u32,
    /// `FrontEndHeap`.
    pub(super) front_end: u64,
    /// `FrontEndHeapType`, u8.
    pub(super) front_end_type: u64,
    /// `Counters`.
    pub(super) counters: u64,
    /// The builds on which Microsoft's own code confirmed the offsets.
    pub(super) verified: &'static [u32],
}

const fn tail(from: u32, front_end: u64, counters: u64, width: Width, verified: &'static [u32]) -> Tail {
    let behind = match width {
        Width::Bits32 => 6,
        Width::Bits64 => 10,
    };
    Tail { from, front_end, front_end_type: front_end.wrapping_add(behind), counters, verified }
}

impl Tail {
    /// How well it is known that the tail is that of a build.
    pub(super) fn basis(&self, build: Option<u32>) -> LayoutBasis {
        match build {
            Some(build) if self.verified.contains(&super::family(build)) => LayoutBasis::Verified,
            _ if self.verified.is_empty() => LayoutBasis::Published,
            _ => LayoutBasis::Between,
        }
    }
}

/// StackTraceInitVar came with 14393, CommitLimitData with 17763.
const X86: [Tail; 3] = [
    tail(17763, 0xe4, 0x1f4, Width::Bits32, &[18362, 19041]),
    tail(14393, 0xd4, 0x1e4, Width::Bits32, &[17134]),
    tail(9200, 0xd0, 0x1e0, Width::Bits32, &[]),
];
const X64: [Tail; 3] = [
    tail(17763, 0x198, 0x238, Width::Bits64, &[17763, 18362, 19041, 20348, 22000, 26100]),
    tail(14393, 0x178, 0x218, Width::Bits64, &[14393, 15063, 16299, 17134]),
    tail(9200, 0x170, 0x210, Width::Bits64, &[9600, 10586]),
];

/// Told apart by where the heap's signature lies.
pub(super) const LAYOUTS: [NtLayout; 4] = [
    NtLayout {
        name: "Windows 7, x86",
        width: Width::Bits32,
        seven: true,
        signature: 0x64,
        interceptor: 0x5c,
        large_threshold: 0x60,
        free: 0x78,
        large_blocks: 0xa0,
        segment_list: 0xa8,
        tails: &[tail(0, 0xd4, 0xdc, Width::Bits32, &[7601])],
    },
    NtLayout {
        name: "Windows 8 to 11, x86",
        width: Width::Bits32,
        seven: false,
        signature: 0x60,
        interceptor: 0x58,
        large_threshold: 0x5c,
        free: 0x74,
        large_blocks: 0x9c,
        segment_list: 0xa4,
        tails: &X86,
    },
    NtLayout {
        name: "Windows 7, x64",
        width: Width::Bits64,
        seven: true,
        signature: 0xa0,
        interceptor: 0x98,
        large_threshold: 0x9c,
        free: 0xc8,
        large_blocks: 0x118,
        segment_list: 0x128,
        tails: &[tail(0, 0x178, 0x188, Width::Bits64, &[7601])],
    },
    NtLayout {
        name: "Windows 8 to 11, x64",
        width: Width::Bits64,
        seven: false,
        signature: 0x98,
        interceptor: 0x90,
        large_threshold: 0x94,
        free: 0xc0,
        large_blocks: 0x110,
        segment_list: 0x120,
        tails: &X64,
    },
];
