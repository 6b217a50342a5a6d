//! The heaps: `!heap -s`, as far as their structures show it.

use super::warnings;
use crate::facts::number::{hex, size_text};
use crate::facts::{HeapReport, LayoutProof};
use crate::render::escape;
use crate::report::Report;

/// The whole answer of `dumplens heaps`.
pub fn heaps(report: &Report) -> String {
    let mut out = String::new();
    let bits = report.facts.dump.pointer_bits;
    let width = if bits == 32 { 9 } else { 18 };
    out.push_str(&format!(
        "  ID{:>width$}  {:<8}{:>9}{:>9}{:>13}{:>13}{:>13}{:>13}  Agree\n",
        "Handle", "Kind", "Segments", "Large", "Large size", "Requested", "Committed", "Reserved"
    ));
    for heap in &report.facts.heaps {
        row(&mut out, heap, bits, width);
    }
    if report.facts.heaps.is_empty() {
        out.push_str(
            "no heaps are known: the PEB lists none, or the dump does not contain it, or has no memory map\n",
        );
    }
    let [committed, reserved] = [
        report.facts.heaps.iter().map(|heap| heap.committed_bytes).sum::<u64>(),
        report.facts.heaps.iter().map(|heap| heap.reserved_bytes).sum::<u64>(),
    ];
    if report.facts.heaps.len() > 1 {
        out.push_str(&format!(
            "\n{} heaps: {} committed, {} reserved.\n",
            report.facts.heaps.len(),
            size_text(committed),
            size_text(reserved)
        ));
    }
    for heap in &report.facts.heaps {
        notes(&mut out, heap, bits);
    }
    warnings(&mut out, &report.facts.warnings);
    out
}

fn row(out: &mut String, heap: &HeapReport, bits: u32, width: usize) {
    let agree = match heap.counters.agree {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    };
    out.push_str(&format!(
        "{:>4}{:>width$}  {:<8}{:>9}{:>9}{:>13}{:>13}{:>13}{:>13}  {agree}\n",
        heap.index,
        hex(heap.handle.0, bits),
        kind(heap),
        heap.segments,
        heap.large_blocks,
        size_text(heap.large_bytes),
        size_text(heap.large_user_bytes),
        size_text(heap.committed_bytes),
        size_text(heap.reserved_bytes),
    ));
}

fn kind(heap: &HeapReport) -> String {
    format!("{}{}", heap.kind, if heap.bits == 32 { "32" } else { "" })
}

/// The layout, the largest block, counters that differ, faults.
fn notes(out: &mut String, heap: &HeapReport, bits: u32) {
    let mut lines = Vec::new();
    if let Some(layout) = &heap.layout {
        let basis = match heap.basis {
            Some(LayoutProof::Verified) => ", verified on this build",
            Some(LayoutProof::Between) => ", which another build has and this one seems to",
            Some(LayoutProof::Published) => ", as it was published",
            None => "",
        };
        lines.push(format!("read as {layout}{basis}"));
    }
    if heap.metadata {
        lines.push("Windows keeps the records of other heaps here; the program has nothing in it".to_owned());
    }
    match (&heap.block_use, heap.counters.free_bytes) {
        (Some(blocks), _) => {
            let sure = if blocks.faults.is_empty() {
                "counted block by block"
            } else {
                "as far as its blocks can be read"
            };
            lines.push(format!("{} ({sure})", super::blocks::in_use(blocks)));
            lines.extend(blocks.faults.iter().cloned());
        }
        (None, Some(free)) => {
            lines.push(format!("{} free by its own counters (--stat counts)", size_text(free)));
        }
        (None, None) => {}
    }
    if let Some(block) = heap.largest_block {
        lines.push(format!("largest block {} at {}", size_text(block.size_bytes), hex(block.base.0, bits)));
    }
    if heap.counters.agree == Some(false) {
        let c = &heap.counters;
        let number = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let bytes = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), size_text);
        lines.push(format!(
            "counts itself {} segments and {} in large blocks",
            number(c.segments),
            bytes(c.large_bytes)
        ));
    }
    lines.extend(heap.faults.iter().map(|fault| escape::line(fault)));
    if !lines.is_empty() {
        out.push_str(&format!("\nHeap {} at {}:\n", heap.index, hex(heap.handle.0, bits)));
        out.extend(lines.iter().map(|line| format!("  {line}\n")));
    }
}
