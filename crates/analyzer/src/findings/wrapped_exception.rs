//! # What it detects
//! The exception of the dump stands in for another one: one that left a window procedure or a callback, that was not
//! handled, that Windows Runtime code stored, or that a runtime caught before it terminated the program. The verdict is
//! about that other exception.
//!
//! # What proves it
//! The code (0xC000041D, 0xC0000602, 0xC000070A, 0xC0000144, 0xC000027B, 0xC0000025, 0xC0000026, abort), and the
//! original exception itself: from `EXCEPTION_RECORD.ExceptionRecord`, from the parameters, from the stored errors, or
//! from a record on the stack whose function has not returned.
//!
//! # What fools it
//! A record on the stack can be an old one that no later call has overwritten. If the function that raised it is no
//! longer among the frames, the confidence is medium.
//!
//! # Example
//! `STATUS_FATAL_USER_CALLBACK_EXCEPTION (0xc000041d) stands in for an exception that left a window procedure or
//! another callback: std::bad_alloc.`
//!
//! # Source
//! NTSTATUS values; `STOWED_EXCEPTION_INFORMATION_V2`; the stacks.

use super::{Confidence, Crash, Found};
use crate::exceptions::names;
use crate::facts::{ExceptionReport, OpenedBy};

/// Calls that are listed.
const STORED: usize = 8;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let wrapper = crash.wrapper.filter(|e| e.is_of_windows())?;
    let original = wrapper.original.as_deref()?;
    let (confidence, by) = match original.by {
        OpenedBy::Record => (Confidence::High, "its ExceptionRecord"),
        OpenedBy::Parameters => (Confidence::High, "its parameters"),
        OpenedBy::Stowed => (Confidence::High, "the stored error"),
        OpenedBy::Frames => (Confidence::High, "a record on the stack, and the frames that raised it"),
        OpenedBy::Stack => (Confidence::Medium, "a record on the stack, in a call that has not returned"),
    };
    let title = format!(
        "{} stands in for {}: {}.",
        called(wrapper),
        stands_for(wrapper),
        called(&original.exception)
    );
    let found = Found::new(confidence, title);
    let found = found.with_at("exception", wrapper.address.0, format!("{:#x}", wrapper.code.0));
    let code = format!("{:#x} at {:#x}", original.exception.code.0, original.exception.address.0);
    let found = match original.at {
        Some(at) => found.with_at("original", at.0, code),
        None => found.with("original", code),
    };
    let found = found.with("identified by", by);
    let calls = original.calls.iter().take(STORED);
    Some(calls.fold(found, |found, call| {
        found.with_at(
            "stored in a call from",
            call.address.0,
            call.location.as_deref().unwrap_or("no module"),
        )
    }))
}

/// What made the dump's own exception be raised.
fn stands_for(wrapper: &ExceptionReport) -> &'static str {
    match wrapper.code.0 {
        0xc000_041d => "an exception that left a window procedure or another callback",
        0xc000_0602 => "an exception that was caught before the program terminated itself",
        0xc000_070a => "an exception that left a thread pool callback",
        0xc000_027b => "an error that Windows Runtime code stored",
        0xc000_0144 => "an unhandled exception",
        0xc000_0409 | 0x4000_0015 => "an exception that led to abort",
        _ => "an earlier exception",
    }
}

/// What an exception that only passes another one on stands for, if that other one is not known.
pub(crate) fn stands_for_lost(exception: &ExceptionReport) -> Option<&'static str> {
    let always = [0xc000_0025, 0xc000_0026, 0xc000_0144, 0xc000_027b, 0xc000_041d];
    (exception.original.is_none() && always.contains(&exception.code.0)).then(|| stands_for(exception))
}

/// The type, or name and code.
fn called(exception: &ExceptionReport) -> String {
    if let Some(thrown) = exception.cpp.as_ref().and_then(|cpp| cpp.type_name.as_deref()) {
        return thrown.to_owned();
    }
    match (&exception.name, u32::try_from(exception.code.0)) {
        (Some(name), _) => format!("{name} ({:#x})", exception.code.0),
        (None, Ok(code)) => names::named_result(code),
        (None, Err(_)) => format!("{:#x}", exception.code.0),
    }
}
