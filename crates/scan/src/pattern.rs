//! `*` and `?` in what was named: cmd.exe leaves them to the program, so they are expanded here, on every system.

use std::io;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use crate::failure::{Code, Failure};
use crate::find::Found;

/// What a path stands for: itself, or, where no file of that name exists and it has a `*` or `?`, what matches, in
/// order. `**` is any number of folders. A pattern that matches nothing is one failure.
pub(crate) fn expand(named: PathBuf) -> Vec<Found> {
    let Some(pattern) = pattern(&named) else { return vec![named.into()] };
    let options = MatchOptions {
        case_sensitive: cfg!(not(windows)),
        require_literal_separator: true,
        // As a shell has it where names with a dot are hidden.
        require_literal_leading_dot: cfg!(not(windows)),
    };
    let matches = match glob::glob_with(&pattern, options) {
        Ok(matches) => matches,
        Err(error) => {
            return vec![Found::failed(
                named,
                Failure::new(Code::NotFound, format!("as a pattern: {error}")),
            )];
        }
    };
    let mut found: Vec<Found> = matches
        .map(|one| match one {
            Ok(path) => path.into(),
            Err(error) => Found::failed(error.path().to_path_buf(), io::Error::from(error).into()),
        })
        .collect();
    if found.is_empty() {
        found.push(Found::failed(named, Failure::new(Code::NotFound, "nothing matches it")));
    }
    found
}

/// The path as a pattern; brackets stand for themselves, as in names of Windows. `None` for a plain path.
fn pattern(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    // The `?` of `\\?\` is none.
    let rest = if cfg!(windows) { text.strip_prefix(r"\\?\").unwrap_or(text) } else { text };
    let wild = rest.contains(['*', '?']) && !text.contains("://") && path.symlink_metadata().is_err();
    wild.then(|| text.replace('[', "[[]"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(found: &[Found]) -> Vec<String> {
        let name = |found: &Found| found.path.file_name().map(|n| n.to_string_lossy().into_owned());
        found.iter().filter_map(name).collect()
    }

    #[test]
    fn wildcards_match_as_in_a_shell() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("deep/er")).expect("a folder");
        for name in ["b.dmp", "a.dmp", "ab.txt", "[1].dmp", "deep/c.dmp", "deep/er/d.dmp"] {
            fs::write(at(name), "x").expect("a file");
        }
        let of = |pattern: &str| names(&expand(at(pattern)));
        assert_eq!(of("*.dmp"), ["[1].dmp", "a.dmp", "b.dmp"]);
        assert_eq!(of("?.dmp"), ["a.dmp", "b.dmp"]);
        assert_eq!(of("[1]*"), ["[1].dmp"]);
        assert_eq!(of("*/?.dmp"), ["c.dmp"]);
        assert_eq!(of("**/d*.dmp"), ["d.dmp"]);
        assert_eq!(of("*.DMP").len(), if cfg!(windows) { 3 } else { 1 }, "{:?}", of("*.DMP"));
    }

    #[test]
    fn what_matches_nothing_is_one_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        for pattern in ["*.dmp", "no/such/*.dmp", "***"] {
            let found = expand(folder.path().join(pattern));
            assert_eq!(found.len(), 1, "{pattern}");
            assert_eq!(found[0].failure.as_ref().map(|f| f.code), Some(Code::NotFound), "{pattern}");
        }
    }

    #[test]
    fn plain_names_and_addresses_are_no_patterns() {
        for plain in ["a.dmp", "[1].dmp", "no/such", "https://server/a.dmp?token=*"] {
            assert_eq!(pattern(Path::new(plain)), None, "{plain}");
        }
        assert_eq!(pattern(Path::new("[1]*")).as_deref(), Some("[[]1]*"));
    }

    /// Where the system allows such names, the file comes before the pattern.
    #[test]
    #[cfg(unix)]
    fn a_file_of_that_name_is_that_file() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["*.dmp", "a.dmp"] {
            fs::write(folder.path().join(name), "x").expect("a file");
        }
        assert_eq!(names(&expand(folder.path().join("*.dmp"))), ["*.dmp"]);
    }

    #[test]
    #[cfg(windows)]
    fn the_mark_of_a_long_path_is_no_wildcard() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().canonicalize().expect("a verbatim path");
        fs::write(folder.join("a.dmp"), "x").expect("a file");
        assert_eq!(pattern(&folder.join("no.dmp")), None);
        assert_eq!(names(&expand(folder.join("*.dmp"))), ["a.dmp"]);
    }
}
