//! Threads and their stacks.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{StartRow, Table, ThreadsDifference};
use super::{Side, Sides};
use crate::facts::Facts;
use crate::facts::StackReport;
use crate::stack;

/// How many there are, what their stacks hold, and where they began.
pub(super) fn threads(sides: &Sides<'_, '_, '_>) -> Option<ThreadsDifference> {
    let listed = |side: &Side<'_, '_>| matches!(side.process.dump.threads(), Ok(Some(_)));
    (listed(sides.old) && listed(sides.new)).then_some(())?;
    let ids = |side: &Side<'_, '_>| -> BTreeSet<u32> { side.facts.threads.iter().map(|t| t.id).collect() };
    let (old, new) = (ids(sides.old), ids(sides.new));
    let whole = sides.whole();
    let stacks = |of: fn(&StackReport) -> Option<u64>| sides.of(|r| sum(r, of).filter(|_| whole));
    Some(ThreadsDifference {
        count: sides.of(|r| Some(r.threads.len() as u64)),
        stacks_committed: stacks(|stack| stack.committed_bytes),
        stacks_reserved: stacks(|stack| stack.reserved_bytes),
        new: sides.same.then(|| new.difference(&old).count() as u64),
        gone: sides.same.then(|| old.difference(&new).count() as u64),
        by_start: by_start(sides),
    })
}

/// Of all stacks together; unknown if one is.
fn sum(facts: &Facts, of: fn(&StackReport) -> Option<u64>) -> Option<u64> {
    facts
        .threads
        .iter()
        .try_fold(0_u64, |sum, thread| Some(sum.saturating_add(of(thread.stack.as_deref()?)?)))
}

fn by_start(sides: &Sides<'_, '_, '_>) -> Table<StartRow> {
    let mut starts: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
    for start in places(sides.old) {
        starts.entry(start).or_default().0 += 1;
    }
    for start in places(sides.new) {
        starts.entry(start).or_default().1 += 1;
    }
    let row = |(start, (old, new)): (Option<String>, (u64, u64))| StartRow {
        start,
        count: sides.change(Some(old), Some(new)),
    };
    let rows = starts.into_iter().map(row).filter(|row| row.count.changed()).collect();
    Table::new("module and offset", rows, |row: &StartRow| row.count.magnitude())
}

/// Where each thread began: module and offset, which are the same in every run.
fn places(side: &Side<'_, '_>) -> impl Iterator<Item = Option<String>> {
    let process = side.process;
    let place =
        |start| stack::site_of(process, start).map_or_else(|| format!("{start:#x}"), |site| site.to_string());
    // Writers that do not know a start give zero.
    process.threads.iter().map(move |thread| thread.start_address.filter(|start| *start != 0).map(place))
}
