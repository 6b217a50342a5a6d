//! Where the fields of `_SEGMENT_HEAP` lie and how its parts are built, by Windows build (docs/heaps.md).

use super::LayoutBasis;
use crate::arch::Width;

/// `_SEGMENT_HEAP.Signature` at +8 / +10.
pub(super) const SIGNATURE: u32 = 0xddee_ddee;
/// `UserContext` of Windows 11 24H2, x64.
pub(super) const USER_CONTEXT_24H2: u64 = 0x38;

/// Bytes of a `_SEGMENT_HEAP` that are looked at.
pub(super) const HEAP_BYTES: u64 = 0x400;

/// The layout of `_SEGMENT_HEAP` and of its parts, from a build on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentLayout {
    pub(super) name: &'static str,
    pub(super) width: Width,
    pub(super) from: u32,
    /// The builds on which Microsoft's own code confirmed it.
    pub(super) verified: &'static [u32],
    /// `LargeAllocMetadata`, an RTL_RB_TREE.
    pub(super) large_tree: u64,
    /// `LargeCommittedPages`, behind `LargeReservedPages`, which counts guard pages too.
    pub(super) large_committed: u64,
    /// `TotalReservedPages`; `TotalCommittedPages` follows.
    pub(super) total_pages: u64,
    /// Whether FreeCommittedPages, LfhFreeCommittedPages and VsFreeCommittedPages follow.
    pub(super) counts_free: bool,
    pub(super) lists: Lists,
    /// Pages of the header, reserved ones too.
    pub(super) header_pages: u64,
    pub(super) descriptor: Descriptor,
    /// Where a VS subsegment has its `Signature`; its `Size` lies at 14 / 20.
    pub(super) vs_signature: u64,
    pub(super) lfh: Lfh,
    pub(super) key: Key,
    pub(super) padding: Padding,
}

/// Where the lists of segments begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// One list head, and `SegmentCount`; segments of 1 MiB.
    One { head: u64, count: u64 },
    /// Two `HEAP_SEG_CONTEXT`s, `stride` apart; in each `SegmentMask` at 0, and `UnitShift`, the list head and
    /// `SegmentCount`.
    Contexts { first: u64, stride: u64, unit_shift: u64, head: u64, count: u64 },
}

/// The fields of a HEAP_PAGE_RANGE_DESCRIPTOR, which says what a unit of a page segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Descriptor {
    /// Bytes of a descriptor.
    pub(super) size: u64,
    /// RangeFlags, u8.
    pub(super) flags: u64,
    /// UnitSize, u8, of the first descriptor of a range.
    pub(super) units: u64,
    /// UnusedBytes, and whether it has two bytes or four.
    pub(super) unused: (u64, usize),
    pub(super) busy: u8,
    pub(super) first: u8,
    /// A VS subsegment: these bits, and their values.
    pub(super) vs: (u8, u8),
    /// An LFH subsegment.
    pub(super) lfh: (u8, u8),
}

/// How an LFH subsegment is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lfh {
    /// `Owner` leads to the bucket, two bits for each block.
    Owner,
    /// 24H2: `BucketRef` counts from the heap's LfhContext, which lies here; a word of 64 bits for 32 blocks; a list of
    /// blocks whose freeing is delayed.
    BucketRef { context: u64 },
}

/// What the `Signature` of a page segment is, beside HeapKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Not known: the key follows from chunks.
    Chunks,
    /// `(segment >> 20) ^ heap ^ HeapKey ^ constant`.
    Shifted,
    /// `segment ^ address of SegContext ^ HeapKey ^ constant`; from 24H2 on without the constant.
    Context { constant: bool },
}

/// Bytes that the heap puts in front of those of the program in a process that asked for compatibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    /// None.
    Never,
    /// A granule, which the block does not record; for a large block, it is at its end.
    Unrecorded,
    /// The block records its size.
    Recorded,
}

const fn contexts(width: Width, first: u64, stride: u64, head: u64, count: u64) -> Lists {
    let unit_shift = match width {
        Width::Bits32 => 4,
        Width::Bits64 => 8,
    };
    Lists::Contexts { first, stride, unit_shift, head, count }
}

const EARLY: Descriptor = Descriptor {
    size: 0x20,
    flags: 0x18,
    units: 0x1b,
    unused: (6, 2),
    busy: 4,
    first: 8,
    vs: (0x20, 0x20),
    lfh: (0x1, 0x1),
};
const BUILD_16299: Descriptor =
    Descriptor { units: 0x1f, unused: (4, 4), busy: 1, first: 2, vs: (0x8, 0x8), lfh: (0x4, 0x4), ..EARLY };
const LATER: Descriptor = Descriptor { vs: (0xc, 0xc), lfh: (0xc, 0x8), ..BUILD_16299 };
const X86: Descriptor = Descriptor { size: 0x10, flags: 0xc, units: 0xf, ..LATER };

const BUILD_10586: SegmentLayout = SegmentLayout {
    name: "Windows 10 1511 and 1607, x64",
    width: Width::Bits64,
    from: 10586,
    verified: &[10586, 14393],
    large_tree: 0x38,
    large_committed: 0x50,
    total_pages: 0x0,
    counts_free: false,
    lists: Lists::One { head: 0x60, count: 0x70 },
    header_pages: 0xd,
    descriptor: EARLY,
    vs_signature: 0x22,
    lfh: Lfh::Owner,
    key: Key::Chunks,
    padding: Padding::Unrecorded,
};
const BUILD_17763: SegmentLayout = SegmentLayout {
    name: "Windows 10 1809 to 22H2, x64",
    from: 17763,
    verified: &[17763, 18362, 19041],
    large_tree: 0x48,
    large_committed: 0x60,
    total_pages: 0x80,
    counts_free: true,
    lists: contexts(Width::Bits64, 0x100, 0xc0, 0x48, 0x58),
    header_pages: 0xf,
    descriptor: LATER,
    key: Key::Context { constant: true },
    padding: Padding::Recorded,
    ..BUILD_10586
};
const BUILD_16299_X86: SegmentLayout = SegmentLayout {
    name: "Windows 10 1709, x86",
    width: Width::Bits32,
    from: 16299,
    verified: &[],
    large_tree: 0x30,
    large_committed: 0x3c,
    total_pages: 0x10,
    counts_free: false,
    lists: contexts(Width::Bits32, 0x40, 0x38, 0x14, 0x1c),
    header_pages: 0x7,
    descriptor: X86,
    vs_signature: 0x16,
    padding: Padding::Unrecorded,
    ..BUILD_17763
};

/// The latest build of each width first.
pub(super) const LAYOUTS: [SegmentLayout; 11] = [
    SegmentLayout {
        name: "Windows 11 24H2, x64",
        from: 26100,
        verified: &[26100],
        lists: contexts(Width::Bits64, 0x140, 0xc0, 0x48, 0x58),
        header_pages: 0x100,
        vs_signature: 0x24,
        lfh: Lfh::BucketRef { context: 0x340 },
        key: Key::Context { constant: false },
        padding: Padding::Never,
        ..BUILD_17763
    },
    SegmentLayout {
        name: "Windows Server 2022 and Windows 11 21H2 to 23H2, x64",
        from: 20348,
        verified: &[20348, 22000],
        lists: contexts(Width::Bits64, 0x140, 0xc0, 0x48, 0x58),
        padding: Padding::Never,
        ..BUILD_17763
    },
    BUILD_17763,
    SegmentLayout {
        name: "Windows 10 1803, x64",
        from: 17134,
        verified: &[17134],
        large_tree: 0x50,
        large_committed: 0x68,
        total_pages: 0x18,
        counts_free: false,
        lists: contexts(Width::Bits64, 0x70, 0x78, 0x20, 0x30),
        header_pages: 0xe,
        ..BUILD_17763
    },
    SegmentLayout {
        name: "Windows 10 1709, x64",
        from: 16299,
        verified: &[16299],
        large_tree: 0x50,
        large_committed: 0x68,
        total_pages: 0x18,
        counts_free: false,
        lists: contexts(Width::Bits64, 0x70, 0x68, 0x20, 0x30),
        header_pages: 0xe,
        descriptor: BUILD_16299,
        padding: Padding::Unrecorded,
        ..BUILD_17763
    },
    SegmentLayout {
        name: "Windows 10 1703, x64",
        from: 15063,
        verified: &[15063],
        key: Key::Shifted,
        ..BUILD_10586
    },
    BUILD_10586,
    SegmentLayout {
        name: "Windows 10 1507, x64",
        from: 10240,
        verified: &[],
        large_tree: 0x30,
        large_committed: 0x48,
        lists: Lists::One { head: 0x78, count: 0x88 },
        ..BUILD_10586
    },
    SegmentLayout {
        name: "Windows 10 1809 to 22H2, x86",
        from: 17763,
        verified: &[18362, 19041],
        large_tree: 0x44,
        large_committed: 0x50,
        total_pages: 0x80,
        counts_free: true,
        lists: contexts(Width::Bits32, 0x100, 0x80, 0x44, 0x4c),
        header_pages: 0xd,
        padding: Padding::Recorded,
        ..BUILD_16299_X86
    },
    SegmentLayout {
        name: "Windows 10 1803, x86",
        from: 17134,
        verified: &[17134],
        large_tree: 0x34,
        large_committed: 0x40,
        lists: contexts(Width::Bits32, 0x44, 0x40, 0x14, 0x1c),
        padding: Padding::Recorded,
        ..BUILD_16299_X86
    },
    BUILD_16299_X86,
];

impl SegmentLayout {
    /// The layout of a build: that of the last known build up to it.
    pub(super) fn of(width: Width, build: Option<u32>) -> Option<&'static SegmentLayout> {
        let build = build?;
        LAYOUTS.iter().find(|layout| layout.width == width && layout.from <= build)
    }

    /// How well it is known that the layout is that of a build.
    pub(super) fn basis(&self, build: Option<u32>) -> LayoutBasis {
        match build {
            Some(build) if self.verified.contains(&super::family(build)) => LayoutBasis::Verified,
            _ if self.verified.is_empty() => LayoutBasis::Published,
            _ => LayoutBasis::Between,
        }
    }
}
