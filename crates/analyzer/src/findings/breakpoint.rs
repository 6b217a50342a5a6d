//! # What it detects
//! The program hit a breakpoint or a failed assertion of its own, or executed an instruction that exists only to fail.
//!
//! # What proves it
//! STATUS_BREAKPOINT, its WOW64 variant, or STATUS_ASSERTION_FAILURE; or STATUS_ILLEGAL_INSTRUCTION at a `ud2`, `ud1` or
//! `ud0` (on ARM64 `brk`, `hlt` or `udf`), by which abort, __builtin_trap and failed checks end a program.
//!
//! # What fools it
//! A debugger breaks into a process with the same code, in a thread that it creates for that: see `on_request`.
//!
//! # Example
//! `The program hit a breakpoint: an assertion, or __debugbreak.`
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
        code::ASSERTION_FAILURE => (Confidence::High, "An assertion failed.".to_owned()),
        code::BREAKPOINT | code::WOW64_BREAKPOINT => {
            (Confidence::Medium, "The program hit a breakpoint: an assertion, or __debugbreak.".to_owned())
        }
        code::ILLEGAL_INSTRUCTION if exception.fault.as_ref().is_some_and(|fault| fault.deliberate) => {
            let instruction = if crash.facts.dump.arch.as_deref() == Some("arm64") { "brk" } else { "ud2" };
            let title = format!(
                "The program terminated itself on purpose by an instruction that exists only to fail ({instruction}): a \
                 failed check, abort, or code that its compiler took for unreachable."
            );
            (Confidence::Medium, title)
        }
        _ => return None,
    };
    let found = Found::new(confidence, title);
    Some(found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0)))
}
