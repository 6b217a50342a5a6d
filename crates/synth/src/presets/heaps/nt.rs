//! NT heaps, one process for each _HEAP.

use super::scene::{Scene, WINDOWS_7, WINDOWS_8_1, WINDOWS_10, WINDOWS_11_24H2};
use super::segment;
use crate::Width;
use crate::constants::PAGE;
use crate::heap::{LargeBlock, NtHeap, NtLayout, NtSegment, SegmentHeap, SegmentLayout, Truth};
use crate::process::Process;

/// Windows 7, 32-bit: large blocks begin their allocation and nothing is reserved behind them.
pub fn nt_win7_x86() -> (Process, Truth) {
    preset(NtLayout::Win7X86, WINDOWS_7)
}

/// Windows 8.1, 32-bit.
pub fn nt_win8_x86() -> (Process, Truth) {
    preset(NtLayout::Win8X86, WINDOWS_8_1)
}

/// Windows 10, 32-bit.
pub fn nt_win10_x86() -> (Process, Truth) {
    preset(NtLayout::Win10X86, WINDOWS_10)
}

/// Windows 7, 64-bit: large blocks begin their allocation and nothing is reserved behind them.
pub fn nt_win7_x64() -> (Process, Truth) {
    preset(NtLayout::Win7X64, WINDOWS_7)
}

/// Windows 8.1, 64-bit.
pub fn nt_win8_x64() -> (Process, Truth) {
    preset(NtLayout::Win8X64, WINDOWS_8_1)
}

/// Windows 10, 64-bit. Heap 2 is a view of a section, as the heap shared with CSR is.
pub fn nt_win10_x64() -> (Process, Truth) {
    preset(NtLayout::Win10X64, WINDOWS_10)
}

/// Windows 11 24H2: only the process heap is in ProcessHeaps, an NT heap and a segment heap hang off its descriptor.
pub fn nt_24h2_x64() -> (Process, Truth) {
    let mut scene = Scene::new(Width::W64, WINDOWS_11_24H2);
    for (number, heap) in (0..2).zip(heaps(NtLayout::Win10X64, base(Width::W64))) {
        let user_context = scene.descriptor(number);
        scene.nt(&NtHeap { user_context, ..heap });
    }
    let third = segment::second(SegmentLayout::Win11Build24H2, segment::base(Width::W64));
    scene.segment(&SegmentHeap { index: 3, user_context: scene.descriptor(2), ..third });
    scene.chain();
    scene.finish()
}

/// Windows 10 1607, 64-bit.
pub fn nt_1607_x64() -> (Process, Truth) {
    preset(NtLayout::Win1607X64, [10, 0, 14393])
}

/// Windows 10 1803, 32-bit.
pub fn nt_1803_x86() -> (Process, Truth) {
    preset(NtLayout::Win1607X86, [10, 0, 17134])
}

/// Windows 7, 64-bit, with user stack traces.
pub fn nt_win7_ust_x64() -> (Process, Truth) {
    traced(NtLayout::Win7X64, WINDOWS_7)
}

/// Windows 10, 64-bit, with user stack traces.
pub fn nt_win10_ust_x64() -> (Process, Truth) {
    traced(NtLayout::Win10X64, WINDOWS_10)
}

/// Windows 10, 32-bit, with user stack traces.
pub fn nt_win10_ust_x86() -> (Process, Truth) {
    traced(NtLayout::Win10X86, WINDOWS_10)
}

fn traced(layout: NtLayout, windows: [u16; 3]) -> (Process, Truth) {
    let width = layout.width();
    let mut scene = Scene::new(width, windows);
    for heap in heaps(layout, base(width)) {
        let large = heap.large.iter().map(|block| block.traced(width)).collect();
        scene.nt(&NtHeap { stack_traces: true, large, ..heap });
    }
    scene.finish()
}

/// A WOW64 process on Windows 10: two 32-bit heaps in the 32-bit PEB, two 64-bit ones in the 64-bit PEB.
pub fn nt_wow64() -> (Process, Truth) {
    let mut scene = Scene::wow64();
    for heap in heaps(NtLayout::Win10X86, base(Width::W32)) {
        scene.nt(&heap);
    }
    for heap in heaps(NtLayout::Win10X64, 0x0A00_0000).iter().take(2) {
        scene.nt(heap);
    }
    scene.finish()
}

fn preset(layout: NtLayout, windows: [u16; 3]) -> (Process, Truth) {
    let mut scene = Scene::new(layout.width(), windows);
    for heap in heaps(layout, base(layout.width())) {
        scene.nt(&heap);
    }
    scene.finish()
}

/// Where the heaps of a process begin.
pub(super) fn base(width: Width) -> u64 {
    if width == Width::W32 { 0x0200_0000 } else { 0x234_0F32_0000 }
}

/// The process heap; a heap without encoded headers; on 64-bit Windows 10 a shared heap.
///
/// From `base`: +0 heap 0 (1 MiB), +0x10_0000 its front end, +0x20_0000 and +0x40_0000 its further segments,
/// +0x60_0000 and +0x80_0000 its large blocks, +0xA0_0000 … the same of heap 1, +0x140_0000 heap 2.
pub(super) fn heaps(layout: NtLayout, base: u64) -> Vec<NtHeap> {
    let mut heaps = vec![process_heap(layout, base), second(layout, base + 0xA0_0000)];
    if matches!(layout, NtLayout::Win10X64) {
        let address = base + 0x140_0000;
        let shared = NtSegment { reservation: 0x10, mapped: true, ..NtSegment::new(address, 0x10, 0x10) };
        heaps.push(NtHeap { index: 3, flags: 0, segments: vec![shared], ..NtHeap::new(layout, address) });
    }
    heaps
}

fn process_heap(layout: NtLayout, base: u64) -> NtHeap {
    let hole =
        NtSegment { committed: vec![0..0x10, 0x20..0x31], ..NtSegment::new(base + 0x20_0000, 0x1FF, 1) };
    let second = large(layout, base + 0x80_0000, 15, 0x8_0000);
    NtHeap {
        segments: vec![
            NtSegment::new(base, 0xFF, 0x54),
            hole,
            // Everything is committed.
            NtSegment::new(base + 0x40_0000, 0x1F, 0x1F),
        ],
        large: vec![
            large(layout, base + 0x60_0000, 6, 0x10_0000),
            // 7 pages may still be committed.
            LargeBlock {
                reserve_size: second.commit_size + 7 * PAGE,
                back_pages: second.back_pages + 7,
                ..second
            },
        ],
        front_end: Some(front_end(layout, base)),
        ..NtHeap::new(layout, base)
    }
}

fn second(layout: NtLayout, base: u64) -> NtHeap {
    NtHeap {
        index: 2,
        encoding: None,
        segments: vec![NtSegment::new(base, 0xF, 7), NtSegment::new(base + 0x20_0000, 0xFF, 1)],
        large: vec![
            large(layout, base + 0x60_0000, 0, 0x12_3456),
            // The header ends with the last page.
            large(layout, base + 0x80_0000, 1, 0x9_1000 - LargeBlock::header(layout.width())),
        ],
        front_end: Some(front_end(layout, base)),
        ..NtHeap::new(layout, base)
    }
}

/// In Windows 7 the front end lies in a block of the heap.
fn front_end(layout: NtLayout, heap: u64) -> u64 {
    heap + if layout.is_seven() { 0x800 } else { 0x10_0000 }
}

fn large(layout: NtLayout, allocation: u64, front_pages: u64, user_size: u64) -> LargeBlock {
    let block = LargeBlock::new(layout.width(), allocation, front_pages, user_size);
    if layout.is_seven() { LargeBlock { front_pages: 0, back_pages: 0, ..block } } else { block }
}
