//! The descriptor chain of 24H2, WOW64, page heap.

use dumplens_synth::heap::{HeapClass, HeapKind};
use dumplens_synth::presets::{heaps, tiny, wow64};
use dumplens_synth::{MEM_COMMIT, MEM_RESERVE, PAGE_NOACCESS, Width};

use crate::image::{Image, coherent, peb_is_right, region};

#[test]
fn presets_have_different_names() {
    let names: std::collections::BTreeSet<_> = heaps::ALL.iter().map(|preset| preset.0).collect();
    assert_eq!(names.len(), heaps::ALL.len());
    assert_eq!(names.len(), 30);
}

#[test]
fn only_the_first_heap_is_listed_and_the_chain_has_all() {
    for ((process, truth), user_context) in [(heaps::nt_24h2_x64(), 0x188), (heaps::segment_24h2(), 0x38)] {
        let image = Image::new(&process, Width::W64);
        assert_eq!(image.u32(tiny::X64.peb + 0xE8), 1);
        assert_eq!(image.u16(tiny::X64.peb + 0x120), 26100);
        let listed: Vec<_> = truth.heaps.iter().map(|heap| heap.index).collect();
        assert_eq!(listed, [Some(0), None, None]);
        let mut at = image.word(truth.heaps[0].handle + user_context);
        let head = image.word(at + 8);
        assert_eq!((image.word(head), image.word(head + 0x10)), (at, 0));
        let mut before = head;
        for heap in &truth.heaps {
            assert_eq!(image.word(at + 8), before);
            assert_eq!(image.word(at + 0x10), heap.handle);
            let own = if heap.kind == HeapKind::Nt { 0x188 } else { 0x38 };
            assert_eq!(image.word(heap.handle + own), at);
            let signature = image.u32(heap.handle + 0x10);
            let wanted = if heap.kind == HeapKind::Nt { 0xFFEE_FFEE } else { 0xDDEE_DDEE };
            assert_eq!(signature, wanted);
            before = at;
            at = image.word(at);
        }
        assert_eq!((at, image.word(head + 8)), (head, before));
        assert!(truth.heaps.iter().any(|heap| heap.kind == HeapKind::Nt));
        assert!(truth.heaps.iter().any(|heap| heap.kind == HeapKind::Segment));
    }
}

#[test]
fn a_wow64_process_has_heaps_in_both_pebs() {
    let (process, truth) = heaps::nt_wow64();
    coherent(&process, &truth);
    for (width, peb) in [(Width::W32, wow64::VIEW32.peb), (Width::W64, wow64::VIEW64.peb)] {
        peb_is_right(&process, &truth, width, peb);
        let image = Image::new(&process, width);
        for heap in truth.heaps.iter().filter(|heap| heap.width == width) {
            let head = if width == Width::W32 { 0xA4 } else { 0x120 };
            let links = image.circle(heap.handle + head);
            assert_eq!(links.len(), heap.of(HeapClass::Segment).count());
        }
    }
    let widths: Vec<_> = truth.heaps.iter().map(|heap| heap.width).collect();
    assert_eq!(widths, [Width::W32, Width::W32, Width::W64, Width::W64]);
}

#[test]
fn blocks_of_a_page_heap_end_before_a_page_that_cannot_be_touched() {
    for (name, make) in
        [("x86", heaps::page_heap_x86 as fn() -> _), ("x64", heaps::page_heap_x64 as fn() -> _)]
    {
        let (process, truth) = make();
        coherent(&process, &truth);
        let (width, peb, flag) =
            if name == "x86" { (Width::W32, tiny::X86.peb, 0x68) } else { (Width::W64, tiny::X64.peb, 0xBC) };
        peb_is_right(&process, &truth, width, peb);
        let image = Image::new(&process, width);
        assert_eq!(image.u32(peb + flag), 0x0200_0000);
        let kinds: Vec<_> = truth.heaps.iter().map(|heap| heap.kind).collect();
        assert_eq!(kinds, [HeapKind::Page, HeapKind::Nt, HeapKind::Page]);
        for (heap, guard) in [(&truth.heaps[0], MEM_COMMIT), (&truth.heaps[2], MEM_RESERVE)] {
            assert_eq!(image.u32(heap.handle + 0x1000), 0xFFEE_DDCC);
            assert_eq!(image.u32(heap.handle + 8), 0xEEEE_EEEE);
            let mut at = heap.handle + 0x3000;
            // Pages of the six blocks.
            for pages in [1, 1, 1, 1, 2, 0x80] {
                let block = region(&process, at);
                assert_eq!((block.base, block.size), (at, pages * 0x1000));
                at += pages * 0x1000;
                let behind = region(&process, at);
                assert_eq!((behind.base, behind.state), (at, guard));
                assert_eq!(behind.protect, if guard == MEM_COMMIT { PAGE_NOACCESS } else { 0 });
                at += 0x1000;
            }
        }
    }
}

#[test]
fn every_preset_is_the_same_in_every_run() {
    for (name, make) in heaps::ALL {
        assert!(make().0.to_bytes().0 == make().0.to_bytes().0, "{name}");
    }
}
