//! Where a dump's symbols are looked for: folders that were named, `_NT_SYMBOL_PATH`, and the dump's own folder.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use dumplens_analyzer::Warning;
use dumplens_analyzer::facts::WarningReport;
use dumplens_analyzer::symbols::{Listings, Search, SymbolWarning, parse_nt_symbol_path};

/// Shared by all dumps: most lie in one folder.
static LISTINGS: LazyLock<Listings> = LazyLock::new(Listings::default);

/// The search for the symbols of a dump, in local folders only, and the parts of `_NT_SYMBOL_PATH` that were left out.
/// `dump` is its file, if it is one.
pub fn local_search(named: &[PathBuf], dump: Option<&Path>) -> (Search, Vec<WarningReport>) {
    let variable = std::env::var_os("_NT_SYMBOL_PATH").unwrap_or_default();
    let path = parse_nt_symbol_path(&variable.to_string_lossy());
    let mut dirs = named.to_vec();
    // The variable is there for other tools too, and may name folders of other machines.
    dirs.extend(path.dirs.into_iter().filter(|dir| dir.is_dir()));
    let own = |dir: &Path| if dir.as_os_str().is_empty() { Path::new(".").into() } else { dir.into() };
    let ignored = path.ignored.into_iter().map(|part| SymbolWarning::ServerIgnored { part });
    let warnings = ignored.map(|w| WarningReport::from(&Warning::Symbols(w))).collect();
    let tell_missing = !named.is_empty();
    let beside = dump.and_then(Path::parent).map(own);
    (Search { dirs, beside, server: None, tell_missing, listings: LISTINGS.clone() }, warnings)
}
