//! # What it detects
//! An allocation failed before the crash: a record of `std::bad_alloc`, or of an exception that means the same, is on a
//! stack, while the dump's own exception is another one, such as the abort that followed.
//!
//! # What proves it
//! A complete exception record on the stack whose code, address and parameters are consistent, with the type that its
//! ThrowInfo names. Above the stack pointer of the crashed thread, it belongs to a call that has not returned: the
//! likely cause.
//!
//! # What fools it
//! Below the stack pointer, and in another thread, it may belong to an exception that was caught and handled long ago.
//! A frame that does not write all of its memory also leaves old records above the stack pointer.
//!
//! # Example
//! `std::bad_alloc was thrown earlier in thread 0x1a2c, in a call that has not returned: the likely cause of what
//! followed.`
//!
//! # Source
//! EXCEPTION_RECORD; the layouts of Microsoft's C++ exceptions; the stacks.

use super::{Confidence, Crash, Found, raising};
use crate::facts::{EarlierReport, ThreadReport};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let told = raising::of(crash).is_some_and(|(_, record)| record.says_refused());
    if crash.says_refused() || told {
        return None;
    }
    let (thread, record) = of(crash)?;
    let what = record.cpp_type.as_deref().or(record.name.as_deref()).unwrap_or("an out-of-memory exception");
    let own = crash.thread.is_some_and(|crashed| crashed.id == thread.id);
    let (confidence, place) = match (own, record.in_use) {
        (true, Some(true)) => {
            (Confidence::Medium, "in a call that has not returned: the likely cause of what followed")
        }
        (true, _) => (Confidence::Low, "in a call that has returned; it may be the cause of what followed"),
        (false, _) => (Confidence::Low, "and may be unrelated to the crash"),
    };
    let title = format!("{what} was thrown earlier in thread {:#x}, {place}.", thread.id);
    let found = Found::new(confidence, title).with_at(
        "EXCEPTION_RECORD",
        record.at.0,
        format!("{:#x}", record.code.0),
    );
    let module = record.module.as_deref().unwrap_or("no module");
    Some(found.with_at("raised", record.address.0, module))
}

/// The record that tells most: of the thread that crashed, in use.
fn of<'a>(crash: &Crash<'a>) -> Option<(&'a ThreadReport, &'a EarlierReport)> {
    let all = crash.facts.threads.iter().flat_map(|thread| {
        thread
            .exceptions
            .iter()
            .flatten()
            .filter(|record| record.says_refused())
            .map(move |record| (thread, record))
    });
    let crashed = crash.thread.map(|thread| thread.id);
    all.min_by_key(|(thread, record)| (Some(thread.id) != crashed, record.in_use != Some(true)))
}

/// Whether the root of an abort: a record in the crashed thread.
pub(crate) fn in_crashed_thread(crash: &Crash<'_>) -> bool {
    crash.thread.zip(of(crash)).is_some_and(|(crashed, (thread, _))| crashed.id == thread.id)
}
