//! Objects of .NET by type, before and after.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::model::Table;
use super::{Change, Sides};
use crate::managed::{ManagedReport, TypeReport};

/// Objects of one type.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TypeRow {
    /// The type, as in the report.
    pub name: String,
    /// Objects.
    pub count: Change,
    /// Their bytes.
    pub bytes: Change,
    /// What holds most of them in the new dump: a static field or a thread, and the types on the path.
    pub held_by: Option<Vec<String>>,
}

/// The types that changed; `None` unless the heaps of both dumps were counted.
pub(super) fn rows(sides: &Sides<'_, '_, '_>) -> Option<Table<TypeRow>> {
    let counted = |managed: &&ManagedReport| managed.walk.is_some() && managed.runtime().is_some();
    let (old, new) = (sides.old.facts.managed.as_deref(), sides.new.facts.managed.as_deref());
    let (old, new) = (old.filter(counted)?, new.filter(counted)?);
    let (before, after) = (by_name(old), by_name(new));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let row = |name: &str| {
        let sums = |types: &BTreeMap<&str, &TypeReport>, of: &ManagedReport| {
            let found = types.get(name).map(|of| (of.count, of.size_bytes));
            found.or_else(|| lists_all(of).then_some((0, 0)))
        };
        let (a, b) = (sums(&before, old), sums(&after, new));
        let held = new.holders.iter().flat_map(|held| &held.paths).find(|path| path.type_name == name);
        TypeRow {
            name: name.to_owned(),
            count: sides.change(a.map(|sum| sum.0), b.map(|sum| sum.0)),
            bytes: sides.change(a.map(|sum| sum.1), b.map(|sum| sum.1)),
            held_by: held.map(|path| path.steps.clone()),
        }
    };
    let rows = names.into_iter().map(row).filter(|row| row.bytes.changed() || row.count.changed());
    Some(Table::new("type", rows.collect(), |row: &TypeRow| row.bytes.magnitude()))
}

fn by_name(managed: &ManagedReport) -> BTreeMap<&str, &TypeReport> {
    managed.types.iter().map(|of| (of.name.as_str(), of)).collect()
}

/// Whether a type that is not listed has no objects: all of the heaps was read, and nothing was being moved.
fn lists_all(managed: &ManagedReport) -> bool {
    let whole = managed.walk.is_some_and(|walk| walk.complete && walk.missing_bytes == 0 && walk.breaks == 0);
    let moving = managed.runtimes.iter().any(|runtime| runtime.gc_in_progress == Some(true));
    whole && !moving && managed.type_count == managed.types.len() as u64
}
