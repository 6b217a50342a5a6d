//! A dump far away: each round trip takes 5 ms, as to a share in another building or a server in another city.

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource, Place, Source};

const ROUND_TRIP: Duration = Duration::from_millis(5);

/// What was asked of a source.
#[derive(Default)]
struct Asked {
    trips: AtomicU64,
    reads: AtomicU64,
    bytes: AtomicU64,
}

/// A file behind round trips: of several places that are asked for at once, one for each [`Place::AT_ONCE`].
struct Far {
    file: FileSource,
    asked: Arc<Asked>,
}

impl Far {
    fn travel(&self, trips: u64) {
        self.asked.trips.fetch_add(trips, Ordering::Relaxed);
        for _ in 0..trips {
            thread::sleep(ROUND_TRIP);
        }
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(offset, buf)?;
        self.asked.reads.fetch_add(1, Ordering::Relaxed);
        self.asked.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Source for Far {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.travel(1);
        self.read(offset, buf)
    }

    fn read_places(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
        self.travel(places.len().div_ceil(Place::AT_ONCE) as u64);
        places.iter().map(|place| place.read(|offset, buf| self.read(offset, buf))).collect()
    }
}

/// What an answer takes over such a way.
pub(super) struct Cost {
    pub(super) trips: u64,
    /// Reads, those at the same time too.
    pub(super) reads: u64,
    pub(super) bytes: u64,
    /// Seconds.
    pub(super) wall: f64,
}

/// Asks a question about a dump far away.
pub(super) fn cost(path: &Path, question: Question) -> anyhow::Result<Cost> {
    let asked = Arc::new(Asked::default());
    let begun = Instant::now();
    let dump = Dump::open(Far { file: FileSource::open(path)?, asked: Arc::clone(&asked) })?;
    black_box(Report::answer(&Process::gather(&dump), question, &Options::default()));
    let number = |of: &AtomicU64| of.load(Ordering::Relaxed);
    let wall = begun.elapsed().as_secs_f64();
    Ok(Cost { trips: number(&asked.trips), reads: number(&asked.reads), bytes: number(&asked.bytes), wall })
}
