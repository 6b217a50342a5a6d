//! # What it detects
//! What used the address space, if it was short: the largest allocations, including reserved memory.
//!
//! # What proves it
//! The memory map, its regions grouped by AllocationBase. The purpose of an allocation is given where its shape and the
//! loaded modules suggest it, and is a guess.
//!
//! # What fools it
//! Many small allocations can take more than the largest ones: see the histogram of `dumplens allocations`.
//!
//! # Example
//! `The 10 largest allocations take up 1.412 GB of the 1.961 GB in use.`
//!
//! # Source
//! MemoryInfoList.

use super::{Confidence, Crash, Found, address_space_exhausted, address_space_fragmented, short};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let short_of_space = address_space_exhausted::detect(crash).is_some()
        || address_space_fragmented::detect(crash).is_some_and(|_| crash.bits() == 32);
    let memory = &crash.facts.memory;
    let allocations = memory.allocations.as_ref().filter(|_| short_of_space)?;
    let own: Vec<_> =
        allocations.largest.iter().filter(|one| memory.is_of_program(one.base.0, one.size_bytes)).collect();
    let held: u64 = own.iter().map(|a| a.size_bytes).sum();
    let title = format!(
        "The {} largest allocations take up {} of the {} in use.",
        own.len(),
        short(held),
        short(memory.room().busy_bytes?)
    );
    let mut found = Found::new(Confidence::Medium, title);
    for one in own.into_iter().take(5) {
        let hint = one.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let what = format!("{} {}", one.kind, one.usage);
        let value = format!("{}, {} committed{hint}", short(one.size_bytes), short(one.committed_bytes));
        found = found.with_at(what, one.base.0, value);
    }
    Some(found)
}
