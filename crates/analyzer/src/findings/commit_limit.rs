//! # What it detects
//! How much memory the machine could still commit. Its commit limit is RAM plus page files.
//!
//! # What proves it
//! SystemMemoryInfo: CommitLimit and CommittedPages, compared with the requested size.
//!
//! # What fools it
//! The figures are from the time of the dump. Page files may have grown since the failure; other processes may have
//! freed memory. So more headroom than the request does not rule out the commit limit if the thread's last error names
//! it.
//!
//! # Example
//! `The machine had committed 39.800 GB of its limit of 40.000 GB: 204.800 MB was left, and 923.777 MB was requested.`
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
    let asked = wanted.map(|wanted| format!(", and {} was requested", short(wanted))).unwrap_or_default();
    let title = format!(
        "The machine had committed {} of its limit of {}: {} was left{asked}.",
        short(commit),
        short(limit),
        short(left)
    );
    let (confidence, title) = match (crash.figures_contradict(), is_short(crash)) {
        (true, _) => (
            Confidence::Low,
            format!(
                "The dump's figures for the machine's commit charge cannot be right: {} committed of {}.",
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
        found = found.with("peak since the system started", short(peak));
    }
    if let Some(ram) = memory.and_then(|m| m.physical_bytes) {
        found = found.with("RAM", short(ram));
        found = found.with("page files (limit less RAM)", short(limit.saturating_sub(ram)));
    }
    if let Some(seconds) = crash.facts.system.uptime_seconds {
        found = found.with("system uptime", number::duration_of_seconds(seconds));
    }
    Some(found)
}
