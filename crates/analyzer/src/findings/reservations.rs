//! # What it detects
//! What took the address space, where it was short: the largest allocations, reserved memory too.
//!
//! # What proves it
//! The memory map, its regions put together by AllocationBase. What an allocation is for is told where its shape and the
//! modules loaded say it, and is a guess.
//!
//! # What fools it
//! Many small allocations can take more than the largest ones: see the histogram of `dumplens allocations`.
//!
//! # Example
//! `The ten largest allocations hold 1.412 GB of 1.961 GB in use.`
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
        "The {} largest allocations hold {} of {} in use.",
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
