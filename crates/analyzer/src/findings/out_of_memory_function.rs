//! # What it detects
//! The program ended itself in a function that is called when memory was refused: Rust's `handle_alloc_error`, Mozilla's
//! `mozalloc_handle_oom`, and others of their kind.
//!
//! # What proves it
//! The function is on the stack of the thread that crashed, by a PDB that is the module's own or by an export.
//!
//! # What fools it
//! How much was asked for is not known from it: Rust prints the number and keeps it nowhere.
//!
//! # Example
//! `alloc::alloc::handle_alloc_error is on the stack: memory was refused.`
//!
//! # Source
//! The names in Rust's alloc and std, and in Mozilla's rules for out-of-memory crashes.

use super::{Confidence, Crash, Found};

const NAMES: [&str; 9] = [
    "handle_alloc_error",
    "rust_oom",
    "__rust_alloc_error_handler",
    "default_alloc_error_hook",
    "mozalloc_handle_oom",
    "NS_ABORT_OOM",
    "CrashAtUnhandlableOOM",
    "OnNoMemoryInternal",
    "TerminateBecauseOutOfMemory",
];

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    crash.exception?;
    let (frame, function) = crash.named_frames().find(|(_, name)| {
        let bare = name.split(['(', '<']).next().unwrap_or(name);
        bare.rsplit("::").next().is_some_and(|last| NAMES.contains(&last))
    })?;
    let title = format!("{function} is on the stack: memory was refused.");
    Some(Found::new(Confidence::High, title).with_at("frame", frame.ip.0, function))
}
