//! Heaps and modules.

use std::collections::BTreeMap;

use super::Sides;
use super::model::{HeapRow, ModuleRow, Table};
use crate::facts::{HeapKind, HeapReport, ModuleReport};

/// Pairs what both sides have under one key, in the order of the keys.
fn pairs<'r, K: Ord, T: 'r>(
    old: impl Iterator<Item = (K, &'r T)>,
    new: impl Iterator<Item = (K, &'r T)>,
) -> impl Iterator<Item = (Option<&'r T>, Option<&'r T>)> {
    let mut all: BTreeMap<K, (Option<&'r T>, Option<&'r T>)> = BTreeMap::new();
    old.for_each(|(key, item)| all.entry(key).or_default().0 = Some(item));
    new.for_each(|(key, item)| all.entry(key).or_default().1 = Some(item));
    all.into_values()
}

fn presence<T>(old: Option<&T>, new: Option<&T>) -> String {
    match (old, new) {
        (Some(_), Some(_)) => "both",
        (None, _) => "new",
        (_, None) => "gone",
    }
    .to_owned()
}

/// Every heap: in one process matched by its handle, over runs by its place in the list and its kind.
pub(super) fn heaps(sides: &Sides<'_, '_, '_>) -> Option<Table<HeapRow>> {
    // A map that is cut off leaves out parts of heaps.
    let known = sides.whole() && [sides.old, sides.new].iter().all(|s| !s.process.pebs.is_empty());
    known.then_some(())?;
    let same = sides.same;
    let key = |h: &HeapReport| {
        if same { (h.bits, h.handle.0, None) } else { (h.bits, h.index as u64, Some(h.kind)) }
    };
    let keyed =
        |heaps: &'_ [HeapReport]| -> Vec<(u32, u64, Option<HeapKind>)> { heaps.iter().map(key).collect() };
    let (old, new) = (&sides.old.facts.heaps, &sides.new.facts.heaps);
    let rows = pairs(keyed(old).into_iter().zip(old), keyed(new).into_iter().zip(new));
    let rows = rows.filter_map(|(old, new)| heap(sides, old, new)).collect();
    let by = if same { "handle" } else { "index and kind" };
    Some(Table::new(by, rows, |h: &HeapRow| h.committed.magnitude().max(h.large_bytes.magnitude())))
}

fn heap(sides: &Sides<'_, '_, '_>, old: Option<&HeapReport>, new: Option<&HeapReport>) -> Option<HeapRow> {
    let any = new.or(old)?;
    // A heap that could not be walked holds something, only nobody knows what.
    let figure = |heap: Option<&HeapReport>, of: fn(&HeapReport) -> u64| match heap {
        Some(heap) => Some(of(heap)).filter(|_| heap.kind != HeapKind::Unknown),
        None => Some(0),
    };
    let change = |of: fn(&HeapReport) -> u64| sides.change(figure(old, of), figure(new, of));
    Some(HeapRow {
        presence: presence(old, new),
        index: any.index,
        bits: any.bits,
        kind: any.kind,
        old_handle: old.map(|h| h.handle),
        new_handle: new.map(|h| h.handle),
        committed: change(|h| h.committed_bytes),
        reserved: change(|h| h.reserved_bytes),
        large_blocks: change(|h| h.large_blocks),
        large_bytes: change(|h| h.large_bytes),
    })
}

/// The modules that came, went, or changed; matched by path, those of one path in their order.
pub(super) fn modules(sides: &Sides<'_, '_, '_>) -> Option<Table<ModuleRow>> {
    let listed = |side: &super::Side<'_, '_>| matches!(side.process.dump.modules(), Ok(Some(_)));
    (listed(sides.old) && listed(sides.new)).then_some(())?;
    let (old, new) = (numbered(&sides.old.facts.modules), numbered(&sides.new.facts.modules));
    let rows = pairs(old.into_iter(), new.into_iter());
    let rows = rows.filter_map(|(old, new)| module(sides, old, new)).collect();
    Some(Table::new("path", rows, |m: &ModuleRow| m.private.magnitude().max(m.size.magnitude())))
}

/// Modules with their path and a number among those of the same path.
fn numbered(modules: &[ModuleReport]) -> Vec<((String, u64), &ModuleReport)> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let keyed = |module: &'_ ModuleReport| {
        let path = module.path.to_lowercase();
        let count = seen.entry(path.clone()).or_default();
        *count += 1;
        (path, *count)
    };
    let keys: Vec<(String, u64)> = modules.iter().map(keyed).collect();
    keys.into_iter().zip(modules).collect()
}

fn module(
    sides: &Sides<'_, '_, '_>,
    old: Option<&ModuleReport>,
    new: Option<&ModuleReport>,
) -> Option<ModuleRow> {
    let private = |module: Option<&ModuleReport>, whole: bool| match module {
        Some(module) => module.private_bytes.filter(|_| whole),
        None => Some(0),
    };
    let whole = sides.whole();
    let row = ModuleRow {
        presence: presence(old, new),
        path: new.or(old)?.path.clone(),
        size: sides.change(Some(old.map_or(0, |m| m.size_bytes)), Some(new.map_or(0, |m| m.size_bytes))),
        private: sides.change(private(old, whole), private(new, whole)),
    };
    (row.size.changed() || row.private.changed() || row.presence != "both").then_some(row)
}
