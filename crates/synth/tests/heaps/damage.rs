//! Damaged heaps: that the variants are what they claim.

use std::collections::BTreeSet;

use dumplens_synth::damage;
use dumplens_synth::heap::HeapClass;
use dumplens_synth::presets::{heaps, tiny};
use minidump::Minidump;

use crate::image::Image;

#[test]
fn names_are_unique_and_fit_for_files() {
    let names: Vec<_> = damage::heaps().map(|variant| variant.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(names.iter().all(|name| !name.contains(['/', '\\', ' '])));
}

#[test]
fn variants_are_small_different_and_files_of_their_own() {
    let mut seen: BTreeSet<Vec<u8>> = heaps::ALL.iter().map(|(_, make)| make().0.to_bytes().0).collect();
    for variant in damage::heaps() {
        let bytes = variant.process.to_bytes().0;
        assert!(bytes.len() < 1 << 20, "{} has {} bytes", variant.name, bytes.len());
        assert!(Minidump::read(bytes.clone()).is_ok(), "{}", variant.name);
        assert!(seen.insert(bytes), "{} repeats another variant", variant.name);
    }
}

#[test]
fn what_is_lost_was_there() {
    for variant in damage::heaps() {
        let heaps = &variant.truth.heaps;
        for handle in &variant.lost.heaps {
            assert!(heaps.iter().any(|heap| heap.handle == *handle), "{}", variant.name);
        }
        for range in &variant.lost.ranges {
            assert!(heaps.iter().any(|heap| heap.ranges.contains(range)), "{}", variant.name);
        }
        for address in &variant.lost.sizes {
            let mut blocks = heaps.iter().flat_map(|heap| &heap.large);
            assert!(blocks.any(|block| block.address == *address), "{}", variant.name);
        }
    }
}

fn image(name: &str) -> (Image, dumplens_synth::heap::Truth) {
    let variant = damage::heaps().find(|variant| variant.name == name).unwrap();
    (Image::new(&variant.process, dumplens_synth::Width::W64), variant.truth)
}

#[test]
fn a_cycle_never_returns_to_its_head() {
    let (image, truth) = image("nt_segment_cycle_without_head");
    let head = truth.heaps[0].handle + 0x120;
    let mut at = head;
    for _ in 0..1000 {
        at = image.word(at);
        assert_ne!(at, head);
    }
}

#[test]
fn a_chain_of_nodes_is_deep() {
    let (image, truth) = image("tree_chain_of_65536_nodes");
    let root = image.word(truth.heaps[0].handle + 0x48);
    let block = truth.heaps[0].of(HeapClass::LargeBlock).next().unwrap();
    let (mut at, mut depth) = (image.word(root + 8), 0);
    while at < block.start + 8 * 0xFFFF {
        assert!((block.start..block.end).contains(&at));
        assert_eq!(image.word(at + 8), at + 16);
        at = image.word(at);
        depth += 1;
    }
    assert_eq!(depth, 0xFFFF);
}

#[test]
fn an_array_of_handles_ends_with_the_memory() {
    let (image, truth) = image("peb_process_heaps_partly_unreadable");
    let array = image.word(tiny::X64.peb + 0xF0);
    assert_eq!(image.word(array), truth.heaps[0].handle);
    assert!(image.kept(array + 7) && !image.kept(array + 8));
    assert_eq!(image.u32(tiny::X64.peb + 0xE8), 3);
}

#[test]
fn headers_that_are_not_kept_are_still_in_the_region_list() {
    for variant in damage::heaps().filter(|variant| variant.name.ends_with("header_not_kept")) {
        let image = Image::new(&variant.process, dumplens_synth::Width::W64);
        let lost = variant.lost.heaps.iter().chain(variant.lost.ranges.iter().map(|range| &range.start));
        let missing: Vec<_> = lost.filter(|&&address| !image.kept(address)).collect();
        assert_eq!(missing.len(), 1, "{}", variant.name);
        let found = crate::image::region(&variant.process, *missing[0]);
        assert_eq!(found.state, dumplens_synth::MEM_COMMIT);
    }
}
