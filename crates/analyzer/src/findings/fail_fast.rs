//! # What it detects
//! The program terminated itself at once: `__fastfail` with a reason, such as `abort` and Rust's abort (7), an
//! overwritten stack cookie (2), a corrupt list (3), an invalid argument of the C runtime (5).
//!
//! # What proves it
//! STATUS_STACK_BUFFER_OVERRUN, whose first parameter is the reason.
//!
//! # What fools it
//! Reason 7 only means that the program gave up: `abort`, an unhandled exception, an assertion, a failed allocation in
//! Rust. The stack shows which.
//!
//! # Example
//! `The program failed fast, reason 3, FAST_FAIL_CORRUPT_LIST_ENTRY: a linked list is corrupt, often because of a use
//! after free.`
//!
//! # Source
//! The `FAST_FAIL_*` constants of `winnt.h`.

use super::{Confidence, Crash, Found, code};
use crate::exceptions::fast_fail;

/// `FAST_FAIL_FATAL_APP_EXIT`.
pub(crate) const FATAL_APP_EXIT: u64 = 7;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.raised(code::STACK_BUFFER_OVERRUN)?;
    let reason = exception.parameters.first().map(|parameter| parameter.0);
    let name = exception.fast_fail.as_ref().and_then(|code| code.name.as_deref());
    let title = match reason {
        Some(FATAL_APP_EXIT) => {
            "The program terminated itself: abort, or a fatal error of its runtime (fast fail 7).".to_owned()
        }
        Some(reason) => {
            let name = name.map(|name| format!(", {name}")).unwrap_or_default();
            let why = u32::try_from(reason).ok().and_then(fast_fail::meaning);
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!("The program failed fast, reason {reason}{name}{why}.")
        }
        None => "The program failed fast; the reason is not in the dump.".to_owned(),
    };
    let found = Found::new(Confidence::High, title);
    Some(found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0)))
}
