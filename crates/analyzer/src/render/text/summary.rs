//! `!address -summary`, in WinDbg's present layout, below some lines about the dump.

use super::{comment, exception, field, warnings};
use crate::facts::number::{duration, duration_of_seconds, hex, size, size_text};
use crate::facts::{
    MemoryReport, PlaceReport, ProcessReport, ProgramSpaceReport, RowReport, SystemMemoryReport,
};
use crate::render::escape;
use crate::report::Report;

const USAGE: &str =
    "--- Usage Summary ---------------- RgnCount ----------- Total Size -------- %ofBusy %ofTotal";
const TYPE: &str =
    "--- Type Summary (for busy) ------ RgnCount ----------- Total Size -------- %ofBusy %ofTotal";
const STATE: &str =
    "--- State Summary ---------------- RgnCount ----------- Total Size -------- %ofBusy %ofTotal";
const PROTECT: &str =
    "--- Protect Summary (for commit) - RgnCount ----------- Total Size -------- %ofBusy %ofTotal";
const LARGEST: &str = "--- Largest Region by Usage ----------- Base Address -------- Region Size ----------";

/// The whole answer of `dumplens summary`.
pub fn summary(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    tables(&mut out, &report.facts.memory, report.facts.dump.pointer_bits);
    free_space(&mut out, &report.facts.memory, report.facts.dump.pointer_bits);
    warnings(&mut out, &report.facts.warnings);
    out
}

/// What a reader needs to know of dump, system and process before the tables.
fn head(out: &mut String, report: &Report) {
    for (label, lines) in head_lines(report) {
        field(out, label, &lines);
    }
}

/// The same as labels and lines, each line made safe.
pub(in crate::render) fn head_lines(report: &Report) -> Vec<(&'static str, Vec<String>)> {
    let dump = &report.facts.dump;
    let mut about = format!("{} ({}", escape::line(&dump.path), size_text(dump.size_bytes));
    if let Some(created) = &dump.created {
        about += &format!(", written {created}");
    }
    let mut lines = vec![
        ("Dump", vec![about + ")"]),
        ("Comment", comment(report)),
        ("System", vec![system_line(report)]),
        ("Process", vec![process_line(&report.facts.process)]),
    ];
    lines.extend(report.facts.system.memory.as_ref().map(|m| ("Memory", vec![system_memory_line(m)])));
    if let Some(counters) = &report.facts.process.counters {
        let charge = counters.private_bytes.unwrap_or(counters.pagefile_bytes);
        let peak = size_text(counters.peak_pagefile_bytes);
        lines.push(("Commit", vec![format!("{} charged to the process (peak {peak})", size_text(charge))]));
    }
    lines.extend(report.facts.memory.program_space.as_ref().map(|p| ("Program", vec![program_line(p)])));
    lines.extend(report.facts.exception.as_ref().map(|e| ("Exception", vec![exception::brief(e)])));
    lines
}

/// What the 32-bit program itself can use, of which the tables below show more.
fn program_line(program: &ProgramSpaceReport) -> String {
    let aware = match program.large_address_aware {
        Some(true) => "large address aware",
        Some(false) => "not large address aware",
        None => "its header is not in the dump",
    };
    let largest = program.largest_free.map_or(0, |place| place.size_bytes);
    format!(
        "32-bit, {aware}: {} of address space, {} free, {} in one piece",
        size_text(program.limit_bytes),
        size_text(program.free_bytes),
        size_text(largest)
    )
}

pub(super) fn system_line(report: &Report) -> String {
    let system = &report.facts.system;
    let os = system.os.as_deref().map_or_else(|| "not known".to_owned(), escape::line);
    let service_pack = system.service_pack.as_deref().map(escape::line);
    // Linux writers put there what begins with the name and version again.
    let mut parts = match service_pack {
        Some(uname) if uname.starts_with(&os) => vec![uname],
        service_pack => [os].into_iter().chain(service_pack).collect(),
    };
    parts.extend(report.facts.dump.arch.clone());
    parts.extend(system.processors.map(|n| format!("{n} processors")));
    parts.push(match system.uptime_seconds {
        Some(seconds) => format!("up {}", duration_of_seconds(seconds)),
        None => "uptime not available".to_owned(),
    });
    parts.join(", ")
}

pub(super) fn process_line(process: &ProcessReport) -> String {
    let mut parts = vec![process.image.as_deref().map_or_else(|| "not known".to_owned(), escape::line)];
    parts.extend(process.id.map(|id| format!("pid {id}")));
    if process.wow64 == Some(true) {
        parts.push("32-bit on 64-bit Windows (WOW64)".to_owned());
    }
    parts.push(match process.uptime_seconds {
        Some(seconds) => format!("up {}", duration(seconds.saturating_mul(1000))),
        None => "uptime not available".to_owned(),
    });
    parts.join(", ")
}

fn system_memory_line(memory: &SystemMemoryReport) -> String {
    let part = |bytes: Option<u64>, what: &str| bytes.map(|b| format!("{} {what}", size_text(b)));
    let ram = part(memory.physical_bytes, "RAM");
    let available = part(memory.available_bytes, "available");
    let commit = memory.commit_bytes.zip(memory.commit_limit_bytes).map(|(commit, limit)| {
        let left = limit.saturating_sub(commit);
        format!("commit {} of {} ({} left)", size_text(commit), size_text(limit), size_text(left))
    });
    let commit = commit.unwrap_or_else(|| "system commit not known".to_owned());
    [ram, available, Some(commit)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The five tables. Without a memory map only the two that do not need one.
fn tables(out: &mut String, memory: &MemoryReport, bits: u32) {
    let tables = [
        (USAGE, &memory.usage, "Free"),
        (TYPE, &memory.kind, ""),
        (STATE, &memory.state, "MEM_FREE"),
        (PROTECT, &memory.protect, ""),
    ];
    for (header, rows, free) in tables {
        if rows.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{header}\n"));
        for row in rows {
            let busy = memory.busy_bytes.filter(|_| row.name != free);
            out.push_str(&summary_row(row, busy, memory.total_bytes, bits));
            out.push('\n');
        }
    }
    if !memory.usage.is_empty() {
        out.push_str(&format!("\n{LARGEST}\n"));
    }
    for row in &memory.usage {
        out.push_str(&largest_row(&row.name, row.largest, bits));
        out.push('\n');
    }
}

/// One row of the first four tables: 92 columns; shares of `busy` and `total` are blank where these are `None`.
pub fn summary_row(row: &RowReport, busy: Option<u64>, total: Option<u64>, pointer_bits: u32) -> String {
    let (number, unit) = size(row.size_bytes);
    let size_hex = hex(row.size_bytes, pointer_bits);
    let (busy, total) = (percent(row.size_bytes, busy), percent(row.size_bytes, total));
    format!("{:<33}{:>10} {size_hex:>17} ({number:>8} {unit}){busy:>8}{total:>9}", row.name, row.regions)
}

/// One row of the last table: 84 columns.
pub fn largest_row(name: &str, largest: PlaceReport, pointer_bits: u32) -> String {
    let (number, unit) = size(largest.size_bytes);
    let (base, size_hex) = (hex(largest.base.0, pointer_bits), hex(largest.size_bytes, pointer_bits));
    format!("{name:<35}{base:>17}{size_hex:>18} ({number:>8} {unit})")
}

pub(in crate::render) fn percent(part: u64, whole: Option<u64>) -> String {
    match whole {
        Some(whole) if whole > 0 => format!("{:.2}%", part as f64 * 100.0 / whole as f64),
        Some(_) => "0.00%".to_owned(),
        None => String::new(),
    }
}

fn free_space(out: &mut String, memory: &MemoryReport, bits: u32) {
    out.push_str(&format!("\n{}\n", free_line(memory, bits)));
}

/// The line that the story's engineer was after.
pub(in crate::render) fn free_line(memory: &MemoryReport, bits: u32) -> String {
    let Some(largest) = memory.largest_free else {
        let why = match (memory.complete, memory.regions) {
            (true, _) => "none",
            (false, Some(_)) => "not known: the memory map is cut off or has gaps",
            (false, None) => "not known: the dump has no memory map",
        };
        return format!("Largest free region: {why}");
    };
    let base = hex(largest.base.0, bits);
    let mut out = format!("Largest free region: {} at {base}", size_text(largest.size_bytes));
    if let Some((free, fragmentation)) = memory.free_bytes.zip(memory.fragmentation) {
        let share = fragmentation * 100.0;
        out.push_str(&format!("; free in total: {}, {share:.2}% of it outside that region", size_text(free)));
    }
    out
}
