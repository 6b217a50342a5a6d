//! Damaged PDBs, where memory is limited: no abort, no hang, and no more memory than a file of that size may cost.
//!
//! As in `mutations`, run N always does the same, and DUMPLENS_FIRST and DUMPLENS_MUTATIONS say which. They are done by a
//! process of its own whose address space ends at 2 GB: a library that asks for more than it needs ends that process.
//! Windows has no such limit without unsafe code; there, and wherever it cannot be set, peak memory alone is looked at.
#![allow(clippy::print_stderr)]

use std::io::Cursor;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use dumplens_analyzer::symbols::pdb::{frames_at, size_of};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that any file may cost, and how many more for each of its own.
const MOST_MEMORY: usize = 16 << 20;
const MEMORY_PER_BYTE: usize = 16;
/// One run, in a debug build on a busy machine.
const MOST_TIME: Duration = Duration::from_secs(10);
#[cfg(unix)]
const ADDRESS_SPACE: u64 = 2 << 30;
/// Runs without DUMPLENS_MUTATIONS, and of the long test.
const RUNS: u64 = 1_000;
const MANY_RUNS: u64 = 30_000;
/// Tells the process that it is to do the runs itself.
const PART: &str = "DUMPLENS_PDBS_PART";
/// Places in the functions of the PDB, and outside.
const RVAS: [u32; 9] = [0, 0x1042, 0x109c, 0x1189, 0x1358, 0x1571, 0x1807, 0x4000, u32::MAX];

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn damaged_pdbs_in_little_memory() {
    let (first, runs) = (variable("DUMPLENS_FIRST"), variable("DUMPLENS_MUTATIONS"));
    let (first, runs) = (first.unwrap_or(0), runs.unwrap_or(RUNS));
    if std::env::var_os(PART).is_some() {
        return damaged_pdbs(first, runs);
    }
    in_a_process(first, runs);
}

/// Begins where the short test ends, unless told otherwise.
#[test]
#[ignore = "long; CONTRIBUTING.md, Tests"]
fn many_damaged_pdbs_in_little_memory() {
    let (first, runs) = (variable("DUMPLENS_FIRST"), variable("DUMPLENS_MUTATIONS"));
    in_a_process(first.unwrap_or(RUNS), runs.unwrap_or(MANY_RUNS));
}

fn in_a_process(first: u64, runs: u64) {
    let end = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "damaged_pdbs_in_little_memory", "--nocapture", "--test-threads", "1"])
        .env(PART, "")
        .env("DUMPLENS_FIRST", first.to_string())
        .env("DUMPLENS_MUTATIONS", runs.to_string())
        .status()
        .expect("a process");
    assert!(end.success(), "{end}");
}

#[cfg(unix)]
fn limit_memory() -> bool {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let most = Some(ADDRESS_SPACE);
    setrlimit(Resource::As, Rlimit { current: most, maximum: most }).is_ok()
}

#[cfg(not(unix))]
fn limit_memory() -> bool {
    false
}

fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../analyzer/tests/symbols/files");
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("PDBs").flatten().map(|e| e.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pdb"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a PDB")).collect()
}

/// What a program asks of a PDB. Panics below are stopped where PDBs are used, and counted here.
fn ask(bytes: &[u8]) -> Option<bool> {
    let ask = || {
        let frames = frames_at(Cursor::new(bytes), None, &RVAS);
        let size = size_of(Cursor::new(bytes), None, "std::bad_alloc");
        frames.is_ok() && size.is_ok()
    };
    catch_unwind(AssertUnwindSafe(ask)).ok()
}

fn damaged_pdbs(first: u64, runs: u64) {
    let (limited, seeds) = (limit_memory(), seeds());
    assert!(!seeds.is_empty());
    panic::set_hook(Box::new(|_| {}));
    let (mut answered, mut panicked, mut faults) = (0, 0, Vec::new());
    let (mut slowest, mut largest) = ((Duration::ZERO, 0), (0, 0));
    let started = Instant::now();
    for n in first..first.saturating_add(runs) {
        let bytes = dumplens_fuzz::changed(&seeds, n);
        let (before, since) = (MEMORY.current_usage(), Instant::now());
        MEMORY.reset_peak_usage();
        match ask(&bytes) {
            Some(true) => answered += 1,
            Some(false) => {}
            None => panicked += 1,
        }
        let (took, peak) = (since.elapsed(), MEMORY.peak_usage().saturating_sub(before));
        if took > MOST_TIME {
            faults.push(format!("run {n} took {took:?}"));
        }
        if peak > MOST_MEMORY + MEMORY_PER_BYTE * bytes.len() {
            faults.push(format!("run {n} took {peak} bytes of memory for a file of {}", bytes.len()));
        }
        (slowest, largest) = (slowest.max((took, n)), largest.max((peak, n)));
    }
    let _ = panic::take_hook();
    eprintln!(
        "{runs} runs in {:?}, address space {}: {answered} answered, {panicked} panics of the library, slowest \
         {slowest:?}, most memory {largest:?}, {} faults",
        started.elapsed(),
        if limited { "limited" } else { "not limited" },
        faults.len()
    );
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(
        runs < 100 || (answered > 0 && answered < runs),
        "the changes are neither all harmless nor all fatal"
    );
}
