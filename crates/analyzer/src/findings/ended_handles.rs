//! # What it detects
//! Many handles to threads and processes that have ended: each keeps a kernel object alive, and the program leaks them.
//!
//! # What proves it
//! The object information of the handle stream contains the exit status of each thread and process.
//!
//! # What fools it
//! A program may keep some such handles on purpose, to read exit codes later.
//!
//! # Example
//! `120 of 150 handles to threads belong to threads that have ended: the program does not close them.`
//!
//! # Source
//! MINIDUMP_HANDLE_OBJECT_INFORMATION, types 1, 4 and 5; `STATUS_PENDING` (0x103) is the status of what still runs.

use super::{Confidence, Crash, Found, grouped, wait_chain};

/// More than a program keeps on purpose.
const MANY: u64 = 64;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let ended = wait_chain::waits(crash)?.ended?;
    let kinds = [
        (ended.ended_threads, ended.thread_handles, "threads"),
        (ended.ended_processes, ended.process_handles, "processes"),
    ];
    let (gone, all, kind) =
        kinds.into_iter().max_by_key(|(gone, ..)| *gone).filter(|(gone, ..)| *gone >= MANY)?;
    let title = format!(
        "{} of {} handles to {kind} belong to {kind} that have ended: the program does not close them.",
        grouped(gone),
        grouped(all)
    );
    let found = Found::new(Confidence::Medium, title);
    let row = |found: Found, (gone, all, kind): (u64, u64, &str)| {
        found.with(format!("{kind} that have ended"), format!("{} of {}", grouped(gone), grouped(all)))
    };
    Some(kinds.into_iter().filter(|(_, all, _)| *all > 0).fold(found, row))
}
