//! Sources that fail, shrink or give a byte at a time: errors, never a panic and never invented bytes.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use dumplens_core::{Absence, Damage, Dump, FileSource, OpenError, Source};
use dumplens_synth::{Layout, Process, presets};

/// Bytes whose reads misbehave from the `healthy`th on.
struct Sick {
    bytes: Vec<u8>,
    healthy: u64,
    reads: AtomicU64,
    symptom: Symptom,
}

#[derive(Clone, Copy, Debug)]
enum Symptom {
    /// The share went away.
    Error,
    /// The file was truncated after it was opened.
    Shrunk,
}

impl Source for Sick {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if self.reads.fetch_add(1, Ordering::Relaxed) < self.healthy {
            return self.bytes.read_at(offset, buf);
        }
        match self.symptom {
            Symptom::Error => Err(io::Error::other("the share went away")),
            Symptom::Shrunk => Ok(0),
        }
    }
}

/// Asks a dump for everything it has.
fn ask_everything(dump: &Dump) -> usize {
    let memory = dump.memory();
    let mut answers = 0;
    let mut count = |answered: bool| answers += usize::from(answered);
    count(dump.system_info().is_ok());
    count(dump.misc_info().is_ok());
    count(dump.threads().is_ok());
    count(dump.modules().is_ok());
    count(dump.unloaded_modules().is_ok());
    count(dump.exception().is_ok());
    count(dump.handles().is_ok());
    count(dump.comment().is_ok());
    count(dump.system_memory().is_ok());
    count(dump.vm_counters().is_ok());
    count(dump.memory_info().is_ok());
    count(dump.context(0).is_some());
    for address in [0, presets::tiny::X64.tebs[0], presets::tiny::X64.app, u64::MAX] {
        count(memory.u64(address).is_ok());
        memory.why_absent(address);
    }
    count(memory.ranges().count() > 0);
    answers
}

/// However many reads succeed first, whether the next one fails or finds the file shorter.
#[test]
fn a_source_that_falls_ill_at_any_read() {
    let (bytes, _) = presets::tiny().to_bytes();
    let sound = ask_everything(&Dump::open(bytes.clone()).unwrap());
    for symptom in [Symptom::Error, Symptom::Shrunk] {
        let mut recovered = false;
        for healthy in 0..200 {
            let sick = Sick { bytes: bytes.clone(), healthy, reads: AtomicU64::new(0), symptom };
            match Dump::open(sick) {
                Err(OpenError::Read(damage)) => assert_eq!(damage.code(), "read_failed"),
                Err(other) => panic!("{symptom:?} at read {healthy}: {other}"),
                Ok(dump) => {
                    let answers = ask_everything(&dump);
                    let told = dump.read_failure().is_some_and(|e| e.to_string() == "the share went away");
                    assert!(
                        told || answers == sound || matches!(symptom, Symptom::Shrunk),
                        "at read {healthy}"
                    );
                    recovered |= answers == sound;
                    let complained =
                        dump.damage().iter().chain(dump.memory_damage()).any(|d| d.code() == "read_failed")
                            || dump.memory_info().is_err()
                            || dump.handles().is_err()
                            || answers < sound;
                    assert!(complained || answers == sound, "{symptom:?} at read {healthy} went unnoticed");
                }
            }
        }
        assert!(recovered, "200 reads are enough for everything");
    }
}

#[test]
fn memory_that_cannot_be_read_is_neither_zero_nor_free() {
    // The memory begins far enough behind the metadata for no read of these to reach it.
    let process = Process { memory_alignment: 0x10_0000, ..presets::tiny() };
    let (bytes, layout) = process.to_bytes();
    for symptom in [Symptom::Error, Symptom::Shrunk] {
        let dump = Dump::open(Broken { bytes: bytes.clone(), from: layout.data_rva, symptom }).unwrap();
        assert_unreadable_memory(&dump, &process);
    }
}

/// Metadata and memory meet somewhere; what is behind that must not decide what is before it.
#[test]
fn a_bad_sector_behind_the_metadata_costs_no_metadata() {
    let process = presets::tiny();
    let (bytes, layout) = process.to_bytes();
    for symptom in [Symptom::Error, Symptom::Shrunk] {
        let broken = Broken { bytes: bytes.clone(), from: layout.data_rva, symptom };
        let dump = Dump::open(broken).unwrap_or_else(|e| panic!("{symptom:?}: {e}"));
        assert_unreadable_memory(&dump, &process);
    }
}

fn assert_unreadable_memory(dump: &Dump, process: &Process) {
    let regions = process.regions.as_ref().map(Vec::len);
    assert_eq!(dump.memory_info().ok().flatten().map(|list| list.regions.len()), regions);
    let address = presets::tiny::X64.app;
    let read = dump.memory().u16(address).unwrap_err();
    assert_eq!((read.address, read.why), (address, Absence::ReadFailed));
    assert_eq!(dump.memory().bytes(address, 0x1000).unwrap_err().why, Absence::ReadFailed);
}

/// Misbehaves from a file offset on.
struct Broken {
    bytes: Vec<u8>,
    from: u64,
    symptom: Symptom,
}

impl Source for Broken {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let healthy = usize::try_from(self.from.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len());
        match self.symptom {
            Symptom::Error if healthy == 0 => Err(io::Error::other("a bad sector")),
            _ => self.bytes.read_at(offset, &mut buf[..healthy]),
        }
    }
}

/// Pipes, HTTP ranges and signals give less than was asked for, or nothing yet.
struct Trickle {
    bytes: Vec<u8>,
    reads: AtomicU64,
}

impl Source for Trickle {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if self.reads.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = buf.len().min(97);
        self.bytes.read_at(offset, &mut buf[..most])
    }
}

#[test]
fn short_reads_and_interruptions_are_no_error() {
    let process = presets::tiny();
    let (bytes, _) = process.to_bytes();
    let sound = ask_everything(&Dump::open(bytes.clone()).unwrap());
    let dump = Dump::open(Trickle { bytes: bytes.clone(), reads: AtomicU64::new(0) }).unwrap();
    assert_eq!(ask_everything(&dump), sound);
    assert_eq!(dump.damage(), []);
    let whole = Dump::open(bytes).unwrap();
    for range in &process.memory {
        assert_eq!(
            dump.memory().bytes(range.start, range.size),
            whole.memory().bytes(range.start, range.size)
        );
    }
}

/// Writes a dump whose lists are longer than what opening it reads, opens it, and lets the file shrink to the length given
/// once `ask` was called.
fn shrunk(length: fn(&Layout) -> u64, ask: fn(&Dump)) -> Dump {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shrinks.dmp");
    let process = Process { memory_alignment: 0x10_0000, ..presets::full(5000, 64 << 20, 10, 10) };
    let layout = process.write_file(&path).unwrap();
    let dump = Dump::open(FileSource::open(&path).unwrap()).unwrap();
    ask(&dump);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(length(&layout)).unwrap();
    dump
}

#[test]
fn a_file_that_shrinks_before_its_memory_is_read() {
    let dump = shrunk(|layout| layout.data_rva, |dump| assert!(dump.memory().listed_bytes() > 0));
    assert_eq!(dump.memory().u16(presets::full::MODULES).unwrap_err().why, Absence::ReadFailed);
}

/// The dump does hold lists that tell what it keeps and what was there; that they cannot be read is another matter.
#[test]
fn a_file_that_shrinks_before_its_lists_are_read() {
    let dump = shrunk(|_| 0x20, |_| ());
    assert_eq!(dump.memory_info().unwrap_err().code(), "read_failed");
    assert_eq!(dump.memory_damage().first().map(Damage::code), Some("read_failed"));
    assert_eq!(dump.memory().u16(presets::full::MODULES).unwrap_err().why, Absence::ReadFailed);
}

#[test]
fn what_is_not_a_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = FileSource::open(directory.path()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
    let error = FileSource::open(&directory.path().join("missing.dmp")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
