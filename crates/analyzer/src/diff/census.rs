//! What fills the memory, before and after: by use, class, size of blocks and shape.

use std::collections::BTreeMap;

use super::Sides;
use super::model::{CensusRow, Table};
use crate::contents::{CensusReport, Extent};
use crate::findings::census_words as words;
use crate::space::words as report_words;

report_words! {
    /// What the bytes of a row have in common.
    pub enum CensusKey {
        /// Their use.
        Use = "use",
        /// Objects of a class.
        Class = "class",
        /// Heap blocks of one size.
        BlockSize = "block_size",
        /// Allocations and blocks with the same kind of contents.
        Shape = "shape",
    }
}

/// Number and bytes of one thing, in one dump.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u64,
    bytes: u64,
}

type Sums = BTreeMap<(CensusKey, String), Sum>;

/// The rows that changed; `None` unless a census was taken of both.
pub(super) fn rows(sides: &Sides<'_, '_, '_>) -> Option<Table<CensusRow>> {
    let (old, new) = (sides.old.facts.census.as_deref()?, sides.new.facts.census.as_deref()?);
    let (before, after) = (sums(old), sums(new));
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let row = |key: &(CensusKey, String)| {
        let of = |sums: &Sums, census: &CensusReport| {
            sums.get(key).copied().or_else(|| lists_all(census, key.0).then(Sum::default))
        };
        let (a, b) = (of(&before, old), of(&after, new));
        let counted = matches!(key.0, CensusKey::Class | CensusKey::BlockSize);
        CensusRow {
            what: key.0,
            name: key.1.clone(),
            count: counted.then(|| sides.change(a.map(|sum| sum.count), b.map(|sum| sum.count))),
            bytes: sides.change(a.map(|sum| sum.bytes), b.map(|sum| sum.bytes)),
        }
    };
    let rows: Vec<CensusRow> = keys.into_iter().map(row).filter(|row| row.bytes.changed()).collect();
    Some(Table::new("use, class, size and shape", rows, |row: &CensusRow| row.bytes.magnitude()))
}

/// Whether what a census does not list is not there.
fn lists_all(census: &CensusReport, key: CensusKey) -> bool {
    let whole = census.reading.extent == Extent::Whole;
    match key {
        CensusKey::Use => true,
        CensusKey::Class => whole && census.classes_left_out == 0,
        CensusKey::BlockSize => whole && census.sizes_left_out == 0,
        CensusKey::Shape => false,
    }
}

fn sums(census: &CensusReport) -> Sums {
    let mut sums = Sums::new();
    let mut add = |key: CensusKey, name: String, count: u64, bytes: u64| {
        let sum = sums.entry((key, name)).or_default();
        sum.count += count;
        sum.bytes = sum.bytes.saturating_add(bytes);
    };
    for row in &census.uses {
        add(CensusKey::Use, words::use_title(row.of).to_owned(), 0, row.bytes);
    }
    for class in &census.classes {
        let module = class.module.as_deref().map(|module| format!("{module}!")).unwrap_or_default();
        let name = class
            .name
            .strip_prefix(module.trim_end_matches('!'))
            .map_or_else(|| format!("{module}{}", class.name), |_| class.name.clone());
        add(CensusKey::Class, name, class.objects, class.bytes);
    }
    for row in &census.sizes {
        add(CensusKey::BlockSize, words::size(row.size_bytes), row.blocks, row.bytes);
    }
    for group in &census.groups {
        if let Some(shape) = group.shape.as_ref().and_then(words::shape) {
            add(CensusKey::Shape, shape, group.count, group.bytes);
        }
    }
    sums
}
