//! What ends the reading of a dump early: its time limit, and Ctrl-C.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dumplens_core::{Place, Source};

/// Whether the user wants an end: for Ctrl-C and the like to set.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for an end.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was requested.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The limits of one dump.
#[derive(Debug, Clone)]
pub struct Guard {
    stop: Stop,
    deadline: Option<Instant>,
    /// Whether a read found another file than the one that was opened.
    stale: Arc<AtomicBool>,
}

impl Guard {
    /// The limits of a dump that is begun now; `limit` is `None` for as long as it takes.
    pub fn new(stop: &Stop, limit: Option<Duration>) -> Guard {
        // A limit beyond what a clock can hold is none.
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        Guard { stop: stop.clone(), deadline, stale: Arc::default() }
    }

    /// Whether the user wants an end.
    pub fn stopped(&self) -> bool {
        self.stop.is_set()
    }

    /// Whether a read found another file than the one that was opened.
    pub fn stale(&self) -> bool {
        self.stale.load(Ordering::SeqCst)
    }

    /// Whether the time is over.
    pub fn late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// A dump whose reads fail once its guard wants an end. The analysis then finds nothing more, and ends by itself.
pub struct Guarded {
    /// Its bytes.
    pub source: Box<dyn Source>,
    /// What ends the reads.
    pub guard: Guard,
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl Guarded {
    fn note(&self, error: Option<&io::Error>) {
        if error.is_some_and(|error| error.kind() == io::ErrorKind::StaleNetworkFileHandle) {
            self.guard.stale.store(true, Ordering::SeqCst);
        }
    }
}

impl Source for Guarded {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.go_on()?;
        let read = self.source.read_at(offset, buf);
        self.note(read.as_ref().err());
        read
    }

    fn read_places(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
        if let Err(over) = self.go_on() {
            return places.iter().map(|_| Err(over.kind().into())).collect();
        }
        let read = self.source.read_places(places);
        for read in &read {
            self.note(read.as_ref().err());
        }
        read
    }

    fn go_on(&self) -> io::Result<()> {
        if self.guard.stopped() || self.guard.late() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the time for this dump is over"));
        }
        Ok(())
    }
}
