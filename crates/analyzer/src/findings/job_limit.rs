//! # What it detects
//! The process is in a job (a container, a build farm's sandbox) whose commit limit leaves less than was requested.
//!
//! # What proves it
//! ProcessVmCounters, second version: the job's private commit and its limit.
//!
//! # What fools it
//! The figures are from the time of the dump. They do not include the limit of a parent job.
//!
//! # Example
//! `The process's job has committed 1.998 GB of its limit of 2.000 GB.`
//!
//! # Source
//! PROCESS_VM_COUNTERS; JOBOBJECT_EXTENDED_LIMIT_INFORMATION.

use super::{Confidence, Crash, Found, short};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let wanted = crash.wanted()?;
    let (used, limit) = job(crash)?;
    if used.saturating_add(wanted) <= limit {
        return None;
    }
    let title = format!("The process's job has committed {} of its limit of {}.", short(used), short(limit));
    let found = Found::new(Confidence::High, title).with("requested", short(wanted));
    Some(found.with("left in the job", short(limit.saturating_sub(used))))
}

/// Whether hardly anything was left: less than a hundredth.
pub(super) fn is_nearly_reached(crash: &Crash<'_>) -> bool {
    job(crash).is_some_and(|(used, limit)| limit.saturating_sub(used) < limit / 100)
}

/// What the process's job has committed, and its limit: of its two, each with what counts for it, the one that has less
/// left. Shared commit counts for the total one.
pub(super) fn job(crash: &Crash<'_>) -> Option<(u64, u64)> {
    let counters = crash.facts.process.counters.as_ref()?;
    let private = counters.job_private_commit_bytes?;
    let total = private.saturating_add(counters.job_shared_commit_bytes.unwrap_or(0));
    let limits =
        [(private, counters.job_private_commit_limit_bytes), (total, counters.job_total_commit_limit_bytes)];
    let set = limits.into_iter().filter_map(|(used, limit)| Some((used, limit?)));
    let set = set.filter(|(_, limit)| *limit > 0 && *limit < u64::MAX >> 1);
    set.min_by_key(|(used, limit)| limit.saturating_sub(*used))
}
