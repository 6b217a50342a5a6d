//! Allocations, heaps, modules, handles, streams and warnings.

use super::escape::{maybe, number, text, words};
use super::table;
use crate::facts::number::{hex, size_text};
use crate::facts::{AllocationReport, HandleCount, HeapReport, ModuleReport, StreamReport, WarningReport};
use crate::report::Report;

/// Modules and handles that are listed.
const MOST: usize = 2000;

/// What is left of the report, each list folded.
pub(super) fn lists(out: &mut String, report: &Report) {
    let bits = report.facts.dump.pointer_bits;
    if let Some(allocations) = &report.facts.memory.allocations {
        let row = |a: &AllocationReport| {
            format!(
                "{}{}{}<td>{}</td><td>{}</td>{}",
                number(hex(a.base.0, bits)),
                number(size_text(a.size_bytes)),
                number(size_text(a.committed_bytes)),
                text(&a.kind),
                text(&a.usage),
                words(a.hint.as_deref().unwrap_or_default())
            )
        };
        let heads = [">Base", ">Size", ">Committed", "Type", "Usage", "Looks like"];
        folded(out, "Largest allocations", allocations.largest.iter().map(row).collect(), &heads);
    }
    folded(
        out,
        "Heaps",
        report.facts.heaps.iter().map(|heap| self::heap(heap, bits)).collect(),
        &[
            "Heap",
            "Kind",
            ">Committed",
            ">Reserved",
            ">Segments",
            ">Large blocks",
            ">Largest block",
            "Faults",
        ],
    );
    folded(
        out,
        "Modules",
        report.facts.modules.iter().take(MOST).map(|module| self::module(module, bits)).collect(),
        &[">Base", ">Size", "Path", "Version", ">Private", "PDB"],
    );
    let handles = report.facts.process.handles.iter().flatten();
    let row = |h: &HandleCount| format!("<th scope=row>{}</th>{}", text(&h.kind), number(h.count));
    folded(out, "Handles", handles.take(MOST).map(row).collect(), &["Type", ">Count"]);
    let row = |s: &StreamReport| {
        format!(
            "<th scope=row>{}</th>{}{}",
            text(&s.name),
            number(format!("{:#x}", s.kind)),
            number(s.size_bytes)
        )
    };
    folded(
        out,
        "Streams",
        report.facts.dump.streams.iter().take(MOST).map(row).collect(),
        &["Stream", ">Type", ">Bytes"],
    );
    warnings(out, &report.facts.warnings);
}

fn heap(heap: &HeapReport, bits: u32) -> String {
    format!(
        "<th scope=row>{}</th><td>{}</td>{}{}{}{}{}{}",
        text(&hex(heap.handle.0, bits)),
        text(heap.kind.name()),
        number(size_text(heap.committed_bytes)),
        number(size_text(heap.reserved_bytes)),
        number(heap.segments),
        number(heap.large_blocks),
        number(heap.largest_block.map(|block| size_text(block.size_bytes)).unwrap_or_default()),
        words(&heap.faults.join("; "))
    )
}

fn module(module: &ModuleReport, bits: u32) -> String {
    format!(
        "{}{}{}<td>{}</td>{}{}",
        number(hex(module.base.0, bits)),
        number(size_text(module.size_bytes)),
        words(&module.path),
        maybe(module.version.as_deref()),
        number(module.private_bytes.map(size_text).unwrap_or_default()),
        words(module.pdb.as_deref().unwrap_or_default())
    )
}

fn folded(out: &mut String, title: &str, rows: Vec<String>, heads: &[&str]) {
    if rows.is_empty() {
        return;
    }
    let count = rows.len();
    out.push_str(&format!("<section><details><summary><h2>{title} <small>{count}</small></h2></summary>\n"));
    table(out, "", heads, rows.into_iter());
    out.push_str("</details></section>\n");
}

fn warnings(out: &mut String, warnings: &[WarningReport]) {
    if warnings.is_empty() {
        return;
    }
    let rows =
        warnings.iter().map(|w| format!("<li><code>{}</code> {}</li>\n", text(&w.code), text(&w.message)));
    out.push_str(&format!(
        "<section class=warnings><h2>Warnings</h2>\n<p class=note>What was dropped, repaired or guessed.</p>\n<ul>{}</ul></section>\n",
        rows.collect::<String>()
    ));
}
