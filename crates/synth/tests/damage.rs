//! The variants: their names, that they are the same in every run, and that they say what they claim.

use std::collections::BTreeSet;

use dumplens_synth::damage::{self, Variant};
use minidump::{Minidump, MinidumpMemoryInfoList, MinidumpModuleList, MinidumpThreadList};

fn variant(number: &str) -> Variant {
    damage::variants().find(|variant| variant.name.split('_').next() == Some(number)).unwrap()
}

#[test]
fn names_are_unique_and_numbered_in_order() {
    let names: Vec<_> = damage::names().collect();
    let numbers: Vec<u32> =
        names.iter().map(|name| name.split('_').next().unwrap().parse().unwrap()).collect();
    assert!(numbers.is_sorted());
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(names.iter().all(|name| !name.contains(['/', '\\', ' '])));
    assert_eq!(numbers[..46], (0..46).collect::<Vec<_>>());
}

#[test]
fn variants_are_small_and_repeatable() {
    for (first, second) in damage::variants().zip(damage::variants()) {
        assert!(first == second, "{} differs between runs", first.name);
        assert!(first.bytes.len() < 8 << 20, "{} has {} bytes", first.name, first.bytes.len());
    }
}

#[test]
fn every_variant_differs_from_the_sound_ones() {
    let mut seen = BTreeSet::new();
    for variant in damage::variants() {
        assert!(seen.insert(variant.bytes), "{} repeats another variant", variant.name);
    }
}

#[test]
fn sound_parts_of_damaged_files_can_be_read() {
    let dump = Minidump::read(variant("40").bytes).unwrap();
    assert!(dump.get_stream::<MinidumpMemoryInfoList>().is_err());
    assert_eq!(dump.get_stream::<MinidumpThreadList>().unwrap().threads.len(), 3);
    let dump = Minidump::read(variant("110").bytes).unwrap();
    assert_eq!(dump.get_stream::<MinidumpThreadList>().unwrap().threads.len(), 2);
    let dump = Minidump::read(variant("82").bytes).unwrap();
    assert_eq!(dump.get_stream::<MinidumpModuleList>().unwrap().iter().count(), 2);
    let dump = Minidump::read(variant("79").bytes).unwrap();
    assert!(
        dump.get_stream::<MinidumpModuleList>().unwrap().iter().all(|module| module.raw.size_of_image == 0)
    );
}

#[test]
fn one_bad_module_name_leaves_the_others_in_the_file() {
    let bytes = variant("70").bytes;
    let wide: Vec<u8> = "app.exe".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(bytes.windows(wide.len()).any(|window| window == wide));
}
