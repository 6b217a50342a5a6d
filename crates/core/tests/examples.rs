//! The examples answer what was put into the dumps.
#![allow(dead_code, reason = "their main functions")]

#[path = "../examples/address_space.rs"]
mod address_space;
#[path = "../examples/memory_at.rs"]
mod memory_at;

use dumplens_synth::presets;

fn tiny() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.dmp");
    std::fs::write(&path, presets::tiny().to_bytes().0).expect("a dump");
    (folder, path)
}

#[test]
fn address_space_lists_what_was_there() {
    let (_folder, path) = tiny();
    let answer = address_space::answer(&path).expect("an answer");
    let process = presets::tiny();
    let regions = process.regions.as_ref().expect("a map");
    let free = regions.iter().filter(|r| r.state == dumplens_synth::MEM_FREE).map(|r| r.size).max();
    assert!(answer.starts_with(&format!("largest free region: {:#x}\n", free.expect("free regions"))));
    for module in &process.modules {
        assert!(answer.contains(&format!("{:#x} {:?}\n", module.base, module.path)), "{answer}");
    }
}

#[test]
fn memory_at_tells_absences_apart() {
    let (_folder, path) = tiny();
    let answer = |address| memory_at::answer(&path, address).expect("an answer");
    assert!(answer(presets::tiny::X64.app).starts_with("[4d, 5a, "), "an image begins with MZ");
    assert_eq!(answer(0), "the process had no memory there");
}
