//! # What it detects
//! Memory was refused before the crash: a record of `std::bad_alloc`, or of an exception that says the same, lies on a
//! stack, while the dump's own exception is another one, such as the abort after it.
//!
//! # What proves it
//! A whole exception record on the stack whose code, address and parameters fit, with the type that its ThrowInfo names.
//! Above the stack pointer of the thread that crashed it belongs to a call that has not returned: the likely root.
//!
//! # What fools it
//! Below the stack pointer, and in another thread, it may be of an exception that was caught and dealt with long ago. A
//! frame that does not write all of its memory leaves old records above the stack pointer, too.
//!
//! # Example
//! `std::bad_alloc was thrown before in thread 0x1a2c: the likely root of the abort.`
//!
//! # Source
//! EXCEPTION_RECORD; the layouts of Microsoft's C++ exceptions; the stacks.

use super::{Confidence, Facts, Found, bad_alloc, code};
use crate::report::{EarlierReport, ThreadReport};

pub(super) fn detect(facts: &Facts<'_, '_>) -> Option<Found> {
    if facts.says_refused() {
        return None;
    }
    let (thread, record) = of(facts)?;
    let what =
        record.cpp_type.as_deref().or(record.name.as_deref()).unwrap_or("an exception for want of memory");
    let own = facts.thread.is_some_and(|crashed| crashed.id == thread.id);
    let (confidence, place) = match (own, record.in_use) {
        (true, Some(true)) => {
            (Confidence::Medium, "in a call that has not returned: the likely root of what came after")
        }
        (true, _) => (Confidence::Low, "in a call that has returned; it may be the root of what came after"),
        (false, _) => (Confidence::Low, "which need not have to do with the crash"),
    };
    let title = format!("{what} was thrown before in thread {:#x}, {place}.", thread.id);
    let found = Found::new(confidence, title).with_at(
        "EXCEPTION_RECORD",
        record.at.0,
        format!("{:#x}", record.code.0),
    );
    let module = record.module.as_deref().unwrap_or("no module");
    Some(found.with_at("raised", record.address.0, module))
}

/// The record that tells most: of the thread that crashed, in use.
fn of<'a>(facts: &Facts<'a, '_>) -> Option<(&'a ThreadReport, &'a EarlierReport)> {
    let all = facts.report.threads.iter().flat_map(|thread| {
        thread
            .exceptions
            .iter()
            .flatten()
            .filter(|record| is_refusal(record))
            .map(move |record| (thread, record))
    });
    let crashed = facts.thread.map(|thread| thread.id);
    all.min_by_key(|(thread, record)| (Some(thread.id) != crashed, record.in_use != Some(true)))
}

/// The record of the crashed thread that a call in progress left, if there is one.
pub(crate) fn to_walk_from(thread: &ThreadReport) -> Option<&EarlierReport> {
    thread.exceptions.iter().flatten().find(|record| record.in_use == Some(true) && is_refusal(record))
}

/// Whether the root of an abort: a record in the crashed thread.
pub(crate) fn in_crashed_thread(facts: &Facts<'_, '_>) -> bool {
    facts.thread.zip(of(facts)).is_some_and(|(crashed, (thread, _))| crashed.id == thread.id)
}

fn is_refusal(record: &EarlierReport) -> bool {
    let by_type = record.cpp_type.as_deref().is_some_and(|name| bad_alloc::TYPES.contains(&name));
    by_type
        || matches!(record.code.0, code::NO_MEMORY | code::CHROMIUM_OUT_OF_MEMORY | code::COMMITMENT_LIMIT)
}
