//! # What it detects
//! How much the machine could still commit: its limit is RAM and page files together.
//!
//! # What proves it
//! SystemMemoryInfo: CommitLimit and CommittedPages, against the size that was asked for.
//!
//! # What fools it
//! The figures are those of the time of the dump. Page files that may grow have grown since; others may have freed
//! memory. So a headroom larger than the request does not clear the commit limit where the thread's last error names it.
//!
//! # Example
//! `The machine had committed 39.800 GB of 40.000 GB: 204.800 MB were left, and 923.777 MB were asked for.`
//!
//! # Source
//! MINIDUMP_SYSTEM_MEMORY_INFO_1 with SYSTEM_PERFORMANCE_INFORMATION.

use super::{Confidence, Crash, Found, short};
use crate::facts::number;

/// What the machine had committed, and may.
pub(crate) fn figures(crash: &Crash<'_>) -> Option<(u64, u64)> {
    let memory = crash.facts.system.memory.as_ref()?;
    memory.commit_bytes.zip(memory.commit_limit_bytes).filter(|(_, limit)| *limit > 0)
}

/// Whether less was left than was asked for. Figures that contradict each other do not tell.
pub(crate) fn is_short(crash: &Crash<'_>) -> bool {
    let left = figures(crash)
        .filter(|_| !crash.figures_contradict())
        .map(|(commit, limit)| limit.saturating_sub(commit));
    left.zip(crash.wanted()).is_some_and(|(left, wanted)| left < wanted)
}

/// Whether hardly anything was left: less than a hundredth. Where the size is not known, that is what there is.
pub(crate) fn is_nearly_reached(crash: &Crash<'_>) -> bool {
    figures(crash)
        .filter(|_| !crash.figures_contradict())
        .is_some_and(|(commit, limit)| limit.saturating_sub(commit) < limit / 100)
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let (commit, limit) = figures(crash)?;
    if !crash.asks_of_memory() {
        return None;
    }
    let wanted = crash.wanted();
    let left = limit.saturating_sub(commit);
    let asked = wanted.map(|wanted| format!(", and {} were asked for", short(wanted))).unwrap_or_default();
    let title = format!(
        "The machine had committed {} of {}: {} were left{asked}.",
        short(commit),
        short(limit),
        short(left)
    );
    let (confidence, title) = match (crash.figures_contradict(), is_short(crash)) {
        (true, _) => (
            Confidence::Low,
            format!(
                "What the dump says of the machine's commit cannot be right: {} committed of {}.",
                short(commit),
                short(limit)
            ),
        ),
        (false, true) => (Confidence::High, title),
        (false, false) => (Confidence::Medium, title),
    };
    let mut found =
        Found::new(confidence, title).with("commit limit", short(limit)).with("committed", short(commit));
    let memory = crash.facts.system.memory.as_ref();
    if let Some(peak) = memory.and_then(|m| m.commit_peak_bytes) {
        found = found.with("most since the system started", short(peak));
    }
    if let Some(ram) = memory.and_then(|m| m.physical_bytes) {
        found = found.with("RAM", short(ram));
        found = found.with("so page files", short(limit.saturating_sub(ram)));
    }
    if let Some(seconds) = crash.facts.system.uptime_seconds {
        found = found.with("the system was up", number::duration_of_seconds(seconds));
    }
    Some(found)
}
