//! Frame data of PDBs: x86 stacks in which every caller is found, and no other.
#![cfg(feature = "pdb")]

use std::path::Path;

use dumplens_analyzer::stack::Trust;
use dumplens_analyzer::symbols::Search;
use dumplens_analyzer::{Options, Process, Question, Report, Stacks};
use dumplens_core::{Dump, FileSource};

/// See `symbols/files/ORIGIN.md`.
const PDB: &[u8] = include_bytes!("symbols/files/imit-x86.pdb");
/// Return addresses of the exception's thread by Microsoft's debugger engine, with the PDB. Of those behind calls that never
/// return it shows the byte before (401033, 401086, 4013c4).
const ENGINE: [u64; 12] = [
    0x7ad1_653d,
    0x40_1034,
    0x40_1087,
    0x40_181d,
    0x40_15af,
    0x40_11c9,
    0x40_134f,
    0x40_13b2,
    0x40_13c5,
    0x7bb7_ea40,
    0x7bcf_ce83,
    0x7bd3_1aa5,
];

fn fixture() -> Dump {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/imit32-va/dump.dmp");
    Dump::open(FileSource::open(&path).expect("the fixture")).expect("a dump")
}

fn report(dump: &Dump, question: Question, dirs: &[&Path]) -> Report {
    let dirs = dirs.iter().map(|dir| dir.to_path_buf()).collect();
    let options = Options { search: Search { dirs, ..Search::default() }, ..Options::default() };
    Report::answer(&Process::gather(dump), question, &options)
}

fn with_pdb() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("imit.pdb"), PDB).expect("a file");
    folder
}

#[test]
fn every_caller_is_found_by_what_the_compiler_wrote() {
    let (dump, folder) = (fixture(), with_pdb());
    let found = report(&dump, Question::Stacks(Stacks::All), &[folder.path()]);
    let crashed = found.facts.crashed_thread().expect("the exception's thread");
    let frames: Vec<_> = crashed.frames.iter().flatten().filter(|frame| !frame.inline).collect();
    let ips: Vec<u64> = frames.iter().skip(1).map(|frame| frame.ip.0).collect();
    assert_eq!(ips, ENGINE);
    // Callers of the program's functions: none is a guess. The last of them was called by kernel32, which has no PDB here.
    let callees = frames.iter().filter(|frame| (0x40_1000..0x40_2000).contains(&frame.ip.0)).count();
    let by_data = frames.iter().filter(|frame| frame.trust == Trust::FrameData).count();
    assert_eq!((callees, by_data), (8, 8));
    assert!(frames.iter().all(|frame| frame.trust != Trust::Scan));
    let without = report(&dump, Question::Stacks(Stacks::All), &[]);
    let scanned = without.facts.threads.iter().flat_map(|t| t.frames.iter().flatten());
    assert!(scanned.clone().any(|frame| frame.trust == Trust::Scan));
    assert!(scanned.clone().all(|frame| frame.trust != Trust::FrameData));
}

#[test]
fn the_signature_is_the_same_with_and_without() {
    let (dump, folder) = (fixture(), with_pdb());
    let [bare, named] = [vec![], vec![folder.path()]].map(|dirs| report(&dump, Question::Why, &dirs));
    assert!(
        named
            .facts
            .threads
            .iter()
            .flat_map(|t| t.frames.iter().flatten())
            .any(|f| f.trust == Trust::FrameData)
    );
    assert_eq!(named.signature, bare.signature);
}
