//! # What it detects
//! A dump without an exception of a process that was ending: a thread stands in the function that ends it.
//!
//! # What proves it
//! `NtTerminateProcess`, `RtlExitUserProcess` or `ExitProcess` on the stack of a thread, by an export.
//!
//! # What fools it
//! Why it was ending is another matter: `abort`, a fatal error of a runtime and a usual end all come here. On x86 the
//! nearest export may be a neighbour of the function.
//!
//! # Example
//! `The process was ending itself: thread 0x104 is in NtTerminateProcess.`
//!
//! # Source
//! The exports of ntdll and kernel32.

use super::{Confidence, Crash, Found};
use crate::facts::{FrameReport, ThreadReport};
use crate::symbols::Source;

const ENDS: [&str; 5] = [
    "NtTerminateProcess",
    "ZwTerminateProcess",
    "RtlExitUserProcess",
    "ExitProcess",
    "ExitProcessImplementation",
];

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    if crash.facts.exception.is_some() || !crash.is_named() {
        return None;
    }
    let (thread, frame, name) = crash.facts.threads.iter().find_map(ends)?;
    let title = format!("The process was ending itself: thread {:#x} is in {name}.", thread.id);
    Some(Found::new(Confidence::High, title).with_at("frame", frame.ip.0, name))
}

/// The innermost frame that ends the process. System calls are all exported and lie one behind the other, so that the
/// nearest export is right for the innermost frame.
fn ends(thread: &ThreadReport) -> Option<(&ThreadReport, &FrameReport, &str)> {
    let frames = thread.frames.as_deref().unwrap_or_default();
    let named = frames.iter().enumerate().find_map(|(n, frame)| {
        let sure = n == 0 || matches!(frame.source, Some(Source::Pdb | Source::Export));
        let name = frame.function.as_deref().filter(|name| sure && ENDS.contains(name))?;
        Some((frame, name))
    });
    named.map(|(frame, name)| (thread, frame, name))
}
