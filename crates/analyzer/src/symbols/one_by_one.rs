//! Names in a folder that has too many files to list for one dump: each name is looked up as in the dump, and in lower
//! case.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::identity::file_name;
use super::listings::{leads, leaves};

/// Answers that are held.
const MOST_ANSWERS: usize = 4096;

/// A folder, and what was asked of it.
#[derive(Debug)]
pub(super) struct OneByOne {
    folder: PathBuf,
    /// Folders out of which no link may lead; any may if there are none.
    within: Arc<[PathBuf]>,
    answers: Mutex<HashMap<String, Option<OsString>>>,
}

impl OneByOne {
    pub(super) fn new(folder: &Path, within: &Arc<[PathBuf]>) -> OneByOne {
        OneByOne { folder: folder.to_owned(), within: Arc::clone(within), answers: Mutex::default() }
    }

    /// The spelling of a name that is there.
    pub(super) fn find(&self, name: &str) -> Option<OsString> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(name) {
            return answer.clone();
        }
        if answers.len() >= MOST_ANSWERS {
            answers.clear();
        }
        let lower = name.to_ascii_lowercase();
        let spelling = [name, &lower].into_iter().find(|name| is_plain(name) && self.has(name));
        let answer = spelling.map(OsString::from);
        answers.insert(name.to_owned(), answer.clone());
        answer
    }

    fn has(&self, name: &str) -> bool {
        let path = self.folder.join(name);
        let Ok(data) = fs::symlink_metadata(&path) else { return false };
        self.within.is_empty() || !leaves(&path, Ok(data.file_type()), &self.within)
    }
}

/// Whether a name of the dump leads to what a folder could list under it, and to nothing else: no path, and none of the names
/// that are devices on Windows, whatever follows them.
fn is_plain(name: &str) -> bool {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port = port.is_some_and(|number| number.chars().count() == 1);
    file_name(name) == Some(name) && leads(name) && !DEVICES.contains(&stem.as_str()) && !is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_they_are_and_in_lower_case() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("app.pdb"), "").expect("a file");
        let names = OneByOne::new(folder.path(), &Arc::default());
        assert_eq!(names.find("app.pdb"), Some("app.pdb".into()));
        assert!(names.find("App.PDB").is_some_and(|found| found.eq_ignore_ascii_case("app.pdb")));
        assert_eq!(names.find("other.pdb"), None);
        // The answer is held: the caller asks anew once the folder has changed.
        fs::write(folder.path().join("other.pdb"), "").expect("a file");
        assert_eq!(names.find("other.pdb"), None);
        assert!(OneByOne::new(folder.path(), &Arc::default()).find("other.pdb").is_some());
    }

    #[test]
    fn names_that_are_no_names_of_files_are_not_asked_for() {
        for name in [
            "",
            ".",
            "..",
            "a/b.pdb",
            "a\\b.pdb",
            "c:b.pdb",
            "CON",
            "nul.pdb",
            "Com1.x.pdb",
            "lpt¹",
            "aux .pdb",
        ] {
            assert!(!is_plain(name), "{name:?}");
        }
        for name in
            ["com.pdb", "com10.pdb", "console.pdb", "app.pdb", "dll", "c366b240c26490514c4c44205044422e1"]
        {
            assert!(is_plain(name), "{name:?}");
        }
        assert!(!is_plain("app.dmp"), "no name that leads to symbols");
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_folders_are_not_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let real = folder.path().canonicalize().expect("a path");
        let inside = real.join("inside");
        fs::create_dir(&inside).expect("a folder");
        fs::write(real.join("own.pdb"), "").expect("a file");
        std::os::unix::fs::symlink("../own.pdb", inside.join("link.pdb")).expect("a link");
        let find = |within: &[PathBuf]| OneByOne::new(&inside, &within.into()).find("link.pdb");
        assert_eq!(find(std::slice::from_ref(&inside)), None);
        assert!(find(&[real]).is_some() && find(&[]).is_some());
    }
}
