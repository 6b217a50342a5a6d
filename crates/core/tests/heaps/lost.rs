//! What is found of heaps although the dump lost what leads to it.

use dumplens_core::Dump;
use dumplens_core::process::heap::{BlockReader, FaultKind, HeapKind};
use dumplens_core::process::{Peb, Teb};
use dumplens_synth::heap::{Backend, HeapKind as Kind};
use dumplens_synth::presets::heaps::{ALL, segment_2004_padded, segment_2004_x86_padded};

use super::{compare_blocks, walk_dump};

const PAGE: u64 = 0x1000;

/// The array of handles lies in ntdll's data, which is lost first. The heaps are found by their headers.
#[test]
fn without_the_list() {
    for (name, preset) in ALL {
        let (mut process, truth) = preset();
        let whole = Dump::open(process.to_bytes().0).unwrap();
        let teb = whole.threads().unwrap().unwrap()[0].teb;
        let teb = Teb::read(whole.memory(), teb, whole.width()).unwrap();
        let peb = Peb::read(whole.memory(), teb.peb, teb.width).unwrap();
        let array = peb.process_heaps.unwrap() / PAGE * PAGE;
        process.memory.retain(|range| range.start != array);
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let found = walk_dump(&dump);
        assert!(found.faults.iter().any(|fault| matches!(fault.what, FaultKind::Unreadable(_))), "{name}");
        let reader = BlockReader::new(dump.memory(), &found.list);
        // No header says of a page heap that it is one.
        for truth in truth.heaps.iter().filter(|truth| truth.kind != Kind::Page) {
            let heap = found.list.iter().find(|heap| heap.handle == truth.handle);
            compare_blocks(name, &reader, heap.unwrap_or_else(|| panic!("{name}: {truth:x?}")), truth);
        }
        let real = found.list.iter().filter(|heap| heap.kind != HeapKind::Unknown);
        assert!(real.into_iter().all(|heap| truth.heaps.iter().any(|it| it.handle == heap.handle)), "{name}");
    }
}

/// Padding says how large it is. Where that is lost, the requested size says it.
#[test]
fn without_the_padding() {
    for preset in [segment_2004_padded, segment_2004_x86_padded] {
        let (mut process, truth) = preset();
        let blocks = truth.heaps.iter().flat_map(|heap| &heap.blocks);
        let large = blocks.filter(|block| matches!(block.backend, Backend::Large | Backend::Pages));
        let firsts: Vec<u64> = large.map(|block| block.address / PAGE * PAGE).collect();
        let before = process.memory.len();
        process.memory.retain(|range| !firsts.contains(&range.start));
        assert!(process.memory.len() < before);
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let found = walk_dump(&dump);
        let reader = BlockReader::new(dump.memory(), &found.list);
        for (heap, truth) in found.list.iter().zip(&truth.heaps) {
            compare_blocks("padded", &reader, heap, truth);
        }
    }
}
