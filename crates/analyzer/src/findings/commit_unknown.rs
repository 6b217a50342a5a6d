//! # What it detects
//! The dump does not say how much the machine could commit, so what refused the memory is inferred.
//!
//! # What proves it
//! A large block is reserved and committed in one call. With address space to spare, what is left is the commit limit of
//! the machine or of a job, or a limit set from outside. The process's own commit against the RAM says how close.
//!
//! # What fools it
//! Page files can be many times the RAM; other processes' commit is not in the dump.
//!
//! # Example
//! `How much the machine could commit is not in the dump; the process alone had committed 18.300 GB, and the machine has
//! 16.000 GB of RAM.`
//!
//! # Source
//! The commit rules of Windows; KUSER_SHARED_DATA.NumberOfPhysicalPages; the memory map.

use super::{
    Confidence, Crash, Found, absurd_size, address_space_room, address_space_unknown, commit_limit, short,
};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let room = address_space_room::detect(crash).or_else(|| address_space_unknown::detect(crash));
    if commit_limit::figures(crash).is_some() || room.is_none() || absurd_size::detect(crash).is_some() {
        return None;
    }
    let ram = crash.facts.system.memory.as_ref().and_then(|m| m.physical_bytes);
    let own = own(crash);
    let unknown = "How much the machine could commit is not in the dump";
    let (confidence, title) = match (own, ram) {
        (Some(own), Some(ram)) => (
            if own >= ram { Confidence::Medium } else { Confidence::Low },
            format!(
                "{unknown}; the process alone had committed {}, and the machine has {} of RAM.",
                short(own),
                short(ram)
            ),
        ),
        (Some(own), None) => {
            (Confidence::Low, format!("{unknown}; the process alone had committed {}.", short(own)))
        }
        (None, _) => (Confidence::Low, format!("{unknown}.")),
    };
    let found = Found::new(confidence, title);
    Some(match crash.facts.system.uptime_seconds {
        Some(seconds) => found.with("the system was up", crate::facts::number::duration_of_seconds(seconds)),
        None => found,
    })
}

/// What the process is charged for: its own counter, or else the map's estimate.
pub(crate) fn own(crash: &Crash<'_>) -> Option<u64> {
    let counters = crash.facts.process.counters.as_ref();
    let counted = counters.and_then(|c| c.private_bytes.or(Some(c.pagefile_bytes))).filter(|n| *n > 0);
    counted.or(crash.facts.memory.private_commit_estimate_bytes)
}
