//! The passes beside a bare read of the same bytes, in one run. All but the last are on one thread.
//!
//! `cargo test --release -p dumplens-analyzer --lib speed -- --ignored --nocapture` prints them. DUMPLENS_DUMP names a dump
//! to read; without it, one is made.
#![allow(clippy::print_stdout, reason = "a measurement: it prints")]

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dumplens_core::{Dump, FileSource};
use dumplens_synth::presets::heaps::filled::{Filling, filled};

use super::ledger::charged;
use super::lookup::Lookup;
use super::pass::{self, TURN, Task};
use super::plan::{self, Plan};
use super::vftables::Candidates;
use crate::process::Process;

const RUNS: usize = 5;

/// What a heap holds, page by page: objects with vftables, numbers, texts, zeros, and what looks random.
fn made(path: &Path) {
    const SIZE: u64 = 192 << 20;
    let mut it =
        filled(dumplens_synth::Width::W64, &Filling { allocations: vec![SIZE], ..Filling::default() });
    let (base, table) = (it.allocations[0], it.tables.widget);
    let mut random = 1u64;
    let mut next = move || plan::next(&mut random);
    let mut bytes = Vec::with_capacity(usize::try_from(SIZE).unwrap());
    for page in 0..SIZE / 0x1000 {
        for n in 0..512u64 {
            let word = match (page % 8, n % 6) {
                (0, _) => 0,
                (1, _) => u64::from_le_bytes(*b"plain te"),
                (2, _) => next(),
                (_, 0) if n % 24 == 0 => table,
                (_, 1 | 2) => base + next() % SIZE,
                (_, 3) => next() % 1000,
                _ => 0,
            };
            bytes.extend_from_slice(&word.to_le_bytes());
        }
    }
    it.process.put(base, &bytes);
    it.process.write_file(path).unwrap();
}

fn time(mut pass: impl FnMut()) -> Duration {
    let run = |pass: &mut dyn FnMut()| {
        let begin = Instant::now();
        pass();
        begin.elapsed()
    };
    (0..RUNS).map(|_| run(&mut pass)).min().unwrap()
}

fn times(pass: Duration, bare: Duration) -> f64 {
    pass.as_secs_f64() / bare.as_secs_f64()
}

#[test]
#[ignore = "measures a release build; CONTRIBUTING.md, Speed"]
fn passes_beside_a_bare_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = std::env::var_os("DUMPLENS_DUMP").map_or_else(|| folder.path().join("a.dmp"), PathBuf::from);
    if !path.exists() {
        made(&path);
    }
    let dump = Dump::open(FileSource::open(&path).unwrap()).unwrap();
    let process = Process::gather(&dump);
    let memory = dump.memory().unnoted();
    let plan = plan::of(memory, || charged(&process), (u64::MAX, 0, 0));
    let lookup = Lookup::new(&process.space);
    let candidates = Candidates::new(&lookup);
    let bare = time(|| bare(&path, plan.kept()));
    let mut words = HashMap::new();
    let mut count = |word: u64| *words.entry(word).or_insert(0u64) += 1;
    let vftables = time(|| {
        let mut buffer = Vec::new();
        for units in plan.units.chunks(TURN) {
            pass::together(units, memory, &mut buffer, |_, bytes| {
                candidates.each(bytes, dump.width(), &mut count);
            });
        }
    });
    let all = time(|| all_passes(&plan, &candidates, &process));
    println!(
        "{} MB: bare read {bare:.1?}; vftables {vftables:.1?}, {:.2} times; all passes {all:.1?}, {:.2} times",
        plan.kept() >> 20,
        times(vftables, bare),
        times(all, bare)
    );
    assert!(!words.is_empty() && plan.kept() > 0);
    if !cfg!(debug_assertions) {
        assert!(times(vftables, bare) <= 2.0, "vftables");
        assert!(times(all, bare) <= 5.0, "all passes");
    }
}

/// So many bytes of a file, as large reads as the census has.
fn bare(path: &Path, bytes: u64) {
    let (mut file, mut left) = (File::open(path).unwrap(), bytes);
    let mut buffer = vec![0; TURN * usize::try_from(plan::UNIT).unwrap()];
    while let Ok(read @ 1..) = file.read(&mut buffer)
        && left > 0
    {
        left = left.saturating_sub(read as u64);
    }
}

fn all_passes(plan: &Plan, candidates: &Candidates<'_>, process: &Process<'_>) {
    let width = process.dump.width();
    let task = Task {
        memory: process.dump.memory().unnoted(),
        candidates,
        width: &|_| width,
        progress: None,
        compares: true,
        patience: None,
    };
    let found = pass::read(plan, &task).unwrap();
    assert!(found.read.iter().any(|stratum| stratum.done > 0));
}
