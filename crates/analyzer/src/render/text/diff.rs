//! What changed between two dumps.

use super::field;
use crate::diff::Difference;
use crate::facts::WarningReport;
use crate::render::difference::{self, Section};

/// Width to which sentences are broken.
const WIDTH: usize = 118;
/// How wide a column can be. What is wider (names in a dump can have 32,767 characters) stands out of its column.
const WIDEST: usize = 60;

/// The whole answer of `dumplens diff`.
pub fn diff(difference: &Difference) -> String {
    let shown = difference::of(difference);
    let mut out = format!("{}\n", shown.title);
    for (label, text) in &shown.facts {
        field(&mut out, label, std::slice::from_ref(text));
    }
    if !shown.sentences.is_empty() {
        out.push('\n');
    }
    for sentence in &shown.sentences {
        wrap(&mut out, sentence);
    }
    let rated = difference.interval.rated().is_some();
    for section in &shown.sections {
        table(&mut out, section, rated);
    }
    let sides = [("old dump: ", &difference.old.warnings), ("new dump: ", &difference.new.warnings)];
    let of = |(prefix, warnings): (&str, &Vec<WarningReport>)| -> Vec<WarningReport> {
        let named = |w: &WarningReport| WarningReport {
            code: w.code.clone(),
            message: format!("{prefix}{}", w.message),
        };
        warnings.iter().map(named).collect()
    };
    let all: Vec<WarningReport> =
        difference.warnings.iter().cloned().chain(sides.into_iter().flat_map(of)).collect();
    super::warnings(&mut out, &all);
    out
}

/// A sentence in lines, broken between words.
fn wrap(out: &mut String, sentence: &str) {
    let mut column = 0;
    for word in sentence.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            out.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}

fn table(out: &mut String, section: &Section, rated: bool) {
    out.push_str(&format!("\n--- {}\n", section.title));
    let shown: Vec<usize> =
        (0..section.columns.len()).filter(|n| rated || section.columns[*n] != ">Per hour").collect();
    let head: Vec<String> =
        section.columns.iter().map(|name| name.trim_start_matches('>').to_owned()).collect();
    let cell = |row: &[String], n: usize| row.get(n).cloned().unwrap_or_default();
    let lines = || std::iter::once(&head).chain(&section.rows);
    let widths: Vec<usize> = shown
        .iter()
        .map(|n| lines().map(|row| cell(row, *n).chars().count()).filter(|width| *width <= WIDEST).max())
        .map(Option::unwrap_or_default)
        .collect();
    for row in lines() {
        let cells = shown.iter().zip(&widths).map(|(n, width)| {
            let cell = cell(row, *n);
            if section.columns[*n].starts_with('>') {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    if let Some(note) = &section.note {
        out.push_str(&format!("({note})\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rust's own formatting panics on a width of 65,536.
    #[test]
    fn a_name_of_any_length_stands_out_of_its_column() {
        let (long, short) = ("\\u{1b}".repeat(11_000), "Event".to_owned());
        let rows = [&long, &short].map(|name| vec![name.clone(), "7".to_owned()]).to_vec();
        let section = Section { title: "Handles".into(), columns: vec!["Type", ">Old"], rows, note: None };
        let mut out = String::new();
        table(&mut out, &section, true);
        assert_eq!(out, format!("\n--- Handles\nType   Old\n{long}    7\nEvent    7\n"));
    }
}
