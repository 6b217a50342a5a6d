//! # What it detects
//! How much of the machine's commit the process itself holds, where memory was refused, or without an exception.
//!
//! # What proves it
//! PrivateUsage of ProcessVmCounters, and SharedCommitUsage: page-file backed sections that it maps. Without counters, or
//! with those of a clone from which the dump was written, what the memory map shows as private and committed.
//!
//! # What fools it
//! A page-file backed section that several processes map is charged once for the whole system, and counts here for each.
//! Page tables and kernel memory are in no map.
//!
//! # Example
//! `The process had committed 18.300 GB of its own, 46% of what the whole machine may.`
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
        "The process had committed {} of its own, {share}% of what the whole machine may.",
        short(own)
    );
    let confidence = if charge.of_a_clone.is_some() { Confidence::Medium } else { Confidence::High };
    Some(evidence(Found::new(confidence, title), crash, charge))
}

/// Of what the charge consists, and by what it is known.
pub(super) fn evidence(mut found: Found, crash: &Crash<'_>, charge: Charge) -> Found {
    if charge.shared > 0 {
        found = found.with("private", short(charge.private));
        found = found.with("sections of the page file (SharedCommitUsage)", short(charge.shared));
    }
    if let Some(counted) = charge.of_a_clone {
        let value = format!("{}: a clone's, from which the dump was written", short(counted));
        found = found.with("counters that do not fit the map", value);
    }
    let counters = crash.facts.process.counters.as_ref();
    match counters.filter(|c| charge.counted && c.private_bytes.is_some()) {
        Some(counters) => found.with("at its peak", short(counters.peak_pagefile_bytes)),
        None => found.with("by", "the memory map, an estimate"),
    }
}
