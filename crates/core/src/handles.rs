//! More handles of one file. Windows lets one read at a time use a handle that was opened as Rust opens files, and a read
//! of a share takes a round trip.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Reads at the same time: each has a handle.
pub(crate) const MOST: usize = 32;

/// Handles of a file beside the first one, opened when they are needed.
#[derive(Debug)]
pub(crate) struct Handles {
    path: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Those that nobody uses.
    free: Vec<File>,
    /// How many were opened.
    opened: usize,
}

impl Handles {
    pub(crate) fn new(path: &Path) -> Handles {
        Handles { path: path.to_owned(), held: Mutex::default() }
    }

    /// Calls `read` with a handle that nobody else uses; with `first` where there is no other.
    pub(crate) fn with<T>(&self, first: &File, read: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        let Some(handle) = self.take(first) else { return read(first) };
        let answer = read(&handle);
        self.held.lock().unwrap_or_else(PoisonError::into_inner).free.push(handle);
        answer
    }

    fn take(&self, first: &File) -> Option<File> {
        {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(handle) = held.free.pop() {
                return Some(handle);
            }
            if held.opened >= MOST {
                return None;
            }
            held.opened = held.opened.saturating_add(1);
        }
        // A path may lead to another file by now.
        let handle = File::open(&self.path).ok()?;
        is_same(&first.metadata().ok()?, &handle.metadata().ok()?).then_some(handle)
    }
}

/// Whether two handles are of one file, as far as size and times tell.
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    let times = |data: &Metadata| (data.len(), data.modified().ok(), data.created().ok());
    times(one) == times(other)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::Barrier;

    use super::*;
    use crate::source::{FileSource, Place};

    #[test]
    fn readers_at_the_same_time_have_handles_of_their_own() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"dump").expect("bytes");
        let (handles, first) = (Handles::new(file.path()), File::open(file.path()).expect("a handle"));
        let together = Barrier::new(MOST);
        std::thread::scope(|scope| {
            for _ in 0..MOST {
                scope.spawn(|| {
                    let read = handles.with(&first, |mut handle| {
                        // All have one before anyone reads: the position of each is its own.
                        together.wait();
                        let mut bytes = Vec::new();
                        handle.read_to_end(&mut bytes).map(|_| bytes)
                    });
                    assert_eq!(read.expect("bytes"), b"dump");
                });
            }
        });
        assert_eq!(handles.held.lock().expect("no panic").free.len(), MOST);
        // They are used again, and there are no more.
        handles.with(&first, |_| Ok(())).expect("a handle");
        assert_eq!(handles.held.lock().expect("no panic").opened, MOST);
    }

    #[test]
    fn places_that_are_read_at_the_same_time_are_in_their_order() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        file.write_all(&bytes).expect("bytes");
        let source = FileSource::open(file.path()).expect("a source");
        let places: Vec<_> = (0..200).map(|n| Place { offset: n, len: 3 }).collect();
        for (n, read) in source.read_at_once(&places).into_iter().enumerate() {
            assert_eq!(read.expect("bytes"), bytes[n..n + 3]);
        }
    }

    #[test]
    fn another_file_of_that_name_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.dmp");
        std::fs::write(&path, "first").expect("a file");
        let (handles, first) = (Handles::new(&path), File::open(&path).expect("a handle"));
        std::fs::rename(&path, folder.path().join("b.dmp")).expect("a name");
        std::fs::write(&path, "another").expect("a file");
        let read = |mut handle: &File| {
            let mut text = String::new();
            handle.read_to_string(&mut text).map(|_| text)
        };
        assert_eq!(handles.with(&first, read).expect("text"), "first");
    }
}
