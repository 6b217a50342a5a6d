//! # What it detects
//! The process runs in a job (a container, a build farm's sandbox) whose commit limit leaves less than was asked for.
//!
//! # What proves it
//! ProcessVmCounters, second version: the job's private commit and its limit.
//!
//! # What fools it
//! The figures are those of the time of the dump. A limit of a parent job is not in them.
//!
//! # Example
//! `The process's job has committed 1.998 GB of the 2.000 GB that it may.`
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
    let title =
        format!("The process's job has committed {} of the {} that it may.", short(used), short(limit));
    let found = Found::new(Confidence::High, title).with("asked for", short(wanted));
    Some(found.with("left in the job", short(limit.saturating_sub(used))))
}

/// What the process's job has committed, and its limit: the smaller of its two, where both are set.
fn job(crash: &Crash<'_>) -> Option<(u64, u64)> {
    let counters = crash.facts.process.counters.as_ref()?;
    let limits = [counters.job_private_commit_limit_bytes, counters.job_total_commit_limit_bytes];
    let limit = limits.into_iter().flatten().filter(|limit| *limit > 0 && *limit < u64::MAX >> 1).min()?;
    Some((counters.job_private_commit_bytes?, limit))
}
