//! The names that the debugger gives modules.

use std::collections::{BTreeMap, BTreeSet};

use dumplens_analyzer::Process;
use dumplens_core::{StreamType, last_name};

use super::Session;

/// Characters of a module's name: what a file system allows.
const MOST_OF_NAME: usize = 255;
/// Characters that are read behind a path that no NUL ends.
const MOST_BEHIND: usize = 256;
/// Entries of the module list whose paths are looked at.
const MOST_MODULES: usize = 4096;

/// Path and name of each module.
#[derive(Debug, Default)]
pub(super) struct Names {
    paths: Vec<Option<Box<str>>>,
    pub(super) names: Vec<String>,
}

impl Session<'_, '_> {
    /// The path of a module as the engine reads it.
    pub(crate) fn module_path(&self, index: usize) -> &str {
        let path = self.names.paths.get(index).and_then(Option::as_deref);
        path.or_else(|| self.process.modules.get(index).map(|module| module.name.as_str()))
            .unwrap_or_default()
    }
}

/// The names of all modules: of those whose names are equal, all but the first have their base behind it.
pub(super) fn names_of(process: &Process<'_>) -> Names {
    let mut seen = BTreeSet::new();
    let mut behind = behind_paths(process).unwrap_or_default();
    let mut all = Names::default();
    for module in &process.modules {
        let path = behind.remove(&module.base).map(|more| format!("{}{more}", module.name).into_boxed_str());
        let own = debugger_name(path.as_deref().unwrap_or(&module.name));
        let first = seen.insert(own.to_ascii_lowercase());
        all.names.push(if first { own } else { format!("{own}_{:x}", module.base) });
        all.paths.push(path);
    }
    all
}

/// What stands behind the paths that no NUL ends, by the modules' bases: the engine reads on to one, whatever it reads.
/// Writers other than Windows leave it out.
fn behind_paths(process: &Process<'_>) -> Option<BTreeMap<u64, String>> {
    /// `MINIDUMP_MODULE`: BaseOfImage at 0, ModuleNameRva at 0x14; 0x6c bytes.
    const MODULE: usize = 0x6c;
    const NAME: usize = 0x14;
    let dump = process.dump;
    let at = dump.stream(StreamType::MODULE_LIST)?;
    let count = usize::try_from(u32_at(&dump.file_bytes(at.rva, 4), 0)?).ok()?.min(MOST_MODULES);
    let table = count.checked_mul(MODULE)?;
    // Some writers align the entries.
    let head = usize::try_from(at.size).ok()?.checked_sub(table).filter(|head| matches!(head, 4 | 8))?;
    let entries = dump.file_bytes(at.rva + head as u64, table);
    let mut all = BTreeMap::new();
    for entry in entries.chunks_exact(MODULE) {
        let (low, high) = (u32_at(entry, 0)?, u32_at(entry, 4)?);
        let rva = u64::from(u32_at(entry, NAME)?);
        let length = u64::from(u32_at(&dump.file_bytes(rva, 4), 0)?);
        let bytes = dump.file_bytes(rva + 4 + length, 2 * MOST_BEHIND);
        let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let more: String = units.take_while(|unit| *unit != 0).map(shown).collect();
        if !more.is_empty() {
            all.insert(u64::from(high) << 32 | u64::from(low), more);
        }
    }
    Some(all)
}

/// A character as the engine's code page has it.
fn shown(unit: u16) -> char {
    u8::try_from(unit).map_or('?', char::from)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// File name without extension; what is no letter or digit becomes `_`.
fn debugger_name(path: &str) -> String {
    let file = last_name(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.chars()
        .take(MOST_OF_NAME)
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
        .collect()
}
