//! Segment heaps, one process for each _SEGMENT_HEAP. Each has an NT heap, too, as such processes do.

use super::scene::Scene;
use crate::Width;
use crate::heap::{LargeAlloc, NtHeap, NtLayout, NtSegment, PageSegment, SegmentHeap, SegmentLayout, Truth};
use crate::process::Process;

/// Windows 10, build 10240.
pub fn segment_10240() -> (Process, Truth) {
    preset(SegmentLayout::Build10240, 10240)
}

/// Windows 10 1607.
pub fn segment_1607() -> (Process, Truth) {
    preset(SegmentLayout::Build1607, 14393)
}

/// Windows 10 1703.
pub fn segment_1703() -> (Process, Truth) {
    preset(SegmentLayout::Build1703, 15063)
}

/// Windows 10 1709.
pub fn segment_1709() -> (Process, Truth) {
    preset(SegmentLayout::Build1709, 16299)
}

/// Windows 10 1803.
pub fn segment_1803() -> (Process, Truth) {
    preset(SegmentLayout::Build1803, 17134)
}

/// Windows 10 1803, 32-bit.
pub fn segment_1803_x86() -> (Process, Truth) {
    preset(SegmentLayout::Build1803X86, 17134)
}

/// Windows 10 1607: a desktop program that made segment heaps. Its process heap is an NT heap, and blocks have padding
/// that is not recorded.
pub fn segment_1607_padded() -> (Process, Truth) {
    padded(SegmentLayout::Build1607, 14393)
}

/// The same on Windows 10 2004, where the padding says how large it is.
pub fn segment_2004_padded() -> (Process, Truth) {
    padded(SegmentLayout::Build2004, 19041)
}

/// The same, 32-bit.
pub fn segment_2004_x86_padded() -> (Process, Truth) {
    padded(SegmentLayout::Build2004X86, 19041)
}

fn padded(layout: SegmentLayout, build: u16) -> (Process, Truth) {
    let mut scene = Scene::new(layout.width(), [10, 0, build]);
    scene.nt(&NtHeap { index: 1, ..nt(layout.width(), build) });
    for heap in heaps(layout) {
        // So that the padding fits into the pages.
        let large = heap
            .large
            .iter()
            .map(|it| LargeAlloc { user_size: it.user_size / 0x1000 * 0x1000 + 0x100, ..*it })
            .collect();
        scene.segment(&SegmentHeap { padded: true, index: heap.index + 1, large, ..heap });
    }
    scene.finish()
}

/// Windows 10 2004: the records of large blocks lie in a heap that no list has.
pub fn segment_2004_hidden() -> (Process, Truth) {
    let layout = SegmentLayout::Build2004;
    let mut scene = Scene::new(layout.width(), [10, 0, 19041]);
    let base = base(layout.width());
    let records = base + 0x3000_0000;
    for (number, mut heap) in (0..).zip(heaps(layout)) {
        for block in &mut heap.large {
            // In the block of pages of the hidden heap's segment.
            block.node += records + 0x10_0000 + 0x7100 + 0x400 * number - heap.address - 0x2000;
        }
        scene.segment(&heap);
    }
    let hidden = SegmentHeap {
        index: 0,
        segments: vec![PageSegment::new(records + 0x10_0000, 0x12)],
        ..SegmentHeap::new(layout, records)
    };
    scene.hidden(&hidden);
    scene.finish()
}

/// Windows 10 2004.
pub fn segment_2004() -> (Process, Truth) {
    preset(SegmentLayout::Build2004, 19041)
}

/// Windows 10 2004, 32-bit.
pub fn segment_2004_x86() -> (Process, Truth) {
    preset(SegmentLayout::Build2004X86, 19041)
}

/// Windows 11 21H2.
pub fn segment_win11() -> (Process, Truth) {
    preset(SegmentLayout::Win11, 22000)
}

/// Windows 10 2004, with the roots of the trees of large blocks encoded.
pub fn segment_2004_encoded_root() -> (Process, Truth) {
    let mut scene = Scene::new(Width::W64, [10, 0, 19041]);
    for heap in heaps(SegmentLayout::Build2004) {
        scene.segment(&SegmentHeap { encoded_root: true, ..heap });
    }
    scene.finish()
}

/// Windows 11 24H2: only the process heap is in ProcessHeaps, a segment heap and an NT heap hang off its descriptor.
pub fn segment_24h2() -> (Process, Truth) {
    let mut scene = Scene::new(Width::W64, [10, 0, 26100]);
    for (number, heap) in (0..).zip(heaps(SegmentLayout::Win11Build24H2)) {
        let user_context = scene.descriptor(number);
        scene.segment(&SegmentHeap { user_context, ..heap });
    }
    scene.nt(&NtHeap { user_context: scene.descriptor(2), ..nt(Width::W64, 26100) });
    scene.chain();
    scene.finish()
}

fn preset(layout: SegmentLayout, build: u16) -> (Process, Truth) {
    let mut scene = Scene::new(layout.width(), [10, 0, build]);
    for heap in heaps(layout) {
        scene.segment(&heap);
    }
    scene.nt(&nt(layout.width(), build));
    scene.finish()
}

/// Where the heaps of a process begin, a multiple of 16 MiB.
pub(super) fn base(width: Width) -> u64 {
    if width == Width::W32 { 0x1000_0000 } else { 0x240_0000_0000 }
}

fn heaps(layout: SegmentLayout) -> [SegmentHeap; 2] {
    let base = base(layout.width());
    [first(layout, base), second(layout, base + 0x1000_0000)]
}

/// From `base`: +0 the heap, its large nodes at +0x2000, +0x10_0000 and +0x20_0000 segments, +0x100_0000 a large
/// segment (if there are any), +0x300_0000 … large blocks.
fn first(layout: SegmentLayout, base: u64) -> SegmentHeap {
    let mut segments = vec![
        PageSegment::new(base + 0x10_0000, 0x12),
        PageSegment {
            committed: vec![0..2, 0x10..0x23, 0x80..0x100],
            ..PageSegment::new(base + 0x20_0000, 2)
        },
    ];
    let x86 = layout.width() == Width::W32; // never has the large ones
    if !x86
        && !matches!(layout, SegmentLayout::Build10240 | SegmentLayout::Build1607 | SegmentLayout::Build1703)
    {
        segments.push(PageSegment { context: 1, ..PageSegment::new(base + 0x100_0000, 0x50) });
    }
    SegmentHeap {
        segments,
        large: vec![
            large(base, 0, 0x10_0000),
            large(base, 1, 0x8_1234),
            LargeAlloc { guard_pages: 1, ..large(base, 2, 0x20_0FFF) },
        ],
        ..SegmentHeap::new(layout, base)
    }
}

/// The same without a large segment, and with six large blocks.
pub(super) fn second(layout: SegmentLayout, base: u64) -> SegmentHeap {
    SegmentHeap {
        index: 2,
        segments: [1, 2, 3].map(|number| PageSegment::new(base + number * 0x10_0000, 2)).to_vec(),
        large: (0..6).map(|number| large(base, number, 0x9_0001 + 0x777 * number)).collect(),
        ..SegmentHeap::new(layout, base)
    }
}

fn large(base: u64, number: u64, user_size: u64) -> LargeAlloc {
    let (node, block) = (base + 0x2000 + 0x40 * number, base + 0x300_0000 + 0x40_0000 * number);
    LargeAlloc { node, block, user_size, guard_pages: 0 }
}

/// The third heap: an NT heap of 16 pages.
fn nt(width: Width, build: u16) -> NtHeap {
    let layout = match (width, build) {
        (Width::W32, 14393..=17762) => NtLayout::Win1607X86,
        (Width::W32, _) => NtLayout::Win10X86,
        (Width::W64, ..=14392) => NtLayout::Win8X64,
        (Width::W64, 14393..=17762) => NtLayout::Win1607X64,
        (Width::W64, _) => NtLayout::Win10X64,
    };
    let address = base(width) + 0x2000_0000;
    NtHeap { index: 3, segments: vec![NtSegment::new(address, 0xF, 2)], ..NtHeap::new(layout, address) }
}
