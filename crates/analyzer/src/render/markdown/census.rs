//! What fills the memory: the sentence, and the groups behind it.

use super::escape::{code, safe};
use super::table;
use crate::facts::number::size_text;
use crate::findings::census_words::{self as words, share};
use crate::render::escape;
use crate::report::Report;

/// Rows of a table that are shown.
const SHOWN: usize = 8;

/// Uses and groups; nothing without a census.
pub(super) fn census(out: &mut String, report: &Report) {
    let Some(census) = report.facts.census.as_deref().filter(|census| census.private_bytes > 0) else {
        return;
    };
    let sentence = escape::line(&words::sentence(census));
    out.push_str(&format!("\n### What fills the memory\n\n{}\n", safe(&sentence)));
    let percent = |bytes: u64| format!("{:.2}%", share(bytes, census.private_bytes));
    let uses = census.uses.iter().take(SHOWN);
    table(
        out,
        &["Use", ">Size", ">of private commit"],
        uses.map(|row| vec![safe(words::use_title(row.of)), size_text(row.bytes), percent(row.bytes)]),
    );
    if census.groups.is_empty() {
        return;
    }
    let row = |group: &crate::contents::GroupReport| {
        let shape = escape::line(&words::shape_cell(group.shape.as_ref()));
        let bytes = group.bytes;
        let example = code(&group.example.to_string());
        vec![safe(&words::count(group)), size_text(bytes), percent(bytes), example, safe(&shape)]
    };
    let heads = ["Of equal size", ">Size", ">of private commit", "One of them", "Shape"];
    table(out, &heads, census.groups.iter().take(SHOWN).map(row));
}
