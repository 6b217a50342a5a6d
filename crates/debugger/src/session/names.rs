//! The names that the debugger gives modules.

use std::collections::BTreeSet;

use dumplens_analyzer::Process;

/// Characters of a module's name: what a file system allows.
const MOST_OF_NAME: usize = 255;

/// The names of all modules: of those whose names are equal, all but the first have their base behind it.
pub(super) fn names_of(process: &Process<'_>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let name = |module: &dumplens_core::Module| {
        let own = debugger_name(&module.name);
        let first = seen.insert(own.to_ascii_lowercase());
        if first { own } else { format!("{own}_{:x}", module.base) }
    };
    process.modules.iter().map(name).collect()
}

/// File name without extension; what is no letter or digit becomes `_`.
fn debugger_name(path: &str) -> String {
    let file = path.rsplit(['\\', '/']).next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.chars()
        .take(MOST_OF_NAME)
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
        .collect()
}
