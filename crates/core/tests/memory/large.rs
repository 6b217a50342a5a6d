//! A dump of 20 GB: read near its end, and at the cost of its metadata only.
#![cfg(unix)] // elsewhere a file of 20 GB is not sparse, and writing it takes minutes

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dumplens_core::process::Teb;
use dumplens_core::{Dump, FileSource, Source, StreamType, Width};
use dumplens_synth::{Layout, Process, presets};

const COMMITTED: u64 = 20 << 30;

/// 20,000 regions, 50 threads, 40 modules; sparse on disk.
fn write() -> (tempfile::TempDir, std::path::PathBuf, Process, Layout) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("full.dmp");
    let mut process = presets::full(20_000, COMMITTED, 50, 40);
    let last = *process.memory.last().unwrap();
    process.put(last.start + last.size - 8, &0x1122_3344_5566_7788_u64.to_le_bytes());
    // The last range that holds more than a module: far behind 4 GiB in the file too.
    let heap = *process.memory.iter().rev().find(|r| r.start < presets::full::MODULES).unwrap();
    process.put(heap.start, b"behind 16 GiB");
    let layout = process.write_file(&path).unwrap();
    (directory, path, process, layout)
}

#[test]
fn reads_near_the_end_of_20_gb() {
    let (_directory, path, process, layout) = write();
    let dump = Dump::open(FileSource::open(&path).unwrap()).unwrap();
    assert!(dump.size() > COMMITTED);
    assert_eq!(dump.size(), layout.file_size);
    let last = *process.memory.last().unwrap();
    assert_eq!(dump.memory().u64(last.start + last.size - 8), Ok(0x1122_3344_5566_7788));
    assert!(dump.memory().u64(last.start + last.size - 7).is_err());
    let heap = *process.memory.iter().rev().find(|r| r.start < presets::full::MODULES).unwrap();
    assert!(layout.offset_of(heap.start).unwrap() > 16 << 30, "the test means to read there");
    assert_eq!(dump.memory().bytes(heap.start, 13).unwrap(), b"behind 16 GiB");
    assert_eq!((dump.memory().listed_bytes(), dump.memory().missing_bytes()), (COMMITTED, 0));
    assert_eq!(dump.memory_damage(), []);
    assert_eq!(dump.memory_info().unwrap().unwrap().regions.len(), 20_000);
}

/// Counts the bytes that pass.
struct Counting {
    file: FileSource,
    bytes: Arc<AtomicU64>,
}

impl Source for Counting {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(offset, buf)?;
        self.bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

#[test]
fn twenty_gb_cost_their_metadata() {
    let (_directory, path, process, layout) = write();
    let bytes = Arc::new(AtomicU64::new(0));
    let source = Counting { file: FileSource::open(&path).unwrap(), bytes: Arc::clone(&bytes) };
    let so_far = || bytes.load(Ordering::Relaxed);

    // The two large tables come last; opening must leave them alone.
    let small = u64::from(layout.stream(StreamType::MEMORY_INFO_LIST.0).unwrap().rva);
    let dump = Dump::open(source).unwrap();
    assert!(so_far() <= 2 * small + (64 << 10), "opening read {} bytes of {small}", so_far());

    for thread in &process.threads {
        let teb = Teb::read(dump.memory(), thread.teb, Width::Bits64).unwrap();
        assert_eq!(teb.thread_id, u64::from(thread.id));
    }
    assert_eq!(dump.memory_info().unwrap().unwrap().regions.len(), 20_000);
    // Everything but the memory itself, at most twice, and 8 KiB for each TEB.
    let most = 2 * layout.data_rva + 50 * (8 << 10);
    assert!(so_far() <= most, "{} bytes were read, at most {most} are justified", so_far());
}
