//! The address space and the counters, as tables.

use super::escape::code;
use super::table;
use crate::facts::number::size_text;
use crate::facts::{MemoryReport, PlaceReport, RowReport};
use crate::render::counters::counted;
use crate::render::text::summary::{free_line, percent};
use crate::report::Report;

/// Usage, state, free space, counters.
pub(super) fn memory(out: &mut String, report: &Report) {
    let (memory, bits) = (&report.facts.memory, report.facts.dump.pointer_bits);
    out.push_str(&format!("\n### Memory\n\n{}\n", super::safe(&free_line(memory, bits))));
    rows(out, "Usage", &memory.usage, memory);
    rows(out, "State", &memory.state, memory);
    if let Some(counters) = &report.facts.process.counters {
        table(
            out,
            &["Counter", ">Size"],
            counted(counters).map(|(name, bytes)| vec![name.into(), size_text(bytes)]),
        );
    }
}

fn rows(out: &mut String, name: &str, rows: &[RowReport], memory: &MemoryReport) {
    if rows.is_empty() {
        return;
    }
    let place = |at: PlaceReport| format!("{} at {}", size_text(at.size_bytes), code(&at.base.to_string()));
    let row = |row: &RowReport| {
        let busy = memory.busy_bytes.filter(|_| !["Free", "MEM_FREE"].contains(&row.name.as_str()));
        let share = percent(row.size_bytes, busy);
        vec![code(&row.name), row.regions.to_string(), size_text(row.size_bytes), share, place(row.largest)]
    };
    table(out, &[name, ">Regions", ">Size", ">of busy", "Largest"], rows.iter().map(row));
}
