//! Where the fields of `_SEGMENT_HEAP` lie, by Windows build (`spec/windows-dumps.md` C.6: published type dumps).

use std::ops::RangeInclusive;

/// `_SEGMENT_HEAP.Signature` at +8 / +10.
pub(super) const SIGNATURE: u32 = 0xddee_ddee;
/// `UserContext` of Windows 11 24H2, x64 (C.7).
pub(super) const USER_CONTEXT_24H2: u64 = 0x38;

/// Bytes of a `_SEGMENT_HEAP` that are looked at.
pub(super) const HEAP_BYTES: u64 = 0x400;

/// Offsets in an x64 `_SEGMENT_HEAP`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentLayout {
    pub(super) name: &'static str,
    pub(super) builds: RangeInclusive<u32>,
    /// `LargeAllocMetadata`, an RTL_RB_TREE.
    pub(super) large_tree: u64,
    /// `LargeCommittedPages`, behind `LargeReservedPages`, which counts guard pages too.
    pub(super) large_committed: u64,
    /// `TotalReservedPages`; `TotalCommittedPages` follows.
    pub(super) total_pages: u64,
    pub(super) lists: Lists,
}

/// Where the lists of segments begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// One list head.
    One(u64),
    /// Two `HEAP_SEG_CONTEXT`s, `stride` apart; in each the list head, `SegmentCount`, and `SegmentMask` if it has one.
    Contexts { first: u64, stride: u64, head: u64, count: u64, mask: Option<u64> },
}

const fn contexts(first: u64) -> Lists {
    Lists::Contexts { first, stride: 0xc0, head: 0x48, count: 0x58, mask: Some(0) }
}

/// The builds of the columns are those of the table; between them (16299 to 18363) no layout was published.
pub(super) const LAYOUTS: [SegmentLayout; 6] = [
    SegmentLayout {
        name: "Windows 10 10240 to 1511, x64",
        builds: 10240..=14392,
        large_tree: 0x30,
        large_committed: 0x48,
        total_pages: 0x0,
        lists: Lists::One(0x78),
    },
    SegmentLayout {
        name: "Windows 10 1607, x64",
        builds: 14393..=15062,
        large_tree: 0x38,
        large_committed: 0x50,
        total_pages: 0x0,
        lists: Lists::One(0x60),
    },
    SegmentLayout {
        name: "Windows 10 1703, x64",
        builds: 15063..=16298,
        large_tree: 0x50,
        large_committed: 0x68,
        total_pages: 0x18,
        lists: Lists::Contexts { first: 0x70, stride: 0x68, head: 0x20, count: 0x30, mask: None },
    },
    SegmentLayout {
        name: "Windows 10 2004 to 22H2, x64",
        builds: 19041..=21999,
        large_tree: 0x48,
        large_committed: 0x60,
        total_pages: 0x80,
        lists: contexts(0x100),
    },
    SegmentLayout {
        name: "Windows 11 21H2 to 23H2, x64",
        builds: 22000..=26099,
        large_tree: 0x48,
        large_committed: 0x60,
        total_pages: 0x80,
        lists: contexts(0x140),
    },
    SegmentLayout {
        name: "Windows 11 24H2, x64",
        builds: 26100..=u32::MAX,
        large_tree: 0x48,
        large_committed: 0x60,
        total_pages: 0x80,
        lists: contexts(0x140),
    },
];
