//! Modules as `lm` lists them, with versions and PDBs, and those that were unloaded.

use super::warnings;
use crate::facts::ModuleReport;
use crate::facts::number::padded_hex;
use crate::process::module_names::module_name;
use crate::render::escape;
use crate::report::Report;

/// Widest column that a name or a version may ask for; a longer one pushes its own line to the right.
const WIDEST: usize = 40;

/// The whole answer of `dumplens modules`.
pub fn modules(report: &Report) -> String {
    let mut out = list(report);
    warnings(&mut out, &report.facts.warnings);
    out
}

/// The same without the warnings.
pub(super) fn list(report: &Report) -> String {
    let (facts, bits) = (&report.facts, report.facts.dump.pointer_bits);
    if facts.modules.is_empty() {
        return "no modules in the dump\n".to_owned();
    }
    let rows: Vec<[String; 6]> = facts.modules.iter().map(|module| row(module, bits)).collect();
    let head = ["Start", "End", "Module", "Version", "PDB", "Debug id"].map(str::to_owned);
    let mut out = String::new();
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let longest = rows.iter().chain([&head]).map(|row| row[column].chars().count()).max();
        longest.unwrap_or(0).min(WIDEST)
    });
    for (row, path) in std::iter::once((&head, "Path")).chain(rows.iter().zip(paths(&facts.modules))) {
        for (cell, width) in row.iter().zip(widths) {
            out.push_str(&format!("{cell:<width$}  "));
        }
        out.push_str(&escape::line(path));
        out.push('\n');
    }
    if !facts.unloaded_modules.is_empty() {
        out.push_str("\nUnloaded modules\n");
        for module in &facts.unloaded_modules {
            let end = module.base.0.saturating_add(module.size_bytes);
            let name =
                if module.name.is_empty() { "(no name)".to_owned() } else { escape::line(&module.name) };
            out.push_str(&format!(
                "{}  {}  {name}\n",
                padded_hex(module.base.0, bits),
                padded_hex(end, bits)
            ));
        }
    }
    out
}

fn paths(modules: &[ModuleReport]) -> impl Iterator<Item = &str> {
    modules.iter().map(|module| module.path.as_str())
}

/// What is not in the dump is a dash.
fn row(module: &ModuleReport, bits: u32) -> [String; 6] {
    let known = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), escape::line);
    [
        padded_hex(module.base.0, bits),
        padded_hex(module.base.0.saturating_add(module.size_bytes), bits),
        known(Some(module_name(&module.path)).filter(|name| !name.is_empty())),
        known(module.version.as_deref()),
        known(module.pdb.as_deref()),
        known(module.debug_id.as_deref()),
    ]
}
