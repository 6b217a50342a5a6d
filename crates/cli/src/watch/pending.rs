//! Files that were seen, and wait until they stop growing.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Length and time of a file: as long as both stay, nobody writes to it.
type State = (u64, Option<SystemTime>);

/// The files of the folder: those that wait, and those that are done with. Name, length and time of each are kept.
#[derive(Debug)]
pub(crate) struct Pending {
    settle: Duration,
    waiting: HashMap<PathBuf, (State, Instant)>,
    done: HashMap<PathBuf, State>,
}

impl Pending {
    /// `settle`: how long a file must not change.
    pub(crate) fn new(settle: Duration) -> Pending {
        Pending { settle, waiting: HashMap::new(), done: HashMap::new() }
    }

    /// A file is there, or something happened to it. One that is done with waits again only if it changed.
    pub(crate) fn seen(&mut self, path: &Path) {
        match state(path) {
            None => self.gone(path),
            Some(state) if self.done.get(path) == Some(&state) => {}
            Some(state) => {
                self.done.remove(path);
                self.waiting.entry(path.to_owned()).or_insert_with(|| (state, Instant::now()));
            }
        }
    }

    /// A file that is not to be looked at as long as it stays as it is.
    pub(crate) fn is_old(&mut self, path: &Path) {
        if let Some(state) = state(path) {
            self.done.insert(path.to_owned(), state);
        }
    }

    /// A file is there no longer.
    pub(crate) fn gone(&mut self, path: &Path) {
        self.waiting.remove(path);
        self.done.remove(path);
    }

    /// Forgets files that are there no longer.
    pub(crate) fn forget_gone(&mut self) {
        self.done.retain(|path, _| path.exists());
    }

    /// The files that have not changed for long enough; they count as done with.
    pub(crate) fn settled(&mut self) -> Vec<PathBuf> {
        let mut settled = Vec::new();
        let (settle, done) = (self.settle, &mut self.done);
        self.waiting.retain(|path, (before, since)| {
            let Some(now) = state(path) else { return false };
            if now != *before {
                (*before, *since) = (now, Instant::now());
            }
            let ripe = since.elapsed() >= settle;
            if ripe {
                done.insert(path.clone(), now);
                settled.push(path.clone());
            }
            !ripe
        });
        settled.sort();
        settled
    }

    /// A file that was done with is to be looked at again after a while.
    pub(crate) fn again(&mut self, path: &Path) {
        self.done.remove(path);
        self.seen(path);
    }
}

fn state(path: &Path) -> Option<State> {
    let file = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((file.len(), file.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_millis(60);

    #[test]
    fn a_file_settles_once_and_again_when_it_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.dmp");
        let mut pending = Pending::new(SETTLE);
        fs::write(&path, "one").expect("a file");
        pending.seen(&path);
        assert!(pending.settled().is_empty(), "too early");
        std::thread::sleep(SETTLE);
        fs::write(&path, "one and two").expect("a file");
        assert!(pending.settled().is_empty(), "it has grown");
        std::thread::sleep(SETTLE);
        assert_eq!(pending.settled(), std::slice::from_ref(&path));
        pending.seen(&path);
        std::thread::sleep(SETTLE);
        assert!(pending.settled().is_empty(), "nothing has changed");
        fs::write(&path, "another").expect("a file");
        pending.seen(&path);
        std::thread::sleep(SETTLE);
        assert_eq!(pending.settled(), std::slice::from_ref(&path));
        pending.again(&path);
        std::thread::sleep(SETTLE);
        assert_eq!(pending.settled(), std::slice::from_ref(&path));
    }

    #[test]
    fn files_that_go_are_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.dmp");
        let mut pending = Pending::new(Duration::ZERO);
        fs::write(&path, "one").expect("a file");
        pending.seen(&path);
        fs::remove_file(&path).expect("gone");
        assert!(pending.settled().is_empty());
        pending.seen(folder.path());
        assert!(pending.settled().is_empty(), "a folder is no file");
    }
}
