//! # What it detects
//! The dump does not show whether address space was short.
//!
//! # What proves it
//! There is no MemoryInfoList, or only part of it can be read: the dump does not show what was free.
//!
//! # What fools it
//! Nothing: the finding states what is not known.
//!
//! # Example
//! `How much address space was free is not known: the dump has no complete memory map.`
//!
//! # Source
//! MINIDUMP_TYPE: MiniDumpWithFullMemoryInfo requests the list.

use super::{Confidence, Crash, Found};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    crash.wanted().filter(|_| crash.facts.memory.room().free_bytes.is_none())?;
    let title = "How much address space was free is not known: the dump has no complete memory map.";
    Some(Found::new(Confidence::High, title))
}
