//! What fills the memory: one sentence, then tables.

use std::ops::Range;

use super::warnings;
use crate::contents::{CensusReport, ClassReport, Extent, PageKind, ReadingReport};
use crate::facts::WarningReport;
use crate::facts::number::{hex, size_text};
use crate::findings::census_words::{self as words, share};
use crate::findings::grouped;
use crate::render::escape;

/// Rows of a table that are shown by default.
pub const SHOWN: Range<usize> = 0..20;

/// The whole answer of `dumplens census`. `shown` says which block sizes, classes and vftables are listed.
pub fn census(
    census: Option<&CensusReport>,
    warned: &[WarningReport],
    bits: u32,
    shown: &Range<usize>,
) -> String {
    let mut out = String::new();
    let Some(census) = census else {
        out.push_str("the dump has no memory map: private memory is not known\n");
        warnings(&mut out, warned);
        return out;
    };
    out.push_str(&format!(
        "{}\n\n{}\n",
        escape::line(&words::sentence(census)),
        read(&census.reading, census.private_bytes)
    ));
    uses(&mut out, census);
    groups(&mut out, census, bits);
    sizes(&mut out, census, shown);
    classes(&mut out, census, shown, bits);
    pages(&mut out, census);
    out.extend(census.faults.iter().map(|fault| format!("{}\n", escape::line(fault))));
    warnings(&mut out, warned);
    out
}

/// What was read.
fn read(reading: &ReadingReport, private: u64) -> String {
    let private = size_text(private);
    let original = if reading.of_original { " of the original dump, before it was trimmed" } else { "" };
    match reading.extent {
        Extent::Map => format!("Private commit: {private}. Contents were not read."),
        Extent::Whole => format!(
            "Private commit: {private}. Read{original}: all of it that the dump contains, except stacks: {}.",
            size_text(reading.kept_bytes)
        ),
        Extent::Sample => {
            let segments = match reading.segments_bytes {
                0 => String::new(),
                of => {
                    let read = size_text(reading.segments_read_bytes);
                    format!(", and {read} of {} of heap segments", size_text(of))
                }
            };
            format!(
                "Private commit: {private}. Read{original}: a random sample of {} of {} units of 64 kB{segments}. The figure \
                 after ± is half of the 95% interval.",
                grouped(reading.units),
                grouped(reading.units_of),
            )
        }
    }
}

fn uses(out: &mut String, census: &CensusReport) {
    out.push_str(&format!("\n{:<30}{:>14}{:>9}{:>9}\n", "--- Use", "Size", "%", "cum. %"));
    let mut sum = 0u64;
    for row in &census.uses {
        sum = row.bytes.saturating_add(sum);
        out.push_str(&format!(
            "{:<30}{:>14}{:>9.2}{:>9.2}{}\n",
            words::use_title(row.of),
            size_text(row.bytes),
            share(row.bytes, census.private_bytes),
            share(sum, census.private_bytes),
            margin(row.bytes_margin)
        ));
    }
}

fn margin(margin: Option<u64>) -> String {
    match margin {
        Some(0) => String::new(),
        Some(bytes) => format!("  ± {}", size_text(bytes)),
        None => "  ± ?".to_owned(),
    }
}

fn groups(out: &mut String, census: &CensusReport, bits: u32) {
    if census.groups.is_empty() {
        return;
    }
    let head = ["%", "cum. %", "Example"];
    out.push_str(&format!(
        "\n{:<40}{:>14}{:>9}{:>9}  {:<width$}  Shape\n",
        "--- Of equal size",
        "Total",
        head[0],
        head[1],
        head[2],
        width = if bits == 32 { 8 } else { 17 }
    ));
    let mut sum = 0u64;
    for group in &census.groups {
        sum = group.bytes.saturating_add(sum);
        let shape = escape::line(&words::shape_and_holder(group));
        let row = format!(
            "{:<40}{:>14}{:>9.2}{:>9.2}  {:<width$}  {shape}",
            words::count(group),
            size_text(group.bytes),
            share(group.bytes, census.private_bytes),
            share(sum, census.private_bytes),
            hex(group.example.0, bits),
            width = if bits == 32 { 8 } else { 17 }
        );
        out.push_str(row.trim_end());
        out.push('\n');
        if let Some(text) = &group.text {
            out.push_str(&format!("    {}\n", escape::line(text)));
        }
    }
}

fn sizes(out: &mut String, census: &CensusReport, shown: &Range<usize>) {
    if census.sizes.is_empty() {
        return;
    }
    let busy =
        census.uses.iter().find(|row| row.of == crate::contents::Use::HeapBusy).map_or(0, |row| row.bytes);
    out.push_str(&format!(
        "\n{:>16}{:>14}{:>18}{:>9}{:>9}\n",
        "--- Heap blocks of", "Blocks", "Bytes", "%", "cum. %"
    ));
    let mut sum = 0u64;
    for (n, row) in census.sizes.iter().enumerate().take(shown.end) {
        sum = row.bytes.saturating_add(sum);
        if n < shown.start {
            continue;
        }
        out.push_str(&format!(
            "{:>18}{:>14}{:>18}{:>9.2}{:>9.2}{}\n",
            grouped(row.size_bytes),
            grouped(row.blocks),
            grouped(row.bytes),
            share(row.bytes, busy),
            share(sum, busy),
            margin(row.bytes_margin)
        ));
    }
    left(out, census.sizes.len(), census.sizes_left_out, shown, "sizes");
}

/// How many rows a table does not have.
fn left(out: &mut String, listed: usize, more: u64, shown: &Range<usize>, what: &str) {
    let rows = shown.end.min(listed).saturating_sub(shown.start);
    let left = more + listed.saturating_sub(rows) as u64;
    if left > 0 {
        out.push_str(&format!("  and {} other {what} (--all)\n", grouped(left)));
    }
}

fn classes(out: &mut String, census: &CensusReport, shown: &Range<usize>, bits: u32) {
    let width = if bits == 32 { 8 } else { 17 };
    if !census.classes.is_empty() {
        let head = ["--- Objects", "Bytes", "Pointers", "sizeof", "vftable"];
        out.push_str(&format!(
            "\n{:>11}{:>16}{:>12}{:>9}  {:<width$}  Name\n",
            head[0], head[1], head[2], head[3], head[4]
        ));
        for class in census.classes.iter().take(shown.end).skip(shown.start) {
            out.push_str(&format!("{:>11}{:>16}", grouped(class.objects), grouped(class.bytes)));
            out.push_str(&row(class, bits));
            out.push_str(&format!("{}\n", margin(class.bytes_margin)));
        }
        left(out, census.classes.len(), census.classes_left_out, shown, "classes");
    }
    if !census.vftables.is_empty() {
        out.push_str("\nOutside the heaps that were read: addresses of vftables, which may not be objects\n");
        out.push_str(&format!("{:>12}{:>9}  {:<width$}  Name\n", "--- Pointers", "sizeof", "vftable"));
        for class in census.vftables.iter().take(shown.end).skip(shown.start) {
            out.push_str(&row(class, bits));
            out.push('\n');
        }
        left(out, census.vftables.len(), census.vftables_left_out, shown, "vftables");
    }
}

/// The columns that both tables have.
fn row(class: &ClassReport, bits: u32) -> String {
    let size = class.size_bytes.map_or_else(String::new, |size| size.to_string());
    let width = if bits == 32 { 8 } else { 17 };
    let (pointers, vftable) = (grouped(class.pointers), hex(class.vftable.0, bits));
    format!("{pointers:>12}{size:>9}  {vftable:<width$}  {}", escape::line(&words::class(class)))
}

fn pages(out: &mut String, census: &CensusReport) {
    let all = census.pages.iter().fold(0, |sum: u64, row| sum.saturating_add(row.bytes));
    if all == 0 {
        return;
    }
    out.push_str(&format!("\n{:<30}{:>14}{:>9}\n", "--- Pages", "Size", "%"));
    for row in &census.pages {
        let name = match row.kind {
            PageKind::Zero => "zero",
            PageKind::Fill => "one repeated word",
            PageKind::Ascii => "text",
            PageKind::Utf8 => "UTF-8 text",
            PageKind::Utf16 => "UTF-16 text",
            PageKind::Random => "compressed or encrypted",
            PageKind::Mixed => "anything else",
        };
        let (bytes, off) = (row.bytes, margin(row.bytes_margin));
        out.push_str(&format!("{name:<30}{:>14}{:>9.2}{off}\n", size_text(bytes), share(bytes, all)));
    }
    if let Some(same) = census.duplicates.filter(|same| same.bytes > 0) {
        let about = if same.one_in == 1 { "" } else { "about " };
        out.push_str(&format!("{about}{} of these are copies of other pages\n", size_text(same.bytes)));
    }
    for image in &census.repeated_images {
        let (name, size) = (escape::line(&image.name), size_text(image.size_bytes));
        out.push_str(&format!("{name} is loaded {} times, {size} each\n", image.count));
    }
}
