//! Looking for a file in the folders given, whatever the case of its name.
//!
//! Only names that a folder lists are opened, never a path made up from the dump: `CON` and a fifo stay closed.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::identity::CodeViewRecord;
use super::warning::SymbolWarning;

/// Entries of one folder that are looked at: a symbol store of all of Windows has some 100,000 in its top folder.
const MOST_ENTRIES: usize = 1 << 20;

/// The folders, and what they list. Each is listed once.
#[derive(Debug)]
pub(super) struct Folders {
    dirs: Vec<PathBuf>,
    listed: HashMap<PathBuf, Listing>,
}

/// Name in lower case to path.
type Listing = HashMap<String, PathBuf>;

impl Folders {
    pub(super) fn new(dirs: Vec<PathBuf>) -> Folders {
        Folders { dirs, listed: HashMap::new() }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.dirs.is_empty()
    }

    /// The files that may be the PDB, most likely first: in each folder as in a symbol store, flat, and by the
    /// module's extension as `symbols\dll\x.pdb` and `dll\x.pdb`.
    pub(super) fn candidates(
        &mut self,
        record: &CodeViewRecord,
        extension: &str,
        warnings: &mut Vec<SymbolWarning>,
    ) -> Vec<PathBuf> {
        let (file, id) = (record.file.to_ascii_lowercase(), record.id.to_string().to_ascii_lowercase());
        let layouts: [&[&str]; 4] =
            [&[&file, &id, &file], &[&file], &["symbols", extension, &file], &[extension, &file]];
        let mut found = Vec::new();
        for dir in self.dirs.clone() {
            if let Err(error) = self.list(&dir) {
                let folder = dir.to_string_lossy().into_owned();
                let warning = SymbolWarning::FolderUnreadable { folder, why: error.to_string() };
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
            let files = layouts.iter().filter_map(|layout| self.follow(&dir, layout));
            found.extend(files.filter(|file| fs::metadata(file).is_ok_and(|data| data.is_file())));
        }
        found
    }

    /// The path of which each step is listed in the one before.
    fn follow(&mut self, dir: &Path, steps: &[&str]) -> Option<PathBuf> {
        let mut at = dir.to_path_buf();
        for step in steps {
            self.list(&at).ok()?;
            at = self.listed.get(&at)?.get(*step)?.clone();
        }
        Some(at)
    }

    fn list(&mut self, dir: &Path) -> io::Result<()> {
        if self.listed.contains_key(dir) {
            return Ok(());
        }
        let mut listing = Listing::new();
        let mut entries = fs::read_dir(dir)?;
        for entry in entries.by_ref().take(MOST_ENTRIES) {
            let path = entry?.path();
            if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                // Of several spellings of a name the same one is taken each time.
                let kept = listing.entry(name.to_ascii_lowercase()).or_insert_with(|| path.clone());
                if path < *kept {
                    *kept = path;
                }
            }
        }
        self.listed.insert(dir.to_path_buf(), listing);
        match entries.next() {
            Some(_) => Err(io::Error::other(format!("only the first {MOST_ENTRIES} entries are looked at"))),
            None => Ok(()),
        }
    }
}
