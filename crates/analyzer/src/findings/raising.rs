//! # What it detects
//! A dump that was written without exception information while a thread was raising an exception: the program wrote it
//! itself, in a filter or a handler, and did not pass on the exception information that it received.
//!
//! # What proves it
//! A complete exception record on the stack of a thread, in the frame of a function whose position is the address that
//! the record gives for the exception.
//!
//! # What fools it
//! The exception may be one that the program catches, and the dump may have been written at that moment for another
//! reason.
//!
//! # Example
//! `std::bad_alloc is being thrown in thread 0x1a2c: the dump was written without exception information.`
//!
//! # Source
//! EXCEPTION_RECORD; MINIDUMP_EXCEPTION_INFORMATION, an optional argument of MiniDumpWriteDump; the stacks.

use super::{Confidence, Crash, Found};
use crate::facts::{EarlierReport, ThreadReport};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let (thread, record) = of(crash)?;
    let (what, act) = match (&record.cpp_type, &record.name) {
        (Some(thrown), _) => (thrown.as_str(), "thrown"),
        (None, Some(name)) => (name.as_str(), "raised"),
        (None, None) => ("An exception", "raised"),
    };
    let title = format!(
        "{what} is being {act} in thread {:#x}: the dump was written without exception information.",
        thread.id
    );
    let found = Found::new(Confidence::Medium, title);
    let found = found.with_at("EXCEPTION_RECORD", record.at.0, format!("{:#x}", record.code.0));
    Some(found.with_at("raised", record.address.0, record.module.as_deref().unwrap_or("no module")))
}

/// The thread that is raising an exception, and the record of it.
pub(crate) fn of<'a>(crash: &Crash<'a>) -> Option<(&'a ThreadReport, &'a EarlierReport)> {
    if crash.facts.exception.is_some() {
        return None;
    }
    crash.facts.threads.iter().find_map(|thread| {
        let mut records = thread.exceptions.iter().flatten();
        records.find(|record| stands_there(thread, record)).map(|record| (thread, record))
    })
}

/// Whether the record lies in the frame of a function that stands where it was raised.
fn stands_there(thread: &ThreadReport, record: &EarlierReport) -> bool {
    let frames: Vec<_> = thread.frames.iter().flatten().filter(|frame| !frame.inline).collect();
    frames.windows(2).any(|two| two[0].ip == record.address && (two[0].sp..two[1].sp).contains(&record.at))
}
