//! Which files are dumps: named ones, those of folders by their ending or signature, and those of a list.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::failure::{Code, Failure};
use crate::pattern::expand;

/// Endings of dumps, in lower case.
const ENDINGS: [&str; 3] = ["dmp", "mdmp", "hdmp"];
/// Bytes of a line that can be a path: twice what Windows allows, in UTF-8.
const LINE_BYTES: u64 = 128 << 10;

/// A file to look at, or why there is none.
#[derive(Debug, Clone)]
pub struct Found {
    /// As it was named or found.
    pub path: PathBuf,
    /// Why it cannot be looked at.
    pub failure: Option<Failure>,
}

impl Found {
    pub(crate) fn failed(path: PathBuf, failure: Failure) -> Found {
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
pub struct Places {
    /// Files, taken as they are, folders, and patterns with `*` and `?` of both.
    pub roots: Vec<PathBuf>,
    /// Whether any file of a folder is a dump that begins with MDMP.
    pub all: bool,
}

impl Places {
    /// The dumps, as they are met; folders below folders too, but none through a link.
    pub fn dumps(self) -> impl Iterator<Item = Found> + Send {
        let named = self.roots.into_iter().flat_map(expand);
        let (folders, mut files): (Vec<_>, Vec<_>) =
            named.partition(|found| found.failure.is_none() && found.path.is_dir());
        let folders = outermost(folders.into_iter().map(|found| found.path).collect());
        // What a folder will bring, or was named before, is not taken twice.
        let mut seen = HashSet::new();
        files.retain(|file| seen.insert(file.path.clone()));
        files.retain(|Found { path, .. }| {
            !(named_as_dump(path) && folders.iter().any(|folder| lies_in(path, folder)))
        });
        let all = self.all;
        let walked = folders.into_iter().flat_map(move |folder| walk(&folder, all));
        files.into_iter().chain(walked)
    }
}

impl Places {
    /// Whether a file is taken, by its name or its first bytes.
    pub fn takes(&self, path: &Path) -> bool {
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
pub fn named_as_dump(path: &Path) -> bool {
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
///
/// A mark of UTF-8 before the first is passed over, and a list in UTF-16 refused: programs of Windows write both.
pub fn listed(mut list: impl BufRead + Send) -> impl Iterator<Item = Found> + Send {
    let mut first = true;
    std::iter::from_fn(move || {
        loop {
            let mut line = next_line(&mut list);
            if let (Ok(Some(line)), true) = (&mut line, std::mem::take(&mut first)) {
                if line.starts_with(b"\xff\xfe") {
                    let why = "the list is UTF-16, and must be UTF-8";
                    return Some(Found::failed(PathBuf::from("-"), Failure::new(Code::NotAFile, why)));
                }
                if line.starts_with(b"\xef\xbb\xbf") {
                    line.drain(..3);
                }
            }
            return match line {
                Ok(None) => None,
                Ok(Some(line)) if line.is_empty() => continue,
                Ok(Some(line)) if line.len() as u64 > LINE_BYTES => {
                    let message = format!("a line of more than {LINE_BYTES} bytes is no path");
                    Some(Found::failed(PathBuf::new(), Failure::new(Code::NotAFile, message)))
                }
                Ok(Some(line)) => Some(path_of(line)),
                Err(error) => Some(Found::failed(PathBuf::from("-"), error.into())),
            };
        }
    })
    .scan(false, |ended, found: Found| {
        // A list that cannot be read any further is reported once.
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
fn path_of(line: Vec<u8>) -> Found {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(line)).into()
}

#[cfg(not(unix))]
fn path_of(line: Vec<u8>) -> Found {
    // Windows' names are text, and what a console's code page wrote cannot be known.
    match String::from_utf8(line) {
        Ok(line) => PathBuf::from(line).into(),
        Err(wrong) => {
            let path = String::from_utf8_lossy(wrong.as_bytes()).into_owned().into();
            Found::failed(path, Failure::new(Code::NotAFile, "a line that is not UTF-8 is no path"))
        }
    }
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
    fn marks_of_encodings() {
        let marked = b"\xef\xbb\xbfa.dmp\r\nb.dmp".as_slice();
        let paths: Vec<PathBuf> = listed(marked).map(|found| found.path).collect();
        assert_eq!(paths, ["a.dmp", "b.dmp"].map(PathBuf::from));
        let wide = b"\xff\xfea\0.\0d\0m\0p\0\r\0\n\0b\0".as_slice();
        let found: Vec<Found> = listed(wide).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].failure.as_ref().map(|f| f.code), Some(Code::NotAFile));
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
