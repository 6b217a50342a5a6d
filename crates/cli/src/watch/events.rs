//! How new files are noticed: by events of the system, or by listing the folder every few seconds.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Context;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::pending::Pending;
use crate::output;
use dumplens_scan::{Places, long, named_as_dump};

/// How often settled files and Ctrl-C are looked at.
const TICK: Duration = Duration::from_millis(200);

/// What notices files.
pub(crate) enum Events {
    /// Events of the system. The watcher works as long as it is held.
    System { told: Receiver<notify::Result<Event>>, _watcher: RecommendedWatcher },
    /// The folder is listed regularly, since shares do not report changes by other machines.
    Poll { every: Duration, next: Instant },
}

impl Events {
    /// Watches a folder and all below it.
    pub(crate) fn new(folder: &Path, poll: Option<Duration>) -> anyhow::Result<Events> {
        if let Some(every) = poll {
            return Ok(Events::Poll { every, next: Instant::now() });
        }
        let (tell, told) = mpsc::channel();
        let watch = || -> notify::Result<RecommendedWatcher> {
            let mut watcher = notify::recommended_watcher(tell)?;
            watcher.watch(&long::path(folder), RecursiveMode::Recursive)?;
            Ok(watcher)
        };
        let watcher = watch().context("the system cannot report changes there (use --poll SECS)")?;
        Ok(Events::System { told, _watcher: watcher })
    }

    /// Waits a moment, and notes what was noticed.
    pub(crate) fn wait(&mut self, places: &Places, pending: &mut Pending) -> anyhow::Result<()> {
        match self {
            Events::Poll { every, next } => {
                if Instant::now() >= *next {
                    look(places, pending);
                    *next = Instant::now() + *every;
                }
                std::thread::sleep(TICK.min(*every));
            }
            Events::System { told, .. } => {
                let mut event = told.recv_timeout(TICK);
                loop {
                    match event {
                        Ok(Ok(event)) => note(&event, places, pending),
                        Ok(Err(error)) => output::note(&format!("dumplens: {error}\n")),
                        Err(RecvTimeoutError::Timeout) => break,
                        Err(RecvTimeoutError::Disconnected) => {
                            anyhow::bail!("the system no longer reports changes")
                        }
                    }
                    event = told.recv_timeout(Duration::ZERO);
                }
            }
        }
        Ok(())
    }
}

/// Every dump of the folder.
pub(crate) fn look(places: &Places, pending: &mut Pending) {
    pending.forget_gone();
    for found in places.clone().dumps().filter(|found| found.failure.is_none()) {
        pending.seen(&found.path);
    }
}

fn note(event: &Event, places: &Places, pending: &mut Pending) {
    // The system had more to tell than it could keep.
    if event.need_rescan() {
        return look(places, pending);
    }
    for path in &event.paths {
        match event.kind {
            EventKind::Access(_) => {}
            EventKind::Remove(_) => pending.gone(path),
            // A folder that came or was renamed: it may have brought dumps, untold.
            _ if path.is_dir() => look(&Places { roots: vec![path.clone()], all: places.all }, pending),
            _ if places.all || named_as_dump(path) => pending.seen(path),
            _ => {}
        }
    }
}
