//! # What it detects
//! Which heaps and allocations hold the memory of the process, if an allocation failed: where to look for a leak.
//!
//! # What proves it
//! What the memory map shows as committed: in each heap, and in private allocations of the same size, which are counted
//! together. Memory that is only reserved does not count.
//!
//! # What fools it
//! Large does not mean leaked: a program may need that much. Two dumps of one process show growth.
//!
//! # Example
//! `The process itself has committed 18.300 GB; the largest part is 283 allocations of 64.000 MB, the first at
//! 0x1f0000: 17.688 GB.`
//!
//! # Source
//! MemoryInfoList; the heaps' own lists.

use super::{Confidence, Crash, Found, absurd_size, commit_unknown, grouped, short};
use crate::facts::{EqualsReport, HeapReport};

/// Less than this is not worth a look.
const MUCH: u64 = 64 << 20;
/// Heaps and sizes that hold less than this part of it are not told; nor more sizes than this.
const SHARE: u64 = 16;
const SHOWN: usize = 3;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    (crash.asks_of_memory() && absurd_size::detect(crash).is_none()).then_some(())?;
    let own = commit_unknown::own(crash).filter(|own| *own >= MUCH)?;
    let most = match owner(crash) {
        Some(owner) => format!("; the largest part is {}", owner.words()),
        None => String::new(),
    };
    let title = format!("The process itself has committed {}{most}.", short(own));
    let mut found = Found::new(Confidence::Medium, title);
    if let Some(heap) = largest_heap(crash) {
        let value = format!(
            "{} committed, {} of it in large blocks",
            short(heap.committed_bytes),
            short(heap.large_bytes)
        );
        found = found.with_at(format!("heap {}", heap.index), heap.handle.0, value);
    }
    let equals = crash.facts.memory.allocations.iter().flat_map(|all| &all.private_equals);
    for of in equals.filter(|of| of.committed_bytes >= own / SHARE).take(SHOWN) {
        let hint = of.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let value = format!("{} committed{hint}", short(of.committed_bytes));
        let count = if of.count == 1 { "one".to_owned() } else { grouped(of.count) };
        let what = format!("{count} of {}, {}", short(of.size_bytes), of.usage);
        found = found.with_at(what, of.first.0, value);
    }
    Some(found)
}

/// Who holds the most committed memory.
pub(crate) enum Owner<'a> {
    /// A heap.
    Heap(&'a HeapReport),
    /// Private allocations of one size.
    Equals(&'a EqualsReport),
}

impl Owner<'_> {
    /// `283 allocations of 64.000 MB, the first at 0x1f0000: 17.688 GB`.
    pub(crate) fn words(&self) -> String {
        match self {
            Owner::Heap(heap) => {
                format!("heap {} at {:#x}: {}", heap.index, heap.handle.0, short(heap.committed_bytes))
            }
            Owner::Equals(one) if one.count == 1 => {
                format!("the allocation at {:#x}: {}", one.first.0, short(one.committed_bytes))
            }
            Owner::Equals(of) => format!(
                "{} allocations of {}, the first at {:#x}: {}",
                grouped(of.count),
                short(of.size_bytes),
                of.first.0,
                short(of.committed_bytes)
            ),
        }
    }
}

/// The owner with the most committed bytes. What a heap has as large blocks is the heap's.
pub(crate) fn owner<'a>(crash: &Crash<'a>) -> Option<Owner<'a>> {
    let least = commit_unknown::own(crash)? / SHARE;
    let equals = crash.facts.memory.allocations.as_ref().and_then(|all| all.private_equals.first());
    let equals = equals.filter(|of| {
        of.committed_bytes >= least && crash.facts.memory.is_of_program(of.first.0, of.size_bytes)
    });
    match (largest_heap(crash).filter(|heap| heap.committed_bytes >= least), equals) {
        (Some(heap), Some(of)) if heap.committed_bytes < of.committed_bytes => Some(Owner::Equals(of)),
        (None, Some(of)) => Some(Owner::Equals(of)),
        (heap, _) => heap.map(Owner::Heap),
    }
}

/// The heap with the most committed memory.
fn largest_heap<'a>(crash: &Crash<'a>) -> Option<&'a HeapReport> {
    let own = |heap: &&HeapReport| heap.committed_bytes > 0 && heap.bits == crash.bits();
    crash.facts.heaps.iter().filter(own).max_by_key(|heap| heap.committed_bytes)
}
