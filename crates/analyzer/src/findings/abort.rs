//! # What it detects
//! The program called `abort`, and the handler that it had set for SIGABRT raised the exception of the dump.
//!
//! # What proves it
//! `abort` of the C runtime is on the stack of the crashed thread, by the name in an export or in the module's own PDB.
//!
//! # What fools it
//! It does not show why the program gave up: an assertion, an unhandled exception, a failed allocation. The frames
//! above it do, and the program's own message, which no dump contains.
//!
//! # Example
//! `The program terminated itself: it called abort.`
//!
//! # Source
//! `abort` and `signal` in the C runtime's documentation; `_o_abort` is the export for Windows' own programs.

use super::{Confidence, Crash, Found, code};
use crate::facts::FrameReport;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let frame = frame(crash)?;
    let found = Found::new(Confidence::High, "The program terminated itself: it called abort.");
    let name = format!("{}!{}", frame.module.as_deref().unwrap_or("?"), frame.function.as_deref()?);
    Some(found.with_at("frame", frame.ip.0, name))
}

/// The frame of `abort`, below which something was raised. A fast failure says by itself what it is.
pub(crate) fn frame<'a>(crash: &Crash<'a>) -> Option<&'a FrameReport> {
    crash.exception.filter(|e| e.code.0 != code::STACK_BUFFER_OVERRUN)?;
    let abort = |name: &str| matches!(name, "abort" | "_o_abort");
    crash.named_frames().find(|(_, name)| abort(name)).map(|(frame, _)| frame)
}
