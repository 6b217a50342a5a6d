//! The tables of a comparison.

use super::{Section, columns, figure, rate, signed};
use crate::diff::{AllocationGroup, CensusRow, Change, Difference, HeapRow, Row, Table, TypeRow};
use crate::facts::number::{hex, size_text};
use crate::render::escape;
use dumplens_core::last_name;

/// Every table that has a row, in the order in which a person would look.
pub(super) fn all(d: &Difference) -> Vec<Section> {
    let mut all = vec![fastest(d), rows("Address space", &d.memory), rows("Counters", &d.counters), usage(d)];
    all.extend([managed(d), heaps(d), sizes(d), census(d), modules(d)]);
    all.extend(threads(d));
    all.push(rows("Handles", d.handles.as_deref().unwrap_or_default()));
    all.extend(allocations(d));
    all.retain(|section| !section.rows.is_empty());
    all
}

fn section(title: &str, columns: &[&'static str], rows: Vec<Vec<String>>) -> Section {
    Section { title: title.to_owned(), columns: columns.to_vec(), rows, note: None }
}

fn left_out<T>(table: &Table<T>) -> Option<String> {
    (table.left_out > 0).then(|| format!("and {} more", table.left_out))
}

const FIGURES: [&str; 5] = ["", ">Old", ">New", ">Change", ">Per hour"];

fn line(name: &str, change: &Change, bytes: bool) -> Vec<String> {
    std::iter::once(escape::line(name)).chain(columns(change, bytes)).collect()
}

fn rows(title: &str, rows: &[Row]) -> Section {
    section(
        title,
        &FIGURES,
        rows.iter().map(|row| line(&row.name, &row.change, row.unit == "bytes")).collect(),
    )
}

fn census(d: &Difference) -> Section {
    let Some(table) = &d.census else { return section("", &[], Vec::new()) };
    let row = |row: &CensusRow| {
        let count = row.count.and_then(|count| count.delta).map_or_else(String::new, |n| signed(n, false));
        let mut cells = vec![row.what.name().replace('_', " "), escape::line(&row.name), count];
        cells.extend(columns(&row.bytes, true));
        cells
    };
    let columns = ["By", "Which", ">Number", ">Old", ">New", ">Change", ">Per hour"];
    let mut section = section("What fills the memory", &columns, table.rows.iter().map(row).collect());
    section.note = left_out(table);
    section
}

fn managed(d: &Difference) -> Section {
    let Some(table) = &d.managed else { return section("", &[], Vec::new()) };
    let row = |row: &TypeRow| {
        let count = row.count.delta.map_or_else(String::new, |n| signed(n, false));
        let mut cells = vec![escape::line(&row.name), count];
        cells.extend(columns(&row.bytes, true));
        cells
    };
    let columns = ["Type", ">Number", ">Old", ">New", ">Change", ">Per hour"];
    let mut section = section("Objects of .NET", &columns, table.rows.iter().map(row).collect());
    section.note = left_out(table);
    section
}

fn fastest(d: &Difference) -> Section {
    let row = |grower: &crate::diff::Grower| {
        let kind = match grower.kind.as_str() {
            "usage" => "usage",
            "heap" => "heap",
            "module" => "module",
            "heap_block_size" => "heap blocks",
            _ => "allocations",
        };
        let count = grower.count.and_then(|count| count.delta).map_or_else(String::new, |n| signed(n, false));
        let mut row = vec![kind.to_owned(), escape::line(&grower.name), count];
        row.extend(columns(&grower.bytes, true));
        row
    };
    let columns = ["What", "Which", ">Number", ">Old", ">New", ">Change", ">Per hour"];
    let mut section = section("Grew most, committed bytes", &columns, d.fastest.iter().map(row).collect());
    section.note = Some("the same bytes may stand in several rows".to_owned());
    section
}

fn usage(d: &Difference) -> Section {
    let row = |usage: &crate::diff::UsageRow| {
        let mut row = line(&usage.name, &usage.committed, true);
        row.extend(
            [&usage.size, &usage.regions].into_iter().zip([true, false]).map(|(c, bytes)| delta(c, bytes)),
        );
        row
    };
    let columns = ["Usage", ">Old", ">New", ">Change", ">Per hour", ">With reserved", ">Regions"];
    section(
        "Usage, committed bytes",
        &columns,
        d.usage.iter().flatten().filter(|usage| usage.name != "Free").map(row).collect(),
    )
}

/// The change alone.
fn delta(change: &Change, bytes: bool) -> String {
    columns(change, bytes)[2].clone()
}

fn heaps(d: &Difference) -> Section {
    let Some(table) = &d.heaps else { return section("", &[], Vec::new()) };
    let row = |heap: &HeapRow| {
        let bits = d.new.pointer_bits;
        let handle =
            heap.new_handle.or(heap.old_handle).map_or_else(String::new, |handle| hex(handle.0, bits));
        let mut row =
            line(format!("{} {}", heap.index, mark(&heap.presence)).trim_end(), &heap.committed, true);
        row.insert(1, handle);
        row.extend([
            delta(&heap.reserved, true),
            delta(&heap.large_blocks, false),
            delta(&heap.large_bytes, true),
        ]);
        row
    };
    let columns = [
        "Heap",
        ">Handle",
        ">Old",
        ">New",
        ">Change",
        ">Per hour",
        ">Reserved",
        ">Large blocks",
        ">Their bytes",
    ];
    let title = format!("Heaps, committed bytes, matched by {}", table.matched_by);
    Section { note: left_out(table), ..section(&title, &columns, table.rows.iter().map(row).collect()) }
}

/// What is said of those that only one dump has.
fn mark(presence: &str) -> &'static str {
    match presence {
        "new" => "(new)",
        "gone" => "(gone)",
        _ => "",
    }
}

fn sizes(d: &Difference) -> Section {
    let Some(table) = &d.sizes else { return section("", &[], Vec::new()) };
    let row = |size: &crate::diff::SizeRow| {
        let what = if size.what == "heap_block" { "heap block" } else { "allocation" };
        let count = columns(&size.count, false);
        let mut row = vec![size.size_bytes.to_string(), what.to_owned(), escape::line(&size.usage)];
        row.extend(count);
        row.extend([delta(&size.bytes, true), delta(&size.committed, true), rate(&size.committed, true)]);
        row
    };
    let columns = [
        ">Bytes of each",
        "What",
        "Usage",
        ">Old",
        ">New",
        ">Change",
        ">Per hour",
        ">Their bytes",
        ">Committed",
        ">Per hour",
    ];
    let title = "Number of private allocations and large heap blocks, by exact size";
    Section { note: left_out(table), ..section(title, &columns, table.rows.iter().map(row).collect()) }
}

fn modules(d: &Difference) -> Section {
    let Some(table) = &d.modules else { return section("", &[], Vec::new()) };
    let row = |module: &crate::diff::ModuleRow| {
        let name = last_name(&module.path);
        line(format!("{name} {}", mark(&module.presence)).trim_end(), &module.private, true)
    };
    let columns = ["Module", ">Old", ">New", ">Change", ">Per hour"];
    let title = "Modules that changed, private bytes";
    Section { note: left_out(table), ..section(title, &columns, table.rows.iter().map(row).collect()) }
}

fn threads(d: &Difference) -> Vec<Section> {
    let Some(threads) = &d.threads else { return Vec::new() };
    let mut rows = vec![line("threads", &threads.count, false)];
    rows.push(line("stacks, committed", &threads.stacks_committed, true));
    rows.push(line("stacks, reserved", &threads.stacks_reserved, true));
    let start = |row: &crate::diff::StartRow| {
        let start = row.start.as_deref().unwrap_or("a place that is not known");
        line(&format!("began at {start}"), &row.count, false)
    };
    rows.extend(threads.by_start.rows.iter().map(start));
    let ids = threads
        .new
        .zip(threads.gone)
        .map(|(new, gone)| format!("by their IDs {new} are new and {gone} gone"));
    vec![Section { note: ids, ..section("Threads", &FIGURES, rows) }]
}

fn allocations(d: &Difference) -> Vec<Section> {
    let Some(all) = &d.allocations else { return Vec::new() };
    let groups = [
        ("new", &all.new),
        ("grown in place", &all.grown),
        ("gone", &all.gone),
        ("shrunk in place", &all.shrunk),
    ];
    groups.into_iter().map(|(name, group)| allocation_group(name, group, d.new.pointer_bits)).collect()
}

fn allocation_group(name: &str, group: &AllocationGroup, bits: u32) -> Section {
    let row = |a: &crate::diff::AllocationChange| {
        let was_and_is = |change: &Change| match (change.old, change.new) {
            (Some(0), Some(new)) => size_text(new),
            (Some(old), Some(0)) => size_text(old),
            (old, new) if old == new => figure(new, true),
            (old, new) => format!("{} -> {}", figure(old, true), figure(new, true)),
        };
        vec![
            hex(a.base.0, bits),
            was_and_is(&a.size),
            was_and_is(&a.committed),
            escape::line(&a.kind),
            escape::line(&a.usage),
        ]
    };
    let title = format!(
        "Allocations {name}: {}, {}, committed {}",
        group.count,
        signed(group.size_delta, true),
        signed(group.committed_delta, true)
    );
    let columns = [">Base", ">Size", ">Committed", "Type", "Usage"];
    let rest = group.count.saturating_sub(group.largest.len() as u64);
    let note = (rest > 0).then(|| format!("and {rest} more"));
    Section { note, ..section(&title, &columns, group.largest.iter().map(row).collect()) }
}
