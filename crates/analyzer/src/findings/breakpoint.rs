//! # What it detects
//! The program ran into a breakpoint or a failed assertion of its own.
//!
//! # What proves it
//! STATUS_BREAKPOINT, its WOW64 form, or STATUS_ASSERTION_FAILURE.
//!
//! # What fools it
//! A debugger breaks into a process with the same code, in a thread that it makes for that: see `on_request`.
//!
//! # Example
//! `The program ran into a breakpoint.`
//!
//! # Source
//! NTSTATUS values.

use super::{Confidence, Crash, Found, code, on_request};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception?;
    if on_request::detect(crash).is_some() {
        return None;
    }
    let (confidence, title) = match exception.code.0 {
        code::ASSERTION_FAILURE => (Confidence::High, "An assertion failed."),
        code::BREAKPOINT | code::WOW64_BREAKPOINT => {
            (Confidence::Medium, "The program ran into a breakpoint: an assertion, or __debugbreak.")
        }
        _ => return None,
    };
    let found = Found::new(confidence, title);
    Some(found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0)))
}
