//! # What it detects
//! The program ended itself at once: `__fastfail` with a reason, among them `abort` and Rust's abort (7), a stack cookie
//! that was overwritten (2), a corrupt list (3), an invalid argument of the C runtime (5).
//!
//! # What proves it
//! STATUS_STACK_BUFFER_OVERRUN, whose first parameter is the reason.
//!
//! # What fools it
//! Reason 7 says only that the program gave up: `abort`, an uncaught exception, an assertion, memory that was refused
//! to Rust. The stack tells which.
//!
//! # Example
//! `The program failed fast: FAST_FAIL_FATAL_APP_EXIT (7), as abort does.`
//!
//! # Source
//! The `FAST_FAIL_*` constants of `winnt.h`.

use super::{Confidence, Facts, Found, code};

/// `FAST_FAIL_FATAL_APP_EXIT`.
pub(crate) const FATAL_APP_EXIT: u64 = 7;

pub(super) fn detect(facts: &Facts<'_, '_>) -> Option<Found> {
    let exception = facts.raised(code::STACK_BUFFER_OVERRUN)?;
    let reason = exception.parameters.first().map(|parameter| parameter.0);
    let title = match reason {
        Some(FATAL_APP_EXIT) => {
            "The program ended itself: abort, or a fatal error of its runtime (fast fail 7).".to_owned()
        }
        Some(reason) => format!("The program failed fast, reason {reason}: {}.", words(reason)),
        None => "The program failed fast; the reason is not in the dump.".to_owned(),
    };
    let found = Found::new(Confidence::High, title);
    Some(found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0)))
}

fn words(reason: u64) -> &'static str {
    match reason {
        0 | 2 => "a function's stack cookie was overwritten",
        1 => "a virtual function table was not one",
        3 => "a linked list was corrupt",
        4 => "a stack was not where it should be",
        5 => "an invalid argument, as the C runtime sees it",
        10 => "an indirect call led to no function (CFG)",
        0x23 => "an exception inside the heap",
        0x32 => "the heap's own data was damaged",
        _ => "see FAST_FAIL_ in winnt.h",
    }
}
