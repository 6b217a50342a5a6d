//! What some tests need beyond what README names. A test that goes without it says so past the capture of what passing
//! tests print, and the last test of the workspace, `left_out`, says it again where it is seen: at the end.
#![allow(dead_code)] // no test uses all of it

use std::collections::BTreeSet;
use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Something that is not on every machine.
#[derive(Debug)]
pub(crate) struct Need {
    /// What is left out without it.
    tests: &'static str,
    /// What it is, and how to give it to the tests.
    what: &'static str,
    here: fn() -> bool,
}

pub(crate) const KNOWN_DUMPS: Need = Need {
    tests: "dumps of real programs, and real output of !address",
    what: "the team's reference folder, where DUMPLENS_SHARED points",
    here: || folder().is_dir(),
};
pub(crate) const ZSTD: Need = Need {
    tests: "those dumps of real programs that are packed",
    what: "the program zstd",
    here: || runs("zstd", &["--version"]),
};
pub(crate) const PYTHON: Need = Need {
    tests: "another reader of the same dumps, reader.py",
    what: "Python 3.9 or newer",
    here: || python().is_some(),
};
pub(crate) const BROWSER: Need = Need {
    tests: "the HTML page in a browser",
    what: "a Chromium that DUMPLENS_BROWSER names, and Node in the path",
    here: || env::var_os("DUMPLENS_BROWSER").is_some() && runs("node", &["--version"]),
};
pub(crate) const IMAGES: Need = Need {
    tests: "frames of other images, undone one by one",
    what: "a folder of images and their states, which DUMPLENS_ORACLE names",
    here: || env::var_os("DUMPLENS_ORACLE").is_some(),
};
pub(crate) const LOCKED_FILES: Need =
    Need { tests: "a dump that may not be read", what: "a user other than root", here: is_kept_out };
pub(crate) const SPARSE_FILES: Need = Need {
    tests: "a PDB of 8 GiB",
    what: "a disk for temporary files that keeps sparse ones",
    here: || tempfile::tempfile().and_then(|file| file.set_len(8 << 30)).is_ok(),
};

pub(crate) const ALL: [Need; 7] = [KNOWN_DUMPS, ZSTD, PYTHON, BROWSER, IMAGES, LOCKED_FILES, SPARSE_FILES];

impl Need {
    /// `left out: …; needs …`, if it is not here.
    pub(crate) fn unmet(&self) -> Option<String> {
        (!(self.here)()).then(|| format!("left out: {}; needs {}\n", self.tests, self.what))
    }

    /// Whether it is here. If not, that is said, once for a program: the test is to return.
    pub(crate) fn is_met(&self) -> bool {
        static SAID: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
        let unmet = self.unmet();
        if let Some(line) = &unmet
            && SAID.lock().expect("no test fails here").insert(self.tests)
        {
            say(line);
        }
        unmet.is_none()
    }
}

/// Straight to standard error: what is printed by the macros is only seen of tests that fail.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// `shared` beside the project, or where `DUMPLENS_SHARED` points.
fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    env::var_os("DUMPLENS_SHARED").map_or_else(beside, PathBuf::from).join("truth")
}

/// The team's reference folder.
pub(crate) fn shared() -> Option<PathBuf> {
    KNOWN_DUMPS.is_met().then(|| folder().parent().expect("a folder above").to_owned())
}

/// The name of a Python 3.9 or newer.
pub(crate) fn python() -> Option<&'static str> {
    let new_enough = "import sys; sys.exit(sys.version_info < (3, 9))";
    ["python3", "python"].into_iter().find(|name| runs(name, &["-c", new_enough]))
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether a file without permissions keeps this user out; root reads everything.
#[cfg(unix)]
fn is_kept_out() -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o000)).expect("permissions");
    std::fs::File::open(file.path()).is_err()
}

/// The test is for Unix alone.
#[cfg(not(unix))]
fn is_kept_out() -> bool {
    true
}
