//! Long paths on Windows. What Rust's own library opens may be as long as it likes; other libraries call Windows
//! themselves, and theirs end at 260 characters unless they are verbatim: `\\?\C:\…`.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf, Prefix};

/// MAX_PATH is 260; what is added to a name (`-journal`, a temporary file's name) has room below it.
const MOST: usize = 220;

/// The same path, as such libraries take it: verbatim if it is long. It is as it was for short paths, and on other
/// systems.
pub fn path(path: &Path) -> Cow<'_, Path> {
    let whole = if cfg!(windows) { std::path::absolute(path).ok() } else { None };
    let long = whole.filter(|whole| whole.as_os_str().len() > MOST);
    long.and_then(|whole| verbatim(&whole)).map_or(Cow::Borrowed(path), Cow::Owned)
}

/// A path from a drive or share on, which has no `.` and `..` in it any more.
fn verbatim(whole: &Path) -> Option<PathBuf> {
    let mut parts = whole.components();
    let Some(Component::Prefix(prefix)) = parts.next() else { return None };
    let mut verbatim = OsString::from(r"\\?\");
    match prefix.kind() {
        Prefix::Disk(_) => verbatim.push(prefix.as_os_str()),
        Prefix::UNC(server, share) => {
            for part in [r"UNC\".as_ref(), server, r"\".as_ref(), share] {
                verbatim.push(part);
            }
        }
        _ => return None,
    }
    verbatim.push(parts.as_path());
    Some(verbatim.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_paths_stay_as_they_are() {
        for short in ["a.dmp", "no/such/folder/a.dmp", ""] {
            assert!(matches!(path(Path::new(short)), Cow::Borrowed(same) if same == Path::new(short)));
        }
    }

    #[test]
    fn long_paths_are_the_same_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("x".repeat(100)).join("y".repeat(100)).join("z".repeat(100));
        std::fs::create_dir_all(&deep).expect("folders");
        let (there, new) = (deep.join("there.db"), deep.join("new.db"));
        std::fs::write(&there, "x").expect("a file");
        for of in [&deep, &there, &new] {
            let long = path(of);
            assert_eq!(long.to_string_lossy().starts_with(r"\\?\"), cfg!(windows), "{}", long.display());
            assert_eq!(long.exists(), of.exists());
        }
    }

    #[test]
    #[cfg(windows)]
    fn drives_and_shares() {
        let of = |path: &str| verbatim(Path::new(path)).map(|path| path.to_string_lossy().into_owned());
        assert_eq!(of(r"C:\a\b.dmp").as_deref(), Some(r"\\?\C:\a\b.dmp"));
        assert_eq!(of(r"\\server\share\a\b.dmp").as_deref(), Some(r"\\?\UNC\server\share\a\b.dmp"));
        assert_eq!(of(r"\\?\C:\a"), None, "it is verbatim already");
    }
}
