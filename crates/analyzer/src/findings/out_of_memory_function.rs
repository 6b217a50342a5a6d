//! # What it detects
//! The program terminated itself in a function that is called when an allocation fails: Rust's `handle_alloc_error`,
//! Mozilla's `mozalloc_handle_oom`, V8's `FatalOOM`, Qt's `qBadAlloc`, and similar ones.
//!
//! # What proves it
//! The function is on the stack of the crashed thread, by the name in the module's own PDB or export; or Rust's handler
//! is recognized by its code, which swaps size and alignment.
//!
//! # What fools it
//! The name does not show the requested size. `node::OnFatalError` is also called for other fatal errors.
//!
//! # Example
//! `alloc::alloc::handle_alloc_error is on the stack: an allocation failed.`
//!
//! # Source
//! The names in Rust's alloc and std, and in Mozilla's rules for out-of-memory crashes.

use super::{Confidence, Crash, Found, code};
use crate::request::Asked;

/// Functions that are called only when memory was refused.
const NAMES: [&str; 16] = [
    "handle_alloc_error",
    "rust_oom",
    "__rust_alloc_error_handler",
    "default_alloc_error_hook",
    "mozalloc_handle_oom",
    "NS_ABORT_OOM",
    "CrashAtUnhandlableOOM",
    "OnNoMemoryInternal",
    "TerminateBecauseOutOfMemory",
    "PartitionOutOfMemory",
    "FatalOOM",
    "FatalProcessOutOfMemory",
    "OOMErrorHandler",
    "report_vm_out_of_memory",
    "PyErr_NoMemory",
    "qBadAlloc",
];
/// Functions that are called for that and for other fatal errors.
const LIKELY: [&str; 1] = ["OnFatalError"];

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    crash.exception?;
    by_name(crash, &NAMES, Confidence::High)
        .or_else(|| by_shape(crash))
        .or_else(|| by_name(crash, &LIKELY, Confidence::Medium))
}

fn by_name(crash: &Crash<'_>, names: &[&str], sure: Confidence) -> Option<Found> {
    let (frame, function) = crash.named_frames().find(|(_, name)| {
        let bare = name.split(['(', '<']).next().unwrap_or(name);
        bare.rsplit("::").next().is_some_and(|last| names.contains(&last))
    })?;
    let title = match sure {
        Confidence::High => format!("{function} is on the stack: an allocation failed."),
        _ => format!("{function} is on the stack: a fatal error, usually a failed allocation."),
    };
    Some(Found::new(sure, title).with_at("frame", frame.ip.0, function))
}

/// Rust's handler of refused memory, by its code.
fn by_shape(crash: &Crash<'_>) -> Option<Found> {
    // As Rust's abort ends a program: by a fast failure, or by an instruction that there is not.
    const ENDS: [u64; 4] =
        [code::STACK_BUFFER_OVERRUN, code::FATAL_APP_EXIT, code::BREAKPOINT, code::ILLEGAL_INSTRUCTION];
    crash.exception.filter(|e| ENDS.contains(&e.code.0))?;
    let request = crash.facts.request.as_ref().filter(|request| request.asked == Asked::Rust)?;
    let frame = crash.frames().iter().filter(|frame| !frame.inline).nth(request.frame)?;
    let title = "Rust's handle_alloc_error is on the stack, recognized by its code: an allocation failed.";
    Some(Found::new(Confidence::High, title).with_at("frame", frame.ip.0, "handle_alloc_error"))
}
