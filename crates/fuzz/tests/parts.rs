//! Each reader of a part alone, over changed images, throws and PDBs, and over bytes that are nothing at all: they
//! return, soon. The whole of a dump is `mutations`' business.

use std::time::{Duration, Instant};

/// One call, even in a debug build on a busy machine.
const HANG: Duration = Duration::from_secs(10);
const RUNS: u64 = 1000;

fn ends(run: dumplens_fuzz::Target, seeds: &[Vec<u8>]) {
    for n in 0..RUNS {
        let bytes = dumplens_fuzz::changed(seeds, n);
        let started = Instant::now();
        run(&bytes);
        assert!(started.elapsed() < HANG, "run {n} took {:?}", started.elapsed());
    }
    let long = vec![0; dumplens_fuzz::MOST_BYTES + 1];
    let started = Instant::now();
    run(&long);
    run(&[]);
    assert!(started.elapsed() < HANG);
}

/// Every target but the whole of a dump, which `mutations` runs, and PDBs.
#[test]
fn parts_end() {
    let whole = ["container", "report", "pdb"];
    for (name, target) in dumplens_fuzz::TARGETS.into_iter().filter(|(name, _)| !whole.contains(name)) {
        let seeds = dumplens_fuzz::seeds::of(name);
        assert!(!seeds.is_empty(), "{name}");
        ends(target, &seeds);
    }
}

#[test]
fn pdbs_end() {
    let x64 = include_bytes!("../../analyzer/tests/symbols/files/imit-x64.pdb");
    let x86 = include_bytes!("../../analyzer/tests/symbols/files/imit-x86.pdb");
    ends(dumplens_fuzz::pdb, &[x64.to_vec(), x86.to_vec()]);
}

/// Each target has its program for cargo-fuzz.
#[test]
fn each_target_is_in_the_folder_of_cargo_fuzz() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    for (name, _) in dumplens_fuzz::TARGETS {
        let program = std::fs::read_to_string(folder.join(name).with_extension("rs")).expect(name);
        assert!(program.contains(&format!("dumplens_fuzz::{name}(")), "{name}");
    }
}
