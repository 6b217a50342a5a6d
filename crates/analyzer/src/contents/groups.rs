//! What is large: allocations, and large blocks of heaps, by equal size.
//!
//! What proves it: the memory map, and the heaps' lists of large blocks; nothing else is needed.
//! What fools it: allocations of one size need not have one owner.

use std::collections::HashMap;

use dumplens_core::process::heap::PartKind;

use super::committed::Committed;
use super::ledger::{Charged, Place};
use super::model::GroupKind;
use super::plan::next;
use crate::process::Process;
use crate::space::{Owner, Usage};

/// Sizes that are counted separately.
const MOST: usize = 1 << 16;
/// Members that are remembered, to be looked at.
const EXAMPLES: usize = 16;

/// Allocations or blocks of one size.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) kind: GroupKind,
    pub(super) usage: Usage,
    pub(super) size: u64,
    pub(super) count: u64,
    pub(super) committed: u64,
    /// Some of them: first address, and the first behind the committed part that begins there.
    pub(super) examples: Vec<(u64, u64)>,
    /// Which heaps.
    pub(super) heap: Option<usize>,
}

/// What the map alone says.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    /// Those of most committed bytes first.
    pub(super) list: Vec<Group>,
    /// The private commit.
    pub(super) private: u64,
}

#[derive(Debug, Default)]
struct Groups {
    of: HashMap<(GroupKind, Usage, u64), Group>,
    /// Ends of allocations.
    ends: HashMap<u64, u64>,
}

impl Groups {
    fn add(
        &mut self,
        key: (GroupKind, Usage, u64),
        committed: u64,
        example: (u64, u64),
        heap: Option<usize>,
    ) {
        if self.of.len() >= MOST && !self.of.contains_key(&key) {
            return;
        }
        let (kind, usage, size) = key;
        let group = self.of.entry(key).or_insert_with(|| {
            let (count, committed, examples) = (0, 0, Vec::new());
            Group { kind, usage, size, count, committed, examples, heap }
        });
        group.count += 1;
        group.committed = group.committed.saturating_add(committed);
        if group.examples.len() < EXAMPLES {
            group.examples.push(example);
            return;
        }
        let mut state = example.0 ^ group.count;
        let place = next(&mut state) % group.count;
        // The first stays: it is the one that is named.
        let place = usize::try_from(place).ok().filter(|place| *place > 0);
        if let Some(held) = place.and_then(|place| group.examples.get_mut(place)) {
            *held = example;
        }
    }
}

/// The groups of the private commit, in one pass over it.
pub(super) fn of(process: &Process<'_>, charged: impl Iterator<Item = Charged>) -> Grouped {
    let (mut groups, mut private) = (Groups::default(), 0);
    let unclaimed =
        charged.inspect(|run| private += run.end - run.base).filter(|run| run.place == Place::Unclaimed);
    let mut open: Option<(u64, u64, (u64, u64))> = None;
    for run in unclaimed {
        match &mut open {
            Some((allocation, committed, (_, end))) if *allocation == run.allocation => {
                *committed += run.end - run.base;
                if *end == run.base {
                    *end = run.end;
                }
            }
            _ => {
                let before = open.replace((run.allocation, run.end - run.base, (run.base, run.end)));
                close(process, before, &mut groups);
            }
        }
    }
    close(process, open, &mut groups);
    large_blocks(process, &mut groups);
    let mut list: Vec<Group> = groups.of.into_values().collect();
    list.sort_unstable_by_key(|group| std::cmp::Reverse((group.committed, group.size, group.kind)));
    Grouped { list, private }
}

/// An allocation has ended.
fn close(process: &Process<'_>, open: Option<(u64, u64, (u64, u64))>, groups: &mut Groups) {
    let Some((allocation, committed, example)) = open else { return };
    // Each allocation is measured once: the regions of a damaged map may belong to two in turn.
    let is_known = groups.ends.contains_key(&allocation);
    if !is_known && groups.ends.len() < MOST {
        let space = &process.space;
        let regions = (space.regions.first_behind(allocation)..).map_while(|n| space.regions.get(n));
        let of = regions.take_while(|region| region.allocation_base == allocation && !region.state.is_free());
        groups.ends.insert(allocation, of.last().and_then(|region| region.end()).unwrap_or(example.1));
    }
    let end = groups.ends.get(&allocation).copied().unwrap_or(example.1);
    let key = (GroupKind::Allocation, Usage::Unknown, end.saturating_sub(allocation));
    groups.add(key, committed, example, None);
}

fn large_blocks(process: &Process<'_>, groups: &mut Groups) {
    let large = |kind: PartKind| kind == PartKind::LargeBlock;
    if !process.heaps.list.iter().any(|heap| heap.parts.iter().any(|part| large(part.kind))) {
        return;
    }
    let space = &process.space;
    let sums = Committed::new(space);
    for (index, heap) in process.heaps.list.iter().enumerate() {
        for part in heap.parts.iter().filter(|part| part.kind == PartKind::LargeBlock) {
            let Some(span) = space.span_at(part.base).filter(|span| span.owner == Owner::Heap(index)) else {
                continue;
            };
            let committed = sums.between(part.base, part.end);
            let bytes = part.user_bytes.unwrap_or(part.end.saturating_sub(part.base));
            let key = (GroupKind::LargeBlock, span.usage, bytes);
            groups.add(key, committed, (part.base, part.end), Some(index));
        }
    }
}
