//! # What it detects
//! How much of the machine's commit charge belongs to the process itself, if an allocation failed, or in a dump without
//! an exception.
//!
//! # What proves it
//! PrivateUsage of ProcessVmCounters, and SharedCommitUsage: page-file backed sections that the process maps. Without
//! counters, or with those of a clone from which the dump was written, what the memory map shows as private and
//! committed.
//!
//! # What fools it
//! A page-file backed section that several processes map is charged once for the whole system, and counts here for each
//! of them. Page tables and kernel memory are not in the memory map.
//!
//! # Example
//! `The process's own commit charge was 18.300 GB, 45% of the machine's commit limit.`
//!
//! # Source
//! PROCESS_VM_COUNTERS; the commit rules of Windows.

use super::commit_unknown::Charge;
use super::{Confidence, Crash, Found, commit_limit, short};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    crash.asks_of_memory().then_some(())?;
    let charge = Charge::of(crash)?;
    let (_, limit) = commit_limit::figures(crash).filter(|_| !crash.figures_contradict())?;
    let own = charge.private.saturating_add(charge.shared);
    let share = own.checked_mul(100)? / limit.max(1);
    let title = format!(
        "The process's own commit charge was {}, {share}% of the machine's commit limit.",
        short(own)
    );
    let confidence = if charge.of_a_clone.is_some() { Confidence::Medium } else { Confidence::High };
    Some(evidence(Found::new(confidence, title), crash, charge))
}

/// Of what the charge consists, and by what it is known.
pub(super) fn evidence(mut found: Found, crash: &Crash<'_>, charge: Charge) -> Found {
    if charge.shared > 0 {
        found = found.with("private", short(charge.private));
        found = found.with("page-file backed sections (SharedCommitUsage)", short(charge.shared));
    }
    if let Some(counted) = charge.of_a_clone {
        let value = format!("{}, of the clone from which the dump was written", short(counted));
        found = found.with("counters that do not fit the map", value);
    }
    let counters = crash.facts.process.counters.as_ref();
    match counters.filter(|c| charge.counted && c.private_bytes.is_some()) {
        Some(counters) => found.with("peak", short(counters.peak_pagefile_bytes)),
        None => found.with("estimated from", "the memory map"),
    }
}
