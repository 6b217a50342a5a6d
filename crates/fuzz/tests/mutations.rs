//! Damaged dumps, from one end to the other: no panic, no hang, and no more memory than a file of that size may cost.
//!
//! Deterministic: run N always does the same. DUMPLENS_MUTATIONS says how many runs there are, DUMPLENS_FIRST which is
//! the first. They are done by one process for each processor, since memory is measured for a process. The long run is
//! an ignored test: `cargo test -p dumplens-fuzz -- --ignored`.
#![allow(clippy::print_stderr)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, ExitStatus};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use dumplens_core::Dump;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that any file may cost, and how many more for each of its own.
const MOST_MEMORY: usize = 64 << 20;
const MEMORY_PER_BYTE: usize = 8;
/// One run. Measured on a busy machine, so a slow one has a second try.
const MOST_TIME: Duration = Duration::from_secs(2);
/// Runs without DUMPLENS_MUTATIONS: some seconds on two processors.
const RUNS: u64 = 5_000;
/// And of the long test: some two minutes.
const MANY_RUNS: u64 = 200_000;
/// Tells a process that it is to do its runs itself.
const PART: &str = "DUMPLENS_MUTATIONS_PART";

/// What a run took; `None` if it panicked.
fn measure(run: impl Fn()) -> Option<(Duration, usize)> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let started = Instant::now();
    catch_unwind(AssertUnwindSafe(run)).ok()?;
    Some((started.elapsed(), MEMORY.peak_usage().saturating_sub(before)))
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn damaged_dumps_from_end_to_end() {
    let (first, runs) = (variable("DUMPLENS_FIRST"), variable("DUMPLENS_MUTATIONS"));
    let (first, runs) = (first.unwrap_or(0), runs.unwrap_or(RUNS));
    // Alone in its process, so that nothing else allocates meanwhile.
    if std::env::var_os(PART).is_some() {
        return damaged_dumps(first, runs);
    }
    in_processes(first, runs);
}

/// Begins where the short test ends, unless told otherwise.
#[test]
#[ignore = "long; CONTRIBUTING.md, Tests"]
fn many_damaged_dumps_from_end_to_end() {
    let (first, runs) = (variable("DUMPLENS_FIRST"), variable("DUMPLENS_MUTATIONS"));
    in_processes(first.unwrap_or(RUNS), runs.unwrap_or(MANY_RUNS));
}

/// Shares the runs among processes, and waits for all of them.
fn in_processes(first: u64, runs: u64) {
    let processes = available_parallelism().map_or(1, |n| n.get() as u64).clamp(1, 16);
    let share = runs.div_ceil(processes);
    let begin = |n: u64| {
        let skipped = (share * n).min(runs);
        part(first.saturating_add(skipped), share.min(runs - skipped))
    };
    let parts: Vec<Child> = (0..processes).map(begin).collect();
    // All are waited for, and tell what they found, before one of them fails the test.
    let ends: Vec<ExitStatus> = parts.into_iter().map(|mut part| part.wait().expect("a process")).collect();
    assert!(ends.iter().all(ExitStatus::success), "{ends:?}");
}

/// Runs of `damaged_dumps_from_end_to_end` in a process of their own.
fn part(first: u64, runs: u64) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "damaged_dumps_from_end_to_end", "--nocapture"])
        .env(PART, "")
        .env("DUMPLENS_FIRST", first.to_string())
        .env("DUMPLENS_MUTATIONS", runs.to_string())
        .spawn()
        .expect("a process")
}

fn damaged_dumps(first: u64, runs: u64) {
    let seeds = dumplens_fuzz::seeds::dumps();
    let (mut slowest, mut largest, mut faults) = ((Duration::ZERO, 0), (0, 0), Vec::new());
    let mut opened = 0;
    let started = Instant::now();
    for n in first..first.saturating_add(runs) {
        let bytes = dumplens_fuzz::changed(&seeds, n);
        opened += u64::from(Dump::open(bytes.clone()).is_ok());
        let run = || {
            dumplens_fuzz::container(&bytes);
            dumplens_fuzz::report(&bytes);
        };
        let again = |slow: &(Duration, usize)| slow.0 > MOST_TIME;
        let Some((took, peak)) = measure(run).and_then(|m| if again(&m) { measure(run) } else { Some(m) })
        else {
            faults.push(format!("run {n} panicked"));
            continue;
        };
        if took > MOST_TIME {
            faults.push(format!("run {n} took {took:?}"));
        }
        if peak > MOST_MEMORY + MEMORY_PER_BYTE * bytes.len() {
            faults.push(format!("run {n} took {peak} bytes of memory for a file of {}", bytes.len()));
        }
        slowest = slowest.max((took, n));
        largest = largest.max((peak, n));
    }
    eprintln!(
        "{runs} runs over {} seeds in {:?}, {opened} opened; slowest {slowest:?}, most memory {largest:?}, {} faults",
        seeds.len(),
        started.elapsed(),
        faults.len()
    );
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(runs < 100 || opened > runs / 2, "of {runs} changed dumps only {opened} open");
}
