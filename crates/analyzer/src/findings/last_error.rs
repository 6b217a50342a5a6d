//! # What it detects
//! The last error or status of the thread whose allocation failed is one that a failed allocation leaves behind.
//!
//! # What proves it
//! `LastStatusValue` and `LastErrorValue` of its TEB: STATUS_COMMITMENT_LIMIT and ERROR_COMMITMENT_LIMIT (1455) mean
//! the commit limit, STATUS_QUOTA_EXCEEDED (1816) and STATUS_PAGEFILE_QUOTA_EXCEEDED (1454) a quota,
//! STATUS_INSUFFICIENT_RESOURCES (1450) the kernel's own memory, STATUS_CONFLICTING_ADDRESSES (487) addresses in use;
//! STATUS_NO_MEMORY and ERROR_NOT_ENOUGH_MEMORY (8) do not say which limit it was.
//!
//! # What fools it
//! Any later call of the thread overwrites both, and an earlier failure may have left them.
//!
//! # Example
//! `The thread's last error is that of the commit limit: memory could not be committed.`
//!
//! # Source
//! TEB; RtlNtStatusToDosError.

use super::{Confidence, Crash, Found};
use crate::exceptions::limit::{Limit, named_by};
use crate::facts::{CodeReport, ThreadReport};

/// What the thread's last status and error say of memory: the more telling one of the two.
pub(crate) fn limit(thread: &ThreadReport) -> Option<Limit> {
    let by = |code: &Option<CodeReport>| named_by(code.as_ref()?.code.0);
    let (status, error) = (by(&thread.last_status), by(&thread.last_error));
    [status, error].into_iter().flatten().find(|limit| *limit != Limit::Open).or(status).or(error)
}

/// What the exception's thread was refused for.
pub(crate) fn told(crash: &Crash<'_>) -> Option<Limit> {
    limit(crash.thread?)
}

/// ` (STATUS_COMMITMENT_LIMIT)`, of the value that speaks of memory.
pub(super) fn name(thread: &ThreadReport) -> Option<String> {
    let speaks = |code: &&CodeReport| named_by(code.code.0).is_some();
    let code = [&thread.last_status, &thread.last_error].into_iter().flatten().find(speaks)?;
    Some(format!(" ({})", code.name.clone().unwrap_or_else(|| code.code.to_string())))
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let thread = crash.thread?;
    let (confidence, title) = match limit(thread)? {
        Limit::Commit => (
            Confidence::Medium,
            "The thread's last error is that of the commit limit: memory could not be committed.",
        ),
        Limit::Quota => (Confidence::Medium, "The thread's last error says that a quota was exceeded."),
        Limit::Resources => (
            Confidence::Medium,
            "The thread's last error says that the system lacked resources for a request.",
        ),
        // Which is also what any call with a wrong pointer gives.
        Limit::AddressTaken if !crash.was_refused() => return None,
        Limit::AddressTaken => {
            (Confidence::Medium, "The thread's last error says that the requested addresses were in use.")
        }
        Limit::Open => {
            (Confidence::Low, "The thread's last error says that memory was refused, but not by which limit.")
        }
    };
    Some(values_of(Found::new(confidence, title), thread))
}

/// Adds a thread's last status and error.
pub(super) fn values_of(mut found: Found, thread: &ThreadReport) -> Found {
    for (what, value) in [("LastStatusValue", &thread.last_status), ("LastErrorValue", &thread.last_error)] {
        if let Some(value) = value {
            let name = value.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
            let teb = thread.teb32.unwrap_or(thread.teb).0;
            found = found.with_at(what, teb, format!("{:#x}{name}", value.code.0));
        }
    }
    found
}
