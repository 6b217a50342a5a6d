//! What is large: allocations, and large blocks of heaps, by equal size.
//!
//! What proves it: the memory map, and the heaps' lists of large blocks; nothing else is needed.
//! What fools it: allocations of one size need not have one owner.

use dumplens_core::process::heap::PartKind;
use foldhash::HashMap;

use super::committed::Committed;
use super::draw::next;
use super::kinds::GroupKind;
use super::ledger::{Place, Places, charged};
use crate::process::Process;
use crate::space::{Allocation, Owner, Usage};

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
    /// Where the private commit lies.
    pub(super) places: Places,
}

#[derive(Debug, Default)]
struct Groups {
    of: HashMap<(GroupKind, Usage, u64), Group>,
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

/// What is committed of an allocation and has no other use.
struct Open {
    /// Base of the allocation.
    allocation: u64,
    committed: u64,
    /// The first run of it.
    first: (u64, u64),
}

/// What the map alone says, in one pass over it.
pub(super) fn of(process: &Process<'_>) -> Grouped {
    let (mut groups, mut places) = (Groups::default(), Places::default());
    let mut allocations = Allocation::all(&process.space).peekable();
    let mut close = |open: Option<Open>, groups: &mut Groups| {
        let Some(Open { committed, first, .. }) = open else { return };
        while allocations.next_if(|one| one.end <= first.0).is_some() {}
        // Every region that is charged belongs to one.
        let bytes = allocations.peek().map_or(0, Allocation::size);
        groups.add((GroupKind::Allocation, Usage::Unknown, bytes), committed, first, None);
    };
    let mut open: Option<Open> = None;
    charged(process, |run| {
        let bytes = run.end - run.base;
        places.add(run.place, bytes);
        if run.place != Place::Unclaimed {
            return;
        }
        match &mut open {
            Some(open) if open.allocation == run.allocation => {
                open.committed += bytes;
                if open.first.1 == run.base {
                    open.first.1 = run.end;
                }
            }
            _ => {
                let first = (run.base, run.end);
                close(
                    open.replace(Open { allocation: run.allocation, committed: bytes, first }),
                    &mut groups,
                );
            }
        }
    });
    close(open, &mut groups);
    large_blocks(process, &mut groups);
    let mut list: Vec<Group> = groups.of.into_values().collect();
    list.sort_unstable_by_key(|group| std::cmp::Reverse((group.committed, group.size, group.kind)));
    Grouped { list, places }
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
