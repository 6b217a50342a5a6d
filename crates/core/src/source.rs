//! Where the bytes of a dump come from.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::blocks::Blocks;
#[cfg(windows)]
use crate::handles::{self, Handles};

/// Bytes that can be read at any position without reading the rest.
///
/// An 18 GB dump costs its metadata and the pages that are read. Nothing is mapped: a file that shrinks while it is
/// read, or that sits on a share that goes away, gives an error and never a signal.
pub trait Source: Send + Sync {
    /// Length in bytes, as known when the source was opened.
    fn size(&self) -> u64;

    /// Reads up to `buf.len()` bytes at `offset`; 0 at or past the end. May read fewer than asked.
    ///
    /// A file that is another one than when it was opened is an error of the kind
    /// [`io::ErrorKind::StaleNetworkFileHandle`].
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Reads several places, in the order given; less than was asked for where the end comes before. Where each read takes
    /// a round trip, an implementation asks for up to [`Place::AT_ONCE`] of them at the same time.
    fn read_places(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
        places.iter().map(|place| place.read(|offset, buf| self.read_at(offset, buf))).collect()
    }

    /// Fails if whoever gave the source wants an end: asked now and then while nothing needs to be read.
    fn go_on(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A read that takes longer is a round trip, or comes from a disk: fewer and larger ones cost less.
pub(crate) const SLOW: Duration = Duration::from_millis(1);

/// Some bytes of a [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Where they begin.
    pub offset: u64,
    /// How many there are; a few MiB at most.
    pub len: u64,
}

impl Place {
    /// The number of places that are requested at the same time.
    pub const AT_ONCE: usize = 64;

    /// Reads them, by as many calls of `read_at` as it takes.
    pub fn read(self, mut read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.len).unwrap_or(0)];
        let done = fill(&mut read_at, self.offset, &mut bytes)?;
        bytes.truncate(done);
        Ok(bytes)
    }

    /// Reads places in as many threads as there are places, [`Place::AT_ONCE`] at most: for a [`Source`] on which each
    /// read takes a round trip.
    pub fn read_at_once(
        places: &[Place],
        read_at: impl Fn(u64, &mut [u8]) -> io::Result<usize> + Sync,
    ) -> Vec<io::Result<Vec<u8>>> {
        Place::read_by_threads(places, Place::AT_ONCE, read_at)
    }

    fn read_by_threads(
        places: &[Place],
        most: usize,
        read_at: impl Fn(u64, &mut [u8]) -> io::Result<usize> + Sync,
    ) -> Vec<io::Result<Vec<u8>>> {
        let read = |place: &Place| place.read(&read_at);
        let mut all = Vec::with_capacity(places.len());
        for batch in places.chunks(most) {
            all.extend(std::thread::scope(|scope| {
                let threads: Vec<_> = batch.iter().map(|place| scope.spawn(move || read(place))).collect();
                let joined = threads.into_iter().map(|thread| {
                    thread.join().unwrap_or_else(|_| Err(io::Error::other("the reading thread panicked")))
                });
                joined.collect::<Vec<_>>()
            }));
        }
        all
    }
}

/// No file goes beyond this, and no system refuses it: their offsets are signed.
const LAST: u64 = 1 << 62;

/// A dump in a file, read by positioned reads.
///
/// On Windows the file is opened so that others may go on reading, writing, renaming and deleting it: a dump that is
/// still being written opens, unless its writer opened it without sharing.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    size: u64,
    #[cfg(windows)]
    handles: Handles,
}

impl FileSource {
    /// Opens `path` for reading.
    ///
    /// Fails as [`File::open`] does, and for a path that is not a regular file
    /// ([`io::ErrorKind::IsADirectory`] or [`io::ErrorKind::InvalidInput`]).
    pub fn open(path: &Path) -> io::Result<FileSource> {
        // Before opening: Windows refuses to open a directory with 'permission denied', which misleads, and a
        // FIFO would block.
        let kind = std::fs::metadata(path)?.file_type();
        if kind.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
        }
        if !kind.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
        }
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(FileSource {
            file,
            size,
            #[cfg(windows)]
            handles: Handles::new(path),
        })
    }

    fn read_by(&self, handle: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if offset > LAST {
            return Ok(0);
        }
        let read = read_at(handle, offset, buf)?;
        if read == 0 && !buf.is_empty() && offset < self.size {
            let why = "the file became shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::StaleNetworkFileHandle, why));
        }
        Ok(read)
    }

    #[cfg(not(windows))]
    pub(crate) fn read_at_once(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
        Place::read_at_once(places, |offset, buf| self.read_at(offset, buf))
    }

    #[cfg(windows)]
    pub(crate) fn read_at_once(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
        Place::read_by_threads(places, handles::MOST, |offset, buf| {
            self.handles.with(&self.file, |handle| self.read_by(handle, offset, buf))
        })
    }
}

impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.read_by(&self.file, offset, buf)
    }

    /// One place after the other, until that is seen to be slow: then as many at the same time as may be.
    fn read_places(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
        let read = |offset, buf: &mut [u8]| self.read_at(offset, buf);
        let (mut all, mut slow) = (Vec::with_capacity(places.len()), 0u32);
        for place in places {
            let begun = Instant::now();
            all.push(place.read(read));
            slow = slow.saturating_add(u32::from(begun.elapsed() > SLOW));
            // Once may be chance.
            if slow > 1 {
                break;
            }
        }
        let rest = places.get(all.len()..).unwrap_or_default();
        all.extend(self.read_at_once(rest));
        all
    }
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, offset)
}

/// It moves the handle's own position too, which nothing here reads from.
#[cfg(windows)]
fn read_at(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

impl Source for Box<dyn Source> {
    fn size(&self) -> u64 {
        self.as_ref().size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_ref().read_at(offset, buf)
    }

    fn read_places(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
        self.as_ref().read_places(places)
    }

    fn go_on(&self) -> io::Result<()> {
        self.as_ref().go_on()
    }
}

/// The blocks of a source, with the first failure of a read: what was not read because of that is neither there nor absent.
pub(crate) struct Remembering {
    blocks: Blocks,
    failure: OnceLock<io::Error>,
}

impl Remembering {
    pub(crate) fn new(source: Box<dyn Source>) -> Remembering {
        Remembering { blocks: Blocks::new(source), failure: OnceLock::new() }
    }

    /// The first read that failed.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.get().map(copy)
    }

    /// Frees the blocks.
    pub(crate) fn forget(&self) {
        self.blocks.forget();
    }

    /// Reads before it is asked for ([`Blocks::ahead`]).
    pub(crate) fn ahead(&self, places: impl IntoIterator<Item = (u64, u64)>) -> usize {
        self.blocks.ahead(places)
    }
}

impl Source for Remembering {
    fn size(&self) -> u64 {
        self.blocks.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.blocks.read_at(offset, buf);
        if let Err(error) = &read
            && error.kind() != io::ErrorKind::Interrupted
        {
            let _ = self.failure.set(copy(error));
        }
        read
    }
}

fn copy(error: &io::Error) -> io::Error {
    let in_words = || io::Error::new(error.kind(), error.to_string());
    error.raw_os_error().map_or_else(in_words, io::Error::from_raw_os_error)
}

impl Source for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let Some(rest) = self.get(start..) else {
            return Ok(0);
        };
        let n = rest.len().min(buf.len());
        if let (Some(from), Some(to)) = (rest.get(..n), buf.get_mut(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }
}

/// Fills `buf` from `offset` on; returns how many bytes there were before the end.
pub(crate) fn read_full(source: &dyn Source, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    fill(&mut |offset, buf: &mut [u8]| source.read_at(offset, buf), offset, buf)
}

fn fill(
    read_at: &mut impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
    offset: u64,
    buf: &mut [u8],
) -> io::Result<usize> {
    let mut done = 0usize;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let Some(at) = offset.checked_add(done as u64) else {
            break;
        };
        match read_at(at, rest) {
            Ok(0) => break,
            Ok(n) => done = done.saturating_add(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
