//! Private allocations and large heap blocks by exact size: what a program allocates repeatedly has one size.

use std::collections::HashMap;

use dumplens_core::MemoryType;
use dumplens_core::process::heap::PartKind;

use super::model::{SizeRow, Table};
use super::{DiffWarning, Side, Sides};
use crate::space::AddressSpace;
use crate::space::Allocation;
use crate::space::{Fact, Owner, Span, Usage};

/// Sizes that are compared separately. Programs have hundreds; this many take less than 10 MB, whatever the dumps contain.
const SIZES: usize = 1 << 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum What {
    Allocation,
    HeapBlock,
}

/// Those of one size, in one dump.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u64,
    bytes: u64,
    committed: u64,
}

/// Both dumps' sums by what, usage and size.
#[derive(Debug, Default)]
struct Sizes {
    all: HashMap<(What, Usage, u64), [Sum; 2]>,
    left_out: u64,
}

impl Sizes {
    fn add(&mut self, which: usize, key: (What, Usage, u64), bytes: u64, committed: u64) {
        if self.all.len() >= SIZES && !self.all.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        if let Some(sum) = self.all.entry(key).or_default().get_mut(which) {
            sum.count += 1;
            sum.bytes = sum.bytes.saturating_add(bytes);
            sum.committed = sum.committed.saturating_add(committed);
        }
    }

    /// Every private allocation but those of large heap blocks, whose size the heap varies.
    fn allocations(&mut self, which: usize, space: &AddressSpace<'_>) {
        for allocation in Allocation::all(space).filter(|a| a.kind == MemoryType::PRIVATE) {
            let span = first_span(space, &allocation);
            if !span.is_some_and(|s| matches!(s.fact, Fact::HeapLargeBlock(_))) {
                let usage = span.map_or(Usage::Unknown, |s| s.usage);
                let size = allocation.size();
                self.add(which, (What::Allocation, usage, size), size, allocation.committed);
            }
        }
    }

    fn heap_blocks(&mut self, which: usize, side: &Side<'_, '_>) {
        let space = &side.process.space;
        for (index, heap) in side.process.heaps.list.iter().enumerate() {
            for part in heap.parts.iter().filter(|part| part.kind == PartKind::LargeBlock) {
                // A block that another owner's structures cover is not one.
                let Some(span) = space.span_at(part.base).filter(|s| s.owner == Owner::Heap(index)) else {
                    continue;
                };
                let bytes = part.end.saturating_sub(part.base);
                let size = part.user_bytes.unwrap_or(bytes);
                self.add(
                    which,
                    (What::HeapBlock, span.usage, size),
                    bytes,
                    committed(space, part.base, part.end),
                );
            }
        }
    }
}

/// Committed bytes between two addresses.
fn committed(space: &AddressSpace<'_>, base: u64, end: u64) -> u64 {
    let regions = (space.regions.first_behind(base)..).map_while(|index| space.regions.get(index));
    let inside = regions.take_while(|region| region.base < end).filter(|region| region.state.is_commit());
    let part = |from: u64, until: u64| until.min(end).saturating_sub(from.max(base));
    inside.map(|region| part(region.base, region.base.saturating_add(region.size))).sum()
}

/// What is known of an allocation: the first claim on any part of it.
pub(super) fn first_span<'s>(space: &'s AddressSpace<'_>, allocation: &Allocation) -> Option<&'s Span> {
    let at = space.spans.partition_point(|span| span.end <= allocation.base);
    space.spans.get(at).filter(|span| span.base < allocation.end)
}

/// The sizes of which there are more or fewer than there were.
pub(super) fn sizes(sides: &Sides<'_, '_, '_>, warnings: &mut Vec<DiffWarning>) -> Option<Table<SizeRow>> {
    sides.whole().then_some(())?;
    let mut sizes = Sizes::default();
    for (which, side) in [sides.old, sides.new].into_iter().enumerate() {
        sizes.heap_blocks(which, side);
        sizes.allocations(which, &side.process.space);
    }
    if sizes.left_out > 0 {
        warnings.push(DiffWarning::SizesCut { count: sizes.left_out });
    }
    let mut changed: Vec<_> = sizes
        .all
        .into_iter()
        .filter(|(_, [old, new])| old.count != new.count || old.committed != new.committed)
        .collect();
    changed.sort_by_key(|(key, _)| *key);
    let row = |((what, usage, size_bytes), [old, new]): ((What, Usage, u64), [Sum; 2])| SizeRow {
        what: if what == What::HeapBlock { "heap_block" } else { "allocation" }.to_owned(),
        usage: usage.to_string(),
        size_bytes,
        count: sides.change(Some(old.count), Some(new.count)),
        bytes: sides.change(Some(old.bytes), Some(new.bytes)),
        committed: sides.change(Some(old.committed), Some(new.committed)),
    };
    let rows = changed.into_iter().map(row).collect();
    Some(Table::new("usage and size", rows, |s: &SizeRow| s.bytes.magnitude().max(s.committed.magnitude())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many sizes a dump has, only so many are held; those that are known are counted on.
    #[test]
    fn sizes_are_bounded() {
        let mut sizes = Sizes::default();
        let key = |size: u64| (What::Allocation, Usage::Unknown, size);
        for size in 0..SIZES as u64 + 100 {
            sizes.add(0, key(size), size, size);
        }
        sizes.add(1, key(7), 7, 7);
        assert_eq!((sizes.all.len(), sizes.left_out), (SIZES, 100));
        let [old, new] = sizes.all[&key(7)];
        assert_eq!((old.count, new.count, new.bytes), (1, 1, 7));
    }
}
