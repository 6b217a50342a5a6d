//! # What it detects
//! The dump does not tell whether address space was short.
//!
//! # What proves it
//! There is no MemoryInfoList, or only a part of it can be read: what is free is not in the dump.
//!
//! # What fools it
//! Nothing: it is what is not known.
//!
//! # Example
//! `How much address space was free is not known: the dump has no whole memory map.`
//!
//! # Source
//! MINIDUMP_TYPE: MiniDumpWithFullMemoryInfo asks for the list.

use super::{Confidence, Crash, Found};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    crash.wanted().filter(|_| crash.facts.memory.room().free_bytes.is_none())?;
    let title = "How much address space was free is not known: the dump has no whole memory map.";
    Some(Found::new(Confidence::High, title))
}
