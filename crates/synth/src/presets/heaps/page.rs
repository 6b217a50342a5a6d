//! Page heap.

use super::scene::{Scene, WINDOWS_10};
use crate::Width;
use crate::heap::{FLG_HEAP_PAGE_ALLOCS, NtHeap, NtLayout, NtSegment, PageHeap, Truth};
use crate::process::Process;

/// A 32-bit process with page heap.
pub fn page_heap_x86() -> (Process, Truth) {
    preset(Width::W32, NtLayout::Win10X86)
}

/// A 64-bit process with page heap.
pub fn page_heap_x64() -> (Process, Truth) {
    preset(Width::W64, NtLayout::Win10X64)
}

/// Two page heaps (in the first the page behind a block is committed PAGE_NOACCESS, in the second only reserved) and
/// between them an NT heap without large blocks, as each page heap has one.
fn preset(width: Width, layout: NtLayout) -> (Process, Truth) {
    let mut scene = Scene::new(width, WINDOWS_10);
    scene.peb.nt_global_flag = FLG_HEAP_PAGE_ALLOCS;
    let base = super::nt::base(width);
    scene.page(&page_heap(width, base, true));
    let normal = base + 0x100_0000;
    scene.nt(&NtHeap {
        index: 2,
        segments: vec![NtSegment::new(normal, 0xFF, 3)],
        ..NtHeap::new(layout, normal)
    });
    scene.page(&page_heap(width, base + 0x200_0000, false));
    scene.finish()
}

/// 16 MiB with small blocks, one of exactly a page, and one of several.
fn page_heap(width: Width, address: u64, guard_committed: bool) -> PageHeap {
    let blocks = vec![0x10, 0x123, 0xFF8, 0x1000, 0x1001, 0x8_0000];
    PageHeap { address, width, reservation: 0x1000, blocks, guard_committed }
}
