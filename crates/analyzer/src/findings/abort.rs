//! # What it detects
//! The program called `abort`, and what it had set for that, a handler of SIGABRT, raised the exception of the dump.
//!
//! # What proves it
//! `abort` of the C runtime is on the stack of the thread that crashed, by an export or by a PDB that is the module's own.
//!
//! # What fools it
//! It does not say why the program gave up: an assertion, an exception that nothing caught, memory that was refused. The
//! frames above tell, and the program's own message, which no dump holds.
//!
//! # Example
//! `The program ended itself: it called abort.`
//!
//! # Source
//! `abort` and `signal` in the C runtime's documentation; `_o_abort` is the export for Windows' own programs.

use super::{Confidence, Crash, Found, code};
use crate::facts::FrameReport;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let frame = frame(crash)?;
    let found = Found::new(Confidence::High, "The program ended itself: it called abort.");
    let name = format!("{}!{}", frame.module.as_deref().unwrap_or("?"), frame.function.as_deref()?);
    Some(found.with_at("frame", frame.ip.0, name))
}

/// The frame of `abort`, below which something was raised. A fast failure says by itself what it is.
pub(crate) fn frame<'a>(crash: &Crash<'a>) -> Option<&'a FrameReport> {
    crash.exception.filter(|e| e.code.0 != code::STACK_BUFFER_OVERRUN)?;
    let abort = |name: &str| matches!(name, "abort" | "_o_abort");
    crash.named_frames().find(|(_, name)| abort(name)).map(|(frame, _)| frame)
}
