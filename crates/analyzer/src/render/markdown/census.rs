//! What fills the memory: the sentence, and the groups that it summarizes.

use super::escape::{code, safe};
use super::table;
use crate::contents::{BlockSizeRow, CensusReport, ClassReport};
use crate::facts::number::size_text;
use crate::findings::census_words::{self as words, share};
use crate::findings::grouped;
use crate::render::escape;
use crate::report::Report;

/// Rows of a table that are shown.
const SHOWN: usize = 8;

/// The whole answer of `dumplens census` for a ticket: uses, groups, sizes of heap blocks, classes.
pub fn census(census: Option<&CensusReport>) -> String {
    let Some(census) = census.filter(|census| census.private_bytes > 0) else {
        return "The dump has no memory map that shows private memory.\n".to_owned();
    };
    let mut out = String::new();
    section(&mut out, census);
    let mut out = out.trim_start().to_owned();
    if !census.sizes.is_empty() {
        out.push_str("\n### Heap blocks by size\n");
        let row = |row: &BlockSizeRow| {
            let bytes = words::estimated(row.bytes, row.bytes_margin);
            vec![grouped(row.size_bytes), grouped(row.blocks), bytes]
        };
        table(&mut out, &[">Requested bytes", ">Blocks", ">Size"], census.sizes.iter().map(row));
    }
    for (title, classes) in
        [("Objects by class", &census.classes), ("Pointers to vftables", &census.vftables)]
    {
        if classes.is_empty() {
            continue;
        }
        out.push_str(&format!("\n### {title}\n"));
        let row = |class: &ClassReport| {
            let bytes = words::estimated(class.bytes, class.bytes_margin);
            let name = code(&escape::line(&words::class(class)));
            vec![name, grouped(class.objects), bytes, grouped(class.pointers)]
        };
        table(&mut out, &["Class", ">Objects", ">Size", ">Pointers"], classes.iter().map(row));
    }
    out
}

/// Uses and groups of a report; nothing without a census.
pub(super) fn of_report(out: &mut String, report: &Report) {
    if let Some(census) = report.facts.census.as_deref().filter(|census| census.private_bytes > 0) {
        section(out, census);
    }
}

fn section(out: &mut String, census: &CensusReport) {
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
        let shape = escape::line(&words::shape_and_holder(group));
        let bytes = group.bytes;
        let example = code(&group.example.to_string());
        vec![safe(&words::count(group)), size_text(bytes), percent(bytes), example, safe(&shape)]
    };
    let heads = ["Of equal size", ">Size", ">of private commit", "One of them", "Shape"];
    table(out, &heads, census.groups.iter().take(SHOWN).map(row));
}
