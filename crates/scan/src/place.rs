//! Files that are written: at the place that was named, and nowhere that a link there leads to.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::long;

/// Why the file at a path must not be overwritten: it is neither a regular file nor a link to one. `None` also if there
/// is no file, or only a dangling link.
pub fn obstacle(place: &Path) -> Option<&'static str> {
    fs::symlink_metadata(place).ok()?;
    let kind = fs::metadata(place).ok()?.file_type();
    match (kind.is_file(), kind.is_dir()) {
        (true, _) => None,
        (_, true) => Some("is a directory"),
        _ => Some("is not a regular file, and is not overwritten"),
    }
}

/// Whether the place itself is a link, or a junction of Windows.
pub fn is_link(place: &Path) -> bool {
    fs::symlink_metadata(place).is_ok_and(|of| of.file_type().is_symlink())
}

/// Why a copy of the file `from` may not be written to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is the file itself, perhaps by another name.
    Itself,
    /// The file is never replaced: see [`obstacle`].
    Obstacle(&'static str),
    /// A file exists, and replacing it was not allowed.
    Exists,
}

/// Fails unless a copy of `from` may be written to `to`; `over` allows to replace a file.
pub fn free(from: &Path, to: &Path, over: bool) -> Result<(), Refused> {
    if fs::symlink_metadata(to).is_err() {
        return Ok(());
    }
    if let (Ok(from), Ok(to)) = (from.canonicalize(), to.canonicalize())
        && from == to
    {
        return Err(Refused::Itself);
    }
    if let Some(obstacle) = obstacle(to) {
        return Err(Refused::Obstacle(obstacle));
    }
    if over { Ok(()) } else { Err(Refused::Exists) }
}

/// A file that is being written; it is removed when it is dropped.
#[derive(Debug)]
pub struct Draft {
    file: NamedTempFile,
}

impl Draft {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Draft {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// An empty file beside `to`, which [`put`] moves there in one step. It has the permissions of any new file of the user.
pub fn draft(to: &Path) -> io::Result<Draft> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new();
    draft.prefix(".dumplens-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the user's umask leaves of it. On Windows the folder's access control list decides.
        draft.permissions(fs::Permissions::from_mode(0o666));
    }
    draft.tempfile_in(long::path(folder)).map(|file| Draft { file })
}

/// Moves a draft to its path. A link there is replaced, not followed; `over` allows to replace a file.
pub fn put(Draft { file: draft }: Draft, to: &Path, over: bool) -> io::Result<()> {
    if let Some(obstacle) = obstacle(to) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, obstacle));
    }
    draft.as_file().sync_all()?;
    let to = long::path(to);
    let put = if over { draft.persist(to) } else { draft.persist_noclobber(to) };
    put.map(drop).map_err(|failed| failed.error)
}
