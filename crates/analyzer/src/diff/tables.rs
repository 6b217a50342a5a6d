//! Totals, counters, usage, handles; and what grew most of all.

use dumplens_core::last_name;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::model::{Grower, Row, UsageRow};
use super::{Change, Difference, Sides};
use crate::facts::Facts;
use crate::facts::{CountersReport, HandleCount, SystemMemoryReport};
use crate::space::AddressSpace;
use crate::space::Usage;

/// What is named of all that grew.
const FASTEST: usize = 10;

fn row(name: &str, unit: &str, change: Change) -> Row {
    Row { name: name.to_owned(), unit: unit.to_owned(), change }
}

/// The address space as a whole.
pub(super) fn memory(sides: &Sides<'_, '_, '_>) -> Vec<Row> {
    // What is left of a map that is cut off is not all that there was.
    let whole = sides.whole();
    let count = |of: &dyn Fn(&Facts) -> Option<u64>| sides.of(|r| of(r).filter(|_| whole));
    vec![
        row("committed", "bytes", sides.of(|r| r.memory.commit_bytes)),
        row("private commit by the map", "bytes", sides.of(|r| r.memory.private_commit_estimate_bytes)),
        row("reserved", "bytes", sides.of(|r| r.memory.reserve_bytes)),
        row("free", "bytes", sides.of(|r| r.memory.free_bytes)),
        row("largest free region", "bytes", sides.of(largest_free)),
        row("regions", "count", count(&|r| r.memory.regions)),
        row("allocations", "count", count(&|r| Some(r.memory.allocations.as_ref()?.count))),
    ]
}

/// Where nothing is free, the largest free region has no bytes; where no map is, it is not known.
fn largest_free(facts: &Facts) -> Option<u64> {
    let free = facts.memory.free_bytes?;
    facts.memory.largest_free.map(|place| place.size_bytes).or((free == 0).then_some(0))
}

/// The counters that the kernel keeps, of the process and of the machine.
pub(super) fn counters(sides: &Sides<'_, '_, '_>) -> Vec<Row> {
    type Of = fn(&CountersReport) -> Option<u64>;
    type OfMachine = fn(&SystemMemoryReport) -> Option<u64>;
    let process: [(&str, &str, Of); 11] = [
        ("commit charge", "bytes", |c| c.private_bytes),
        ("pagefile usage", "bytes", |c| Some(c.pagefile_bytes)),
        ("pagefile usage, peak", "bytes", |c| Some(c.peak_pagefile_bytes)),
        ("working set", "bytes", |c| Some(c.working_set_bytes)),
        ("working set, peak", "bytes", |c| Some(c.peak_working_set_bytes)),
        ("virtual size", "bytes", |c| c.virtual_bytes),
        ("virtual size, peak", "bytes", |c| c.peak_virtual_bytes),
        ("shared commit", "bytes", |c| c.shared_commit_bytes),
        ("job: private commit", "bytes", |c| c.job_private_commit_bytes),
        ("job: private commit limit", "bytes", |c| c.job_private_commit_limit_bytes),
        ("page faults", "count", |c| Some(u64::from(c.page_faults))),
    ];
    let machine: [(&str, OfMachine); 3] = [
        ("machine: committed", |m| m.commit_bytes),
        ("machine: commit limit", |m| m.commit_limit_bytes),
        ("machine: RAM available", |m| m.available_bytes),
    ];
    let process = process
        .into_iter()
        .map(|(name, unit, of)| row(name, unit, sides.of(|r| of(r.process.counters.as_ref()?))));
    let machine =
        machine.into_iter().map(|(name, of)| row(name, "bytes", sides.of(|r| of(r.system.memory.as_ref()?))));
    // What neither dump has is no row.
    process.chain(machine).filter(|row| row.change.old.is_some() || row.change.new.is_some()).collect()
}

/// Size, committed bytes and regions of a usage class.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    size: u64,
    committed: u64,
    regions: u64,
}

fn held(space: &AddressSpace<'_>) -> BTreeMap<Usage, Held> {
    let mut all: BTreeMap<Usage, Held> = BTreeMap::new();
    for piece in space.pieces() {
        let held = all.entry(piece.usage).or_default();
        held.size = held.size.saturating_add(piece.size);
        held.regions += 1;
        if piece.region.state.is_commit() {
            held.committed = held.committed.saturating_add(piece.size);
        }
    }
    all
}

/// Every usage class, the ones that changed most first.
pub(super) fn usage(sides: &Sides<'_, '_, '_>) -> Option<Vec<UsageRow>> {
    sides.whole().then_some(())?;
    let (old, new) = (held(&sides.old.process.space), held(&sides.new.process.space));
    let names: std::collections::BTreeSet<Usage> = old.keys().chain(new.keys()).copied().collect();
    let row = |usage: Usage| {
        let of = |side: &BTreeMap<Usage, Held>| side.get(&usage).copied().unwrap_or_default();
        let (old, new) = (of(&old), of(&new));
        UsageRow {
            name: usage.to_string(),
            size: sides.change(Some(old.size), Some(new.size)),
            committed: sides.change(Some(old.committed), Some(new.committed)),
            regions: sides.change(Some(old.regions), Some(new.regions)),
        }
    };
    let mut rows: Vec<UsageRow> = names.into_iter().map(row).collect();
    rows.sort_by_key(|row| Reverse((row.committed.magnitude(), row.size.magnitude())));
    Some(rows)
}

/// Handles, all of them first, then by type.
pub(super) fn handles(sides: &Sides<'_, '_, '_>) -> Option<Vec<Row>> {
    let old = sides.old.facts.process.handles.as_ref()?;
    let new = sides.new.facts.process.handles.as_ref()?;
    let all = |side: &[HandleCount]| side.iter().map(|h| h.count).sum();
    let mut types: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for handle in old {
        types.entry(&handle.kind).or_default().0 += handle.count;
    }
    for handle in new {
        types.entry(&handle.kind).or_default().1 += handle.count;
    }
    let of = |(name, (old, new)): (&str, (u64, u64))| {
        let name = if name.is_empty() { "(of unknown type)" } else { name };
        row(name, "count", sides.change(Some(old), Some(new)))
    };
    let mut rows: Vec<Row> = types.into_iter().map(of).collect();
    rows.sort_by_key(|row| Reverse(row.change.magnitude()));
    rows.truncate(super::model::ROWS);
    rows.insert(0, row("all", "count", sides.change(Some(all(old)), Some(all(new)))));
    Some(rows)
}

/// What grew in committed bytes, the most first.
pub(super) fn fastest(difference: &Difference) -> Vec<Grower> {
    let grower =
        |kind: &str, name: String, bytes, count| Grower { kind: kind.to_owned(), name, bytes, count };
    let usage = difference
        .usage
        .iter()
        .flatten()
        .map(|u| grower("usage", u.name.clone(), u.committed, Some(u.regions)));
    let heap = |h: &super::HeapRow| {
        let handle = h.new_handle.or(h.old_handle).map(|handle| format!(" at {handle}")).unwrap_or_default();
        grower("heap", format!("heap {}{handle}", h.index), h.committed, None)
    };
    let module = |m: &super::ModuleRow| grower("module", last_name(&m.path).to_owned(), m.private, None);
    let size = |s: &super::SizeRow| {
        let kind = if s.what == "heap_block" { "heap_block_size" } else { "allocation_size" };
        grower(kind, format!("{} of {} bytes", s.usage, s.size_bytes), s.committed, Some(s.count))
    };
    let rows = |some: Option<Vec<Grower>>| some.into_iter().flatten();
    let mut all: Vec<Grower> = usage
        .chain(rows(difference.heaps.as_ref().map(|t| t.rows.iter().map(heap).collect())))
        .chain(rows(difference.modules.as_ref().map(|t| t.rows.iter().map(module).collect())))
        .chain(rows(difference.sizes.as_ref().map(|t| t.rows.iter().map(size).collect())))
        .filter(|grower| grower.bytes.delta.is_some_and(|delta| delta > 0))
        .collect();
    all.sort_by_key(|grower| Reverse(grower.bytes.delta));
    all.truncate(FASTEST);
    all
}
