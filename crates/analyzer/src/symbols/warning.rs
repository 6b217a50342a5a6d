//! What was wrong with symbols: none of it stops an answer.

use std::fmt;
#[cfg(feature = "pdb")]
use std::path::Path;

#[cfg(feature = "pdb")]
use super::identity::PdbId;

/// Files that one warning names.
const TOLD: usize = 8;

/// Something that a reader must know who expected a name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SymbolWarning {
    /// A PDB of the right name belongs to another build, and no other was found.
    PdbMismatch {
        /// The file.
        file: String,
        /// GUID and age of the module.
        wanted: String,
        /// GUID and age of the file.
        found: String,
    },
    /// A PDB, or a part of one, could not be read.
    PdbUnreadable {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// PDBs of modules that were asked for are in none of the places named.
    PdbsNotFound {
        /// File, and GUID and age, of each.
        pdbs: Vec<String>,
    },
    /// The module's debug record names a file that cannot be one.
    PdbNameUnusable {
        /// The module.
        module: String,
        /// What it names.
        name: String,
    },
    /// A file that has the name of an image is not used.
    ImageRefused {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// Images of modules are in none of the places named.
    ImagesNotFound {
        /// File, and time stamp and size, of each.
        images: Vec<String>,
    },
    /// What the dump left out was read from files.
    ImagesUsed {
        /// The files.
        files: Vec<String>,
    },
    /// The export directory of an image is damaged.
    ExportsUnreadable {
        /// The module.
        module: String,
        /// Why.
        why: String,
    },
    /// Exports take so much that those of the last modules are not read.
    ExportsInAll,
    /// A folder of the search path could not be listed, or not to its end.
    FolderUnreadable {
        /// The folder.
        folder: String,
        /// Why.
        why: String,
    },
    /// A part of `_NT_SYMBOL_PATH` is not local.
    ServerIgnored {
        /// It.
        part: String,
    },
    /// The symbol server could not be asked, or its answer not be used.
    ServerFailed {
        /// The PDB asked for.
        pdb: String,
        /// Why.
        why: String,
    },
    /// Names of functions are so long that not all are given.
    NamesInAll,
    /// A server was given, and this build has none.
    ServerUnsupported,
    /// Folders were given, and this build reads no PDBs.
    PdbUnsupported,
}

impl SymbolWarning {
    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            SymbolWarning::PdbMismatch { .. } => "pdb_mismatch",
            SymbolWarning::PdbUnreadable { .. } => "pdb_unreadable",
            SymbolWarning::PdbsNotFound { .. } => "pdbs_not_found",
            SymbolWarning::PdbNameUnusable { .. } => "pdb_name_unusable",
            SymbolWarning::ImageRefused { .. } => "image_refused",
            SymbolWarning::ImagesNotFound { .. } => "images_not_found",
            SymbolWarning::ImagesUsed { .. } => "images_used",
            SymbolWarning::ExportsUnreadable { .. } => "exports_unreadable",
            SymbolWarning::ExportsInAll => "exports_cut",
            SymbolWarning::FolderUnreadable { .. } => "symbol_folder_unreadable",
            SymbolWarning::ServerIgnored { .. } => "symbol_server_ignored",
            SymbolWarning::ServerFailed { .. } => "symbol_server_failed",
            SymbolWarning::NamesInAll => "symbol_names_cut",
            SymbolWarning::ServerUnsupported => "symbol_server_unsupported",
            SymbolWarning::PdbUnsupported => "pdb_unsupported",
        }
    }
}

impl fmt::Display for SymbolWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SymbolWarning::PdbMismatch { file, wanted, found } => {
                write!(
                    f,
                    "{file} is not used: it belongs to another build ({found}; the module wants {wanted})"
                )
            }
            SymbolWarning::PdbUnreadable { file, why } => write!(f, "{file}: {why}"),
            SymbolWarning::PdbsNotFound { pdbs } => {
                write!(f, "not found in any of the folders: {}", shown(pdbs))
            }
            SymbolWarning::ImageRefused { file, why } => write!(f, "{file} is not used: {why}"),
            SymbolWarning::ImagesNotFound { images } => {
                write!(f, "not found in any of the image folders: {}", shown(images))
            }
            SymbolWarning::ImagesUsed { files } => write!(
                f,
                "code, exports and unwind data that the dump does not contain come from files, which have them as they were \
                 before the program ran: {}",
                shown(files)
            ),
            SymbolWarning::PdbNameUnusable { module, name } => {
                write!(
                    f,
                    "{module} names '{name}' as its PDB, which is not a file name: no PDB is looked for"
                )
            }
            SymbolWarning::ExportsUnreadable { module, why } => {
                write!(f, "the exports of {module} are {why}")
            }
            SymbolWarning::ExportsInAll => f.write_str(
                "the exports of all modules take more than 64 MiB: those of the last modules are not read",
            ),
            SymbolWarning::FolderUnreadable { folder, why } => {
                write!(f, "{folder} cannot be searched: {why}")
            }
            SymbolWarning::ServerIgnored { part } => write!(
                f,
                "'{}' of _NT_SYMBOL_PATH is ignored: only its local folders are used (--symbol-server names a server)",
                super::search::bare_url(part)
            ),
            SymbolWarning::ServerFailed { pdb, why } => {
                write!(f, "the symbol server did not provide {pdb}: {why}")
            }
            SymbolWarning::NamesInAll => f.write_str(
                "the names of functions take more than 16 MiB: the last frames show only their modules",
            ),
            SymbolWarning::ServerUnsupported => f.write_str(
                "the symbol server is not asked: this build does not have the feature symbol-server",
            ),
            SymbolWarning::PdbUnsupported => {
                f.write_str("no PDB is looked for: this build does not have the feature pdb")
            }
        }
    }
}

/// The first of a list, and how many more there are.
fn shown(list: &[String]) -> String {
    let first = list.get(..list.len().min(TOLD)).unwrap_or_default().join(", ");
    match list.len().saturating_sub(TOLD) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

/// Why a file that has the right name is not used.
#[cfg(feature = "pdb")]
pub(super) fn refused(file: &Path, wanted: PdbId, error: &super::pdb::PdbError) -> SymbolWarning {
    let file = file.to_string_lossy().into_owned();
    match error {
        super::pdb::PdbError::Mismatch { found } => {
            SymbolWarning::PdbMismatch { file, wanted: wanted.to_string(), found: found.to_string() }
        }
        error => SymbolWarning::PdbUnreadable { file, why: error.to_string() },
    }
}
