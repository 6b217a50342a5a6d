//! Looking for a file in the given folders, ignoring the case of its name.
//!
//! Only files that a folder lists are opened, never a path that is made from names in the dump: `CON` and a fifo stay
//! closed.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::listings::{Extent, Known, Listings};
#[cfg(feature = "pdb")]
use super::search::Search;
use super::warning::SymbolWarning;

/// Folders inside a folder that are looked into: one that has more is a symbol store, or no place for PDBs at all.
const MOST_INSIDE: usize = 64;

/// A file that is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'w> {
    /// The folder of a symbol store in which it lies.
    pub(super) folder: &'w str,
    /// Its name.
    pub(super) file: &'w str,
    /// Its identity, as a symbol store names the folder.
    pub(super) id: &'w str,
    /// The extension of its module, as folders are named after it; empty if none is.
    pub(super) extension: &'w str,
}

/// The folders, and what they list. Each is listed once.
#[derive(Debug)]
pub(super) struct Folders {
    dirs: Vec<PathBuf>,
    /// One of them that is listed only if that is little, as are the folders inside it.
    small: Option<PathBuf>,
    all: Listings,
    known: HashMap<PathBuf, Arc<Known>>,
}

impl Folders {
    pub(super) fn new(dirs: Vec<PathBuf>, all: Listings) -> Folders {
        Folders { dirs, small: None, all, known: HashMap::new() }
    }

    /// The folders of a search.
    #[cfg(feature = "pdb")]
    pub(super) fn of(search: Search) -> Folders {
        // What is said not to be there must not be there.
        let named = |dir: &PathBuf| search.tell_missing || search.dirs.contains(dir);
        let small = search.beside.clone().filter(|dir| !named(dir));
        let dirs = search.dirs.into_iter().chain(search.beside).collect();
        Folders { small, ..Folders::new(dirs, search.listings) }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.dirs.is_empty()
    }

    /// The files that may be the one, most likely first: in each folder as in a symbol store, flat, by the module's
    /// extension as `symbols\dll\x.pdb` and `dll\x.pdb`, and, where none of these is there, flat in one of the folders
    /// inside it.
    pub(super) fn candidates(
        &mut self,
        wanted: &Wanted<'_>,
        warnings: &mut Vec<SymbolWarning>,
    ) -> Vec<PathBuf> {
        let Wanted { folder, file, id, extension } = *wanted;
        let layouts: [&[&str]; 4] =
            [&[folder, id, file], &[file], &["symbols", extension, file], &[extension, file]];
        let mut found = Vec::new();
        for dir in self.dirs.clone() {
            if let Err(error) = self.list(&dir) {
                let folder = dir.to_string_lossy().into_owned();
                let warning = SymbolWarning::FolderUnreadable { folder, why: error.to_string() };
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
            let before = found.len();
            let is_file = |file: &PathBuf| fs::metadata(file).is_ok_and(|data| data.is_file());
            found.extend(layouts.iter().filter_map(|layout| self.follow(&dir, layout)).filter(is_file));
            if found.len() == before {
                let inside = self.inside(&dir);
                found.extend(inside.iter().filter_map(|dir| self.follow(dir, &[file])).filter(is_file));
            }
        }
        found
    }

    /// What a folder lists that may be a folder, in order; none if there is too much of it, or it is not listed.
    fn inside(&self, dir: &Path) -> Vec<PathBuf> {
        let Some(Known::Listed(names)) = self.known.get(dir).map(Arc::as_ref) else { return Vec::new() };
        let mut inside: Vec<PathBuf> = names
            .iter()
            .filter(|(name, _)| Path::new(name).extension().is_none())
            .map(|(_, name)| dir.join(name))
            .take(MOST_INSIDE.saturating_add(1))
            .collect();
        inside.sort_unstable();
        if inside.len() > MOST_INSIDE { Vec::new() } else { inside }
    }

    /// The path of which each step is in the one before.
    fn follow(&mut self, dir: &Path, steps: &[&str]) -> Option<PathBuf> {
        let mut at = dir.to_path_buf();
        for step in steps {
            self.list(&at).ok()?;
            let name = self.known.get(&at)?.find(step)?;
            at = at.join(name);
        }
        Some(at)
    }

    /// What lies inside the small one is no larger.
    fn extent(&self, dir: &Path) -> Extent {
        let named = || self.dirs.iter().any(|named| named == dir && self.small.as_ref() != Some(named));
        let small = self.small.as_ref().is_some_and(|small| dir.starts_with(small)) && !named();
        if small { Extent::Small } else { Extent::Whole }
    }

    fn list(&mut self, dir: &Path) -> io::Result<()> {
        if self.known.contains_key(dir) {
            return Ok(());
        }
        let (known, cut) = self.all.of(dir, self.extent(dir))?;
        self.known.insert(dir.to_path_buf(), known);
        if cut { Err(io::Error::other("it has more entries than are looked at")) } else { Ok(()) }
    }
}
