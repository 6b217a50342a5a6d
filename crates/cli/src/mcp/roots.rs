//! The folders in which files may be opened.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::open::shown;
use crate::remote;

/// Folders, with all links followed.
#[derive(Debug)]
pub(super) struct Roots(Vec<PathBuf>);

impl Roots {
    /// Fails for a folder that is not there.
    pub(super) fn new(dirs: &[PathBuf]) -> anyhow::Result<Roots> {
        let here = [PathBuf::from(".")];
        let dirs = if dirs.is_empty() { &here[..] } else { dirs };
        let real = |dir: &PathBuf| dir.canonicalize().with_context(|| shown(dir));
        Ok(Roots(dirs.iter().map(real).collect::<anyhow::Result<_>>()?))
    }

    /// The folders, with all links followed.
    pub(super) fn all(&self) -> &[PathBuf] {
        &self.0
    }

    /// The file or folder behind a path, links followed, if it lies in one of the folders. A path that is not absolute begins
    /// in the first of them.
    pub(super) fn resolve(&self, path: &str) -> anyhow::Result<PathBuf> {
        let path = Path::new(path);
        if remote::is_url(path) {
            bail!("{}: only files in the server's folders can be opened", shown(path));
        }
        let first = self.0.first().context("no folder")?;
        // Whether a file is there that may not be opened, is not told either.
        let refused = || format!("{}: no such file in the server's folders", shown(path));
        let real = first.join(path).canonicalize().ok().with_context(refused)?;
        if self.0.iter().any(|root| real.starts_with(root)) { Ok(real) } else { bail!(refused()) }
    }
}
