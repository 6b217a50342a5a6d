//! # What it detects
//! The dump does not contain the machine's commit limit, so what refused the memory is inferred.
//!
//! # What proves it
//! A large block is reserved and committed in one call. If there was enough address space, what remains is the commit
//! limit of the machine or of a job, or a limit set from outside. The process's own commit, compared with RAM, shows
//! how close it was.
//!
//! # What fools it
//! Page files can be many times larger than RAM; the commit of other processes is not in the dump.
//!
//! # Example
//! `The machine's commit limit is not in the dump; the process alone had committed 18.300 GB, and the machine has
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
    let unknown = "The machine's commit limit is not in the dump";
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
        Some(seconds) => found.with("system uptime", crate::facts::number::duration_of_seconds(seconds)),
        None => found,
    })
}

/// What the process is charged for, in bytes: private commit and page-file backed sections.
pub(crate) fn own(crash: &Crash<'_>) -> Option<u64> {
    Charge::of(crash).map(|charge| charge.private.saturating_add(charge.shared))
}

/// What the process is charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Charge {
    /// Private commit, in bytes: its own counter, or else the map's estimate.
    pub(crate) private: u64,
    /// Commit of page-file backed sections that it maps, in bytes: `SharedCommitUsage`; 0 where that is not known.
    pub(crate) shared: u64,
    /// Whether counters say so, and not the map alone.
    pub(crate) counted: bool,
    /// What counters say that cannot be this process's: its map shows many times as much. Those of a clone, from which the
    /// dump was written (`procdump -r`), are its own.
    pub(crate) of_a_clone: Option<u64>,
}

/// How many times the counters' figure the map must show to contradict it, and how many bytes more. The map's estimate
/// counts copy-on-write pages too, which are charged.
const TIMES: u64 = 4;
const MORE: u64 = 256 << 20;

impl Charge {
    /// What is known of it.
    pub(crate) fn of(crash: &Crash<'_>) -> Option<Charge> {
        let by_map = crash.facts.memory.private_commit_estimate_bytes;
        let counters = crash.facts.process.counters.as_ref();
        let counted = counters.map(|c| c.private_bytes.unwrap_or(c.pagefile_bytes)).filter(|n| *n > 0);
        let Some(private) = counted else {
            return by_map.map(|private| Charge { private, shared: 0, counted: false, of_a_clone: None });
        };
        let shared = counters.and_then(|c| c.shared_commit_bytes).unwrap_or(0);
        let beyond = |map: &u64| *map / TIMES > private && map.saturating_sub(private) > MORE;
        Some(match by_map.filter(beyond) {
            Some(map) => Charge { private: map, shared, counted: false, of_a_clone: Some(private) },
            None => Charge { private, shared, counted: true, of_a_clone: None },
        })
    }
}
