//! Which files are dumps: named ones, those of folders by their ending or signature, and those of a list.

use std::fs;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::failure::{Code, Failure};

/// Endings of dumps, in lower case.
const ENDINGS: [&str; 3] = ["dmp", "mdmp", "hdmp"];
/// Bytes of a line that can be a path: twice what Windows allows, in UTF-8.
const LINE_BYTES: u64 = 128 << 10;

/// A file to look at, or why there is none.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// As it was named or found.
    pub(crate) path: PathBuf,
    /// Why it cannot be looked at.
    pub(crate) failure: Option<Failure>,
}

impl Found {
    fn failed(path: PathBuf, failure: Failure) -> Found {
        Found { path, failure: Some(failure) }
    }
}

impl From<PathBuf> for Found {
    fn from(path: PathBuf) -> Found {
        Found { path, failure: None }
    }
}

/// Where dumps are looked for.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// Files, taken as they are, and folders.
    pub(crate) roots: Vec<PathBuf>,
    /// Whether any file of a folder is a dump that begins with MDMP.
    pub(crate) all: bool,
}

impl Places {
    /// The dumps, as they are met; folders below folders too, but none through a link.
    pub(crate) fn dumps(self) -> impl Iterator<Item = Found> + Send {
        let (folders, mut files): (Vec<_>, Vec<_>) = self.roots.into_iter().partition(|path| path.is_dir());
        let folders = outermost(folders);
        // What a folder will bring is not taken twice.
        files.retain(|file| !(named_as_dump(file) && folders.iter().any(|folder| lies_in(file, folder))));
        let all = self.all;
        let walked = folders.into_iter().flat_map(move |folder| walk(&folder, all));
        files.into_iter().map(Found::from).chain(walked)
    }
}

impl Places {
    /// Whether a file is taken, by its name or its first bytes.
    pub(crate) fn takes(&self, path: &Path) -> bool {
        named_as_dump(path) || (self.all && begins_as_dump(path))
    }
}

/// Without folders that lie in others, or are named twice.
fn outermost(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for folder in folders {
        if kept.iter().any(|outer| lies_in(&folder, outer)) {
            continue;
        }
        kept.retain(|inner| !lies_in(inner, &folder));
        kept.push(folder);
    }
    kept
}

/// Whether a path leads to something in a folder, or to the folder itself.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let (Ok(path), Ok(folder)) = (path.canonicalize(), folder.canonicalize()) else { return false };
    path.starts_with(folder)
}

fn walk(folder: &Path, all: bool) -> impl Iterator<Item = Found> + use<> {
    let entries = WalkDir::new(folder).follow_links(false).into_iter();
    entries.filter_map(move |entry| match entry {
        Ok(entry) => is_dump(&entry, all).then(|| entry.into_path().into()),
        Err(error) => {
            let path = error.path().map(Path::to_path_buf).unwrap_or_default();
            let message = error.to_string();
            let error = error.into_io_error();
            let failure = error.map_or_else(|| Failure::new(Code::Unreadable, message), Failure::from);
            Some(Found::failed(path, failure))
        }
    })
}

fn is_dump(entry: &walkdir::DirEntry, all: bool) -> bool {
    let kind = entry.file_type();
    let is_file = kind.is_file() || (kind.is_symlink() && entry.path().is_file());
    is_file && (named_as_dump(entry.path()) || (all && begins_as_dump(entry.path())))
}

/// Whether a file's name ends as a dump's does.
pub(crate) fn named_as_dump(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Whether a file begins with a minidump's signature. One that cannot be read has no such name either, and is passed
/// over.
fn begins_as_dump(path: &Path) -> bool {
    let mut signature = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut signature));
    read.is_ok() && signature == *b"MDMP"
}

/// The paths of a list, one to a line; empty lines are none.
pub(crate) fn listed(mut list: impl BufRead + Send) -> impl Iterator<Item = Found> + Send {
    std::iter::from_fn(move || {
        loop {
            return match next_line(&mut list) {
                Ok(None) => None,
                Ok(Some(line)) if line.is_empty() => continue,
                Ok(Some(line)) if line.len() as u64 > LINE_BYTES => {
                    let message = format!("a line of more than {LINE_BYTES} bytes is no path");
                    Some(Found::failed(PathBuf::new(), Failure::new(Code::NotAFile, message)))
                }
                Ok(Some(line)) => Some(path_of(line).into()),
                Err(error) => Some(Found::failed(PathBuf::from("-"), error.into())),
            };
        }
    })
    .scan(false, |ended, found: Found| {
        // A list that cannot be read any further is told once.
        let last = found.path == Path::new("-") && found.failure.is_some();
        (!std::mem::replace(ended, last)).then_some(found)
    })
}

/// A line without its end; of one that is too long, a byte more than a line may have.
fn next_line(list: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if list.by_ref().take(LINE_BYTES + 2).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 > LINE_BYTES {
        list.skip_until(b'\n')?;
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(line))
}

#[cfg(unix)]
fn path_of(line: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(line).into()
}

#[cfg(not(unix))]
fn path_of(line: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&line).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_lines_in_either_way() {
        let list = b"a.dmp\r\n\r\nb c.dmp\n\nlast".as_slice();
        let paths: Vec<PathBuf> = listed(list).map(|found| found.path).collect();
        assert_eq!(paths, ["a.dmp", "b c.dmp", "last"].map(PathBuf::from));
    }

    #[test]
    fn a_line_without_end_is_one_failure() {
        let bytes = usize::try_from(LINE_BYTES).expect("small");
        let list = [vec![b'x'; 3 * bytes], b"\nnext\n".to_vec()].concat();
        let found: Vec<Found> = listed(list.as_slice()).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].failure.as_ref().map(|f| f.code), Some(Code::NotAFile));
        assert_eq!((found[1].path.as_path(), found[1].failure.is_none()), (Path::new("next"), true));
    }

    #[test]
    fn endings_in_any_case() {
        assert!(["a.dmp", "A.DMP", "x.y.mdmp", "/t/b.HDmp"].iter().all(|name| named_as_dump(name.as_ref())));
        assert!(!["a.dmp.zst", "dmp", ".dmp", "a.txt"].iter().any(|name| named_as_dump(name.as_ref())));
    }
}
