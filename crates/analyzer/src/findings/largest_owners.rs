//! # What it detects
//! Who holds the memory of the process, where memory was refused: where to look for a leak.
//!
//! # What proves it
//! The usage classes of the memory map, the heaps, and the largest allocations.
//!
//! # What fools it
//! Large is not leaked: what a program needs is large too. Two dumps of one process tell growth.
//!
//! # Example
//! `The process has committed 18.300 GB of its own; most of its memory is <unknown>: 17.100 GB.`
//!
//! # Source
//! MemoryInfoList; the heaps' own lists.

use super::{Confidence, Crash, Found, absurd_size, commit_unknown, short};
use crate::facts::{AllocationReport, HeapReport};

/// Less than this is not worth a look.
const MUCH: u64 = 64 << 20;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    (crash.asks_of_memory() && absurd_size::detect(crash).is_none()).then_some(())?;
    let memory = &crash.facts.memory;
    let own = commit_unknown::own(crash).filter(|own| *own >= MUCH)?;
    let of_others = ["Free", "Image"];
    let rows = memory.usage.iter().filter(|row| !of_others.contains(&row.name.as_str()));
    let row = rows.max_by_key(|row| row.size_bytes)?;
    let most = match memory.program_space {
        // The rows count what lies beyond the program's reach, too.
        Some(_) => String::new(),
        None => format!("; most of its memory is {}: {}", row.name, short(row.size_bytes)),
    };
    let title = format!("The process has committed {} of its own{most}.", short(own));
    let mut found = Found::new(Confidence::Medium, title);
    if let Some(heap) = largest_heap(crash) {
        let value = format!(
            "{} committed, {} of it in large blocks",
            short(heap.committed_bytes),
            short(heap.large_bytes)
        );
        found = found.with_at(format!("heap {}", heap.index), heap.handle.0, value);
    }
    if let Some(one) = largest_allocation(crash) {
        let hint = one.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let value = format!("{} committed{hint}", short(one.committed_bytes));
        found = found.with_at(format!("allocation, {} {}", one.kind, one.usage), one.base.0, value);
    }
    Some(found)
}

/// The heap with the most committed memory.
pub(crate) fn largest_heap<'a>(crash: &Crash<'a>) -> Option<&'a HeapReport> {
    let own = |heap: &&HeapReport| heap.committed_bytes > 0 && heap.bits == crash.bits();
    crash.facts.heaps.iter().filter(own).max_by_key(|heap| heap.committed_bytes)
}

/// The allocation with the most committed memory.
pub(crate) fn largest_allocation<'a>(crash: &Crash<'a>) -> Option<&'a AllocationReport> {
    let largest = &crash.facts.memory.allocations.as_ref()?.largest;
    let own = |one: &&AllocationReport| {
        one.committed_bytes > 0 && crash.facts.memory.is_of_program(one.base.0, one.size_bytes)
    };
    largest.iter().filter(own).max_by_key(|one| one.committed_bytes)
}
