//! Blocks of heaps: `!heap -stat`, and a line for each.

use crate::facts::number::{hex, size_text};
use crate::facts::{BlockReport, BlockSizeReport, HeapBlocksReport};
use crate::findings::grouped;
use crate::report::Report;

/// Sizes that are shown of each heap; the others are added up.
const SHOWN: usize = 20;

/// The head of a list of blocks.
pub fn block_header(bits: u32) -> String {
    let width = if bits == 32 { 10 } else { 18 };
    format!("{:<width$}  {:<width$}  {:>14}  Backend\n", "Heap", "Address", "Size")
}

/// A line of a list of blocks.
pub fn block_row(block: &BlockReport, bits: u32) -> String {
    let width = if bits == 32 { 10 } else { 18 };
    let (heap, address) = (hex(block.heap.0, bits), hex(block.address.0, bits));
    format!("{heap:<width$}  {address:<width$}  {:>14}  {}\n", block.size_bytes, block.backend)
}

/// The sizes of blocks, over all heaps and for each.
pub fn block_sizes(report: &Report, all: &HeapBlocksReport) -> String {
    let bits = report.facts.dump.pointer_bits;
    let mut out = String::new();
    if report.facts.heaps.len() != 1 {
        table(&mut out, "All heaps", all);
    }
    for heap in &report.facts.heaps {
        if let Some(blocks) = heap.block_use.as_ref().filter(|blocks| blocks.busy_blocks > 0) {
            table(
                &mut out,
                &format!("Heap {} at {} ({})", heap.index, hex(heap.handle.0, bits), heap.kind),
                blocks,
            );
        }
    }
    super::warnings(&mut out, &report.facts.warnings);
    out
}

/// What a heap has in use, as a sentence.
pub(super) fn in_use(blocks: &HeapBlocksReport) -> String {
    format!(
        "{} blocks in use, {} requested, {} overhead, {} free",
        grouped(blocks.busy_blocks),
        size_text(blocks.busy_bytes),
        size_text(blocks.overhead_bytes),
        size_text(blocks.free_bytes)
    )
}

fn table(out: &mut String, title: &str, blocks: &HeapBlocksReport) {
    out.push_str(&format!("{title}: {}\n", in_use(blocks)));
    out.push_str(&format!(
        "{:>14}{:>14}{:>9}{:>18}{:>9}{:>9}\n",
        "Size", "Blocks", "%", "Bytes", "%", "cum. %"
    ));
    let rows = blocks.sizes.as_deref().unwrap_or_default();
    let mut sum = 0;
    for row in rows.iter().take(SHOWN) {
        sum += row.bytes;
        self::row(out, row, sum, blocks);
    }
    if let Some(rest) = rows.get(SHOWN..).filter(|rest| !rest.is_empty()) {
        let add = |pick: fn(&BlockSizeReport) -> u64| rest.iter().map(pick).sum::<u64>();
        out.push_str(&format!(
            "  and {} blocks of {} other sizes, {} bytes\n",
            grouped(add(|row| row.blocks)),
            grouped(rest.len() as u64),
            grouped(add(|row| row.bytes))
        ));
    }
    for fault in &blocks.faults {
        out.push_str(&format!("  {fault}\n"));
    }
    out.push('\n');
}

fn row(out: &mut String, row: &BlockSizeReport, sum: u64, all: &HeapBlocksReport) {
    let size = row.size_bytes.map_or_else(|| "other sizes".to_owned(), grouped);
    let share = |part: u64, of: u64| if of == 0 { 0.0 } else { 100.0 * part as f64 / of as f64 };
    out.push_str(&format!(
        "{size:>14}{:>14}{:>9.2}{:>18}{:>9.2}{:>9.2}\n",
        grouped(row.blocks),
        share(row.blocks, all.busy_blocks),
        grouped(row.bytes),
        share(row.bytes, all.busy_bytes),
        share(sum, all.busy_bytes)
    ));
}
