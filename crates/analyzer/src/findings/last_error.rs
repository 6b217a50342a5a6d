//! # What it detects
//! The last error or status of the thread that was refused memory is one that refused memory leaves behind.
//!
//! # What proves it
//! `LastStatusValue` and `LastErrorValue` of its TEB: STATUS_COMMITMENT_LIMIT and ERROR_COMMITMENT_LIMIT (1455) name the
//! commit limit; STATUS_NO_MEMORY and ERROR_NOT_ENOUGH_MEMORY (8) leave open which it was.
//!
//! # What fools it
//! Any later call of the thread overwrites both, and an earlier failure may have left them.
//!
//! # Example
//! `The thread's last status is STATUS_COMMITMENT_LIMIT: the commit limit refused it.`
//!
//! # Source
//! TEB; RtlNtStatusToDosError.

use super::{Confidence, Crash, Found, code};

const ERROR_NOT_ENOUGH_MEMORY: u64 = 8;
const ERROR_OUTOFMEMORY: u64 = 14;
const ERROR_COMMITMENT_LIMIT: u64 = 1455;

/// Whether the thread says that commit was refused.
pub(crate) fn names_commit_limit(crash: &Crash<'_>) -> bool {
    let (status, error) = values(crash);
    status == Some(code::COMMITMENT_LIMIT) || error == Some(ERROR_COMMITMENT_LIMIT)
}

fn values(crash: &Crash<'_>) -> (Option<u64>, Option<u64>) {
    let thread = crash.thread;
    let status = thread.and_then(|t| t.last_status.as_ref()).map(|s| s.code.0);
    let error = thread.and_then(|t| t.last_error.as_ref()).map(|e| e.code.0);
    (status, error)
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let (status, error) = values(crash);
    let open =
        status == Some(code::NO_MEMORY) || matches!(error, Some(ERROR_NOT_ENOUGH_MEMORY | ERROR_OUTOFMEMORY));
    let thread = crash.thread?;
    let (confidence, title) = if names_commit_limit(crash) {
        (Confidence::Medium, "The thread's last error is the commit limit's: memory could not be committed.")
    } else if open {
        (Confidence::Low, "The thread's last error says that memory was refused, not which limit did it.")
    } else {
        return None;
    };
    let mut found = Found::new(confidence, title);
    for (what, value) in [("LastStatusValue", &thread.last_status), ("LastErrorValue", &thread.last_error)] {
        if let Some(value) = value {
            let name = value.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
            found = found.with_at(
                what,
                thread.teb32.unwrap_or(thread.teb).0,
                format!("{:#x}{name}", value.code.0),
            );
        }
    }
    Some(found)
}
