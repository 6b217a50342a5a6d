//! How often answers ask a source: what counts where the dump lies on a share or behind a server.
#![allow(clippy::print_stdout)] // says what it counted

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dumplens_analyzer::contents::{self, CensusOptions, Extent, Reading};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource, Place, Source};
use dumplens_synth::Width;
use dumplens_synth::presets;
use dumplens_synth::presets::heaps::filled::{Filling, filled};
use dumplens_synth::presets::heaps::leak;

/// What a round trip takes: a far source is known by the time that it takes.
const DELAY: Duration = Duration::from_millis(2);

/// A file far away.
struct Far {
    file: FileSource,
    trips: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
}

impl Source for Far {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.travel(1);
        let read = self.file.read_at(offset, buf)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }

    fn read_places(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
        self.travel(places.len().div_ceil(Place::AT_ONCE) as u64);
        let read = places.iter().map(|place| place.read(|offset, buf| self.file.read_at(offset, buf)));
        let read: Vec<_> = read.collect();
        let bytes: usize = read.iter().flatten().map(Vec::len).sum();
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        read
    }
}

impl Far {
    fn open(path: &Path) -> Far {
        let (trips, bytes) = (Arc::default(), Arc::default());
        Far { file: FileSource::open(path).expect("a file"), trips, bytes }
    }

    fn travel(&self, times: u64) {
        self.trips.fetch_add(times, Ordering::Relaxed);
        std::thread::sleep(DELAY);
    }
}

/// What an answer takes: round trips and bytes.
fn cost(path: &Path, question: Question) -> (u64, u64) {
    let far = Far::open(path);
    let (trips, bytes) = (Arc::clone(&far.trips), Arc::clone(&far.bytes));
    let dump = Dump::open(far).expect("a dump");
    let report = Report::answer(&Process::gather(&dump), question, &Options::default());
    assert!(report.facts.dump.size_bytes > 0);
    (trips.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed))
}

/// `why` of a process with so many threads and 300 modules, in 20 GB of memory.
fn why(threads: u32) -> (u64, u64) {
    const MODULES: u32 = 300;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("far.dmp");
    let layout = presets::full(50_000, 20 << 30, threads, MODULES).write_file(&path).expect("room");
    let (trips, bytes) = cost(&path, Question::Why);
    // The lists; of each thread two pages with its TEB and four of its stack; of each module the headers.
    let needed = layout.data_rva + u64::from(threads) * (6 << 12) + u64::from(MODULES) * (2 << 12);
    assert!(bytes <= 2 * needed, "{bytes} bytes were read where {needed} are needed");
    (trips, bytes)
}

#[test]
fn two_hundred_threads() {
    let (trips, bytes) = why(200);
    println!("{trips} round trips, {bytes} bytes");
    assert!(trips <= 30, "{trips} round trips");
}

#[test]
fn a_thousand_threads() {
    let (trips, bytes) = why(1000);
    println!("{trips} round trips, {bytes} bytes");
    assert!(trips <= 60, "{trips} round trips");
}

/// Each large block has an allocation of its own, and the heap's list leads from one to the next only.
#[test]
fn twenty_thousand_large_blocks() {
    const BLOCKS: u64 = 20_000;
    let process = leak::leak(Width::W64, leak::Moment { blocks: BLOCKS, allocations: 0, ..leak::BEFORE });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.dmp");
    process.write_file(&path).expect("room");
    let (trips, bytes) = cost(&path, Question::Lists);
    println!("{trips} round trips, {bytes} bytes");
    assert!(trips <= 600, "{trips} round trips");
    // A page of each block is needed.
    assert!(bytes <= 2 * BLOCKS * 0x1000, "{bytes} bytes were read");
}

/// What fills the memory, by a sample of 25 MiB.
#[test]
fn a_sample_of_the_memory() {
    const SIZE: u64 = 80 << 20;
    let mut it = filled(Width::W64, &Filling { allocations: vec![SIZE], ..Filling::default() });
    let numbers: Vec<u8> = (0..SIZE / 8).flat_map(|n| (n ^ n << 20).to_le_bytes()).collect();
    it.process.put(it.allocations[0], &numbers);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("filled.dmp");
    it.process.write_file(&path).expect("room");
    let far = Far::open(&path);
    let (trips, bytes) = (Arc::clone(&far.trips), Arc::clone(&far.bytes));
    let dump = Dump::open(far).expect("a dump");
    let options = CensusOptions { reading: Reading::Sample, ..CensusOptions::default() };
    let census = contents::census(&Process::gather(&dump), &options).expect("a census");
    assert_eq!(census.reading.extent, Extent::Sample);
    assert!(census.reading.units >= 400, "{:?}", census.reading);
    let (trips, bytes) = (trips.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed));
    println!("{trips} round trips, {bytes} bytes");
    // Without reading ahead there is one for each unit.
    assert!(trips <= 150, "{trips} round trips");
    assert!(bytes < 40 << 20, "{bytes} bytes were read");
}
