//! # What it detects
//! What fills the private memory of the process, if an allocation failed, a limit was near, or the dump was requested.
//!
//! # What proves it
//! The memory map and the heaps' own lists of large blocks: allocations and blocks of the same size are counted
//! together, and every byte of the private commit is counted under one use. Small blocks are counted in a sample of the
//! memory that the dump contains, with a 95% interval for each figure. A few pages of the largest groups show what kind
//! of data they hold; it is named only if the layout proves it.
//!
//! # What fools it
//! Blocks of one size may have several owners. Large does not mean leaked: two dumps of one process show growth.
//!
//! # Example
//! `97% (17.688 GB) of the private memory is 283 allocations of 64 MB, each an array of 24-byte elements, each a
//! std::string.`
//!
//! # Source
//! MemoryInfoList; the heaps' lists; docs/census.md.

use super::census_words::{self, leader, shape, share, use_title};
use super::{Confidence, Crash, Found, absurd_size, memory_pressure, short};

/// Less than this is not worth a look.
const MUCH: u64 = 16 << 20;
/// Uses that are named as evidence, and the share that each of them must have, in per cent.
const USES: usize = 3;
const WORTH: f64 = 5.0;

/// Whether it is asked what fills the private memory, and there is much of it.
pub(crate) fn is_asked(crash: &Crash<'_>, private_bytes: u64) -> bool {
    let asked = crash.asks_of_memory() || memory_pressure::of(crash).is_some();
    asked && private_bytes >= MUCH && absurd_size::detect(crash).is_none()
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let census = crash.facts.census.as_deref()?;
    is_asked(crash, census.private_bytes).then_some(())?;
    let leader = leader(census);
    // The map alone counts them; that their contents are alike too is a second fact.
    let proved = leader.and_then(|group| group.shape.as_ref()).and_then(shape).is_some();
    let confidence = if proved { Confidence::High } else { Confidence::Medium };
    let mut found = Found::new(confidence, census_words::sentence(census));
    if let Some(group) = leader {
        found = found.with_at(census_words::count(group), group.example.0, short(group.bytes));
    }
    let uses = census.uses.iter().take(USES).map(|row| (row, share(row.bytes, census.private_bytes)));
    for (row, share) in uses.filter(|(_, share)| *share >= WORTH) {
        found = found.with(use_title(row.of), format!("{} ({share:.0}%)", short(row.bytes)));
    }
    Some(found)
}
