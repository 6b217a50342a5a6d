//! What changed between two dumps, for a ticket.

use super::escape::{safe, safe_code};
use super::{table, warnings};
use crate::diff::Difference;
use crate::facts::WarningReport;
use crate::render::difference;

/// The whole answer of `dumplens diff --format markdown`.
pub fn diff(difference: &Difference) -> String {
    let shown = difference::of(difference);
    let mut out = format!("## {}\n\n| | |\n|---|---|\n", safe(&shown.title));
    for (label, text) in &shown.facts {
        out.push_str(&format!("| {label} | {} |\n", safe(text)));
    }
    for sentence in &shown.sentences {
        out.push_str(&format!("\n{}\n", safe(sentence)));
    }
    let rated = difference.interval.rated().is_some();
    for section in &shown.sections {
        out.push_str(&format!("\n### {}\n", safe(&section.title)));
        let kept = |n: &usize| rated || section.columns.get(*n).is_none_or(|name| *name != ">Per hour");
        let columns: Vec<&str> =
            section.columns.iter().enumerate().filter(|(n, _)| kept(n)).map(|(_, name)| *name).collect();
        let row = |row: &Vec<String>| -> Vec<String> {
            let cells = row.iter().enumerate().filter(|(n, _)| kept(n)).map(|(_, cell)| cell);
            cells.enumerate().map(|(n, cell)| if n == 0 { safe_code(cell) } else { safe(cell) }).collect()
        };
        table(&mut out, &columns, section.rows.iter().map(row));
        if let Some(note) = &section.note {
            out.push_str(&format!("\n{}\n", safe(note)));
        }
    }
    let named = |prefix: &'static str| {
        move |w: &WarningReport| WarningReport {
            code: w.code.clone(),
            message: format!("{prefix}{}", w.message),
        }
    };
    let mut all = difference.warnings.clone();
    all.extend(difference.old.warnings.iter().map(named("old dump: ")));
    all.extend(difference.new.warnings.iter().map(named("new dump: ")));
    warnings(&mut out, &all);
    out.push_str(&format!("\n<sub>dumplens {}</sub>\n", env!("CARGO_PKG_VERSION")));
    out
}
