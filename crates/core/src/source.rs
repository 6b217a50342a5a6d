//! Where the bytes of a dump come from.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

/// Bytes that can be read at any position without reading the rest.
///
/// An 18 GB dump costs its metadata and the pages asked for. Nothing is mapped: a file that shrinks while it is
/// read, or that sits on a share that goes away, gives an error and never a signal.
pub trait Source: Send + Sync {
    /// Length in bytes, as known when the source was opened.
    fn size(&self) -> u64;

    /// Reads up to `buf.len()` bytes at `offset`; 0 at or past the end. May read fewer than asked.
    ///
    /// A file that is another one than when it was opened is an error of the kind
    /// [`io::ErrorKind::StaleNetworkFileHandle`].
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
}

/// No file goes beyond this, and no system refuses it: their offsets are signed.
const LAST: u64 = 1 << 62;

/// A dump in a file, read by positioned reads.
///
/// On Windows the file is opened so that others may go on reading, writing, renaming and deleting it: a dump that is
/// still being written opens, unless its writer shares it with nobody.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    size: u64,
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
        Ok(FileSource { file, size })
    }
}

impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if offset > LAST {
            return Ok(0);
        }
        let read = read_at(&self.file, offset, buf)?;
        if read == 0 && !buf.is_empty() && offset < self.size {
            let why = "the file became shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::StaleNetworkFileHandle, why));
        }
        Ok(read)
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
}

/// A source that remembers whether a read failed: what was not read because of that is neither there nor absent.
pub(crate) struct Remembering {
    source: Box<dyn Source>,
    failure: OnceLock<io::Error>,
}

impl Remembering {
    pub(crate) fn new(source: Box<dyn Source>) -> Remembering {
        Remembering { source, failure: OnceLock::new() }
    }

    /// The first read that failed.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failure.get().map(copy)
    }
}

impl Source for Remembering {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read_at(offset, buf);
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
    let mut done = 0usize;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let Some(at) = offset.checked_add(done as u64) else {
            break;
        };
        match source.read_at(at, rest) {
            Ok(0) => break,
            Ok(n) => done = done.saturating_add(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
