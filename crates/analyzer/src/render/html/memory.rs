//! Usage, state, type and protection, and the counters.

use super::escape::{number, text};
use super::{bar, table, usage_class};
use crate::facts::number::{hex, size_text};
use crate::facts::{MemoryReport, RowReport};
use crate::render::counters::counted;
use crate::render::text::summary::{free_line, percent};
use crate::report::Report;

/// The four tables, and beside them the counters.
pub(super) fn memory(out: &mut String, report: &Report) {
    let (memory, bits) = (&report.facts.memory, report.facts.dump.pointer_bits);
    out.push_str("<section><h2>Usage, state, type, protection</h2>\n");
    rows(out, "Usage", &memory.usage, memory, bits);
    out.push_str("<div class=columns>\n");
    for (name, of) in [("State", &memory.state), ("Type", &memory.kind), ("Protection", &memory.protect)] {
        rows(out, name, of, memory, bits);
    }
    if let Some(counters) = &report.facts.process.counters {
        out.push_str("<div><h3>Counters of the process</h3>\n");
        let row =
            |(name, bytes): (&str, u64)| format!("<th scope=row>{name}</th>{}", number(size_text(bytes)));
        table(out, "", &["Counter", ">Size"], counted(counters).map(row));
        out.push_str("</div>\n");
    }
    out.push_str("</div>\n");
    out.push_str(&format!("<p>{}</p></section>\n", text(&free_line(memory, bits))));
}

/// One table. Bars are shares of what is not free, since the free space of x64 would leave nothing to see.
fn rows(out: &mut String, name: &str, rows: &[RowReport], memory: &MemoryReport, bits: u32) {
    if rows.is_empty() {
        return;
    }
    let is_free = |row: &RowReport| ["Free", "MEM_FREE"].contains(&row.name.as_str());
    let widest = rows.iter().filter(|row| !is_free(row)).map(|row| row.size_bytes).max().unwrap_or_default();
    let row = |row: &RowReport| {
        let busy = memory.busy_bytes.filter(|_| !is_free(row));
        let drawn = if is_free(row) { 0 } else { row.size_bytes };
        format!(
            "<th scope=row>{}</th>{}{}{}<td class=barcell>{}</td>{}{}",
            text(&row.name),
            number(row.regions),
            number(size_text(row.size_bytes)),
            number(percent(row.size_bytes, busy)),
            bar(drawn, widest, usage_class(&row.name)),
            number(size_text(row.largest.size_bytes)),
            number(hex(row.largest.base.0, bits)),
        )
    };
    out.push_str("<div>\n");
    table(out, "rows", &[name, ">Regions", ">Size", ">Of busy", "", ">Largest", ">At"], rows.iter().map(row));
    out.push_str("</div>\n");
}
