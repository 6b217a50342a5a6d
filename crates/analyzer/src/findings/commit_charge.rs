//! # What it detects
//! How much of the machine's commit the process itself holds, where memory was refused.
//!
//! # What proves it
//! PrivateUsage of ProcessVmCounters; without it, what the memory map shows as private and committed.
//!
//! # What fools it
//! Sections that are backed by a page file are charged once for the whole system, not to the process. Page tables and
//! kernel memory are in no map.
//!
//! # Example
//! `The process had committed 18.300 GB of its own, 46% of what the whole machine may.`
//!
//! # Source
//! PROCESS_VM_COUNTERS; the commit rules of Windows.

use super::{Confidence, Crash, Found, commit_limit, commit_unknown, short};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    crash.was_refused().then_some(())?;
    let own = commit_unknown::own(crash)?;
    let (_, limit) = commit_limit::figures(crash)?;
    let share = own.checked_mul(100)? / limit.max(1);
    let title = format!(
        "The process had committed {} of its own, {share}% of what the whole machine may.",
        short(own)
    );
    let found = Found::new(Confidence::High, title);
    let counters = crash.facts.process.counters.as_ref();
    Some(match counters.filter(|c| c.private_bytes.is_some()) {
        Some(counters) => found.with("at its peak", short(counters.peak_pagefile_bytes)),
        None => found.with("by", "the memory map, an estimate"),
    })
}
