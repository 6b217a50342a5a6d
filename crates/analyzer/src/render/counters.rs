//! The counters of the process, under names for people.

use crate::facts::CountersReport;

/// Those that are known.
pub(super) fn counted(c: &CountersReport) -> impl Iterator<Item = (&'static str, u64)> {
    let all = [
        ("Private commit", c.private_bytes),
        ("Pagefile usage", Some(c.pagefile_bytes)),
        ("Pagefile usage, peak", Some(c.peak_pagefile_bytes)),
        ("Working set", Some(c.working_set_bytes)),
        ("Working set, peak", Some(c.peak_working_set_bytes)),
        ("Virtual size", c.virtual_bytes),
        ("Virtual size, peak", c.peak_virtual_bytes),
        ("Shared commit", c.shared_commit_bytes),
        ("Job: shared commit", c.job_shared_commit_bytes),
        ("Job: private commit", c.job_private_commit_bytes),
        ("Job: private commit limit", c.job_private_commit_limit_bytes),
        ("Job: total commit limit", c.job_total_commit_limit_bytes),
    ];
    all.into_iter().filter_map(|(name, bytes)| Some((name, bytes?)))
}
