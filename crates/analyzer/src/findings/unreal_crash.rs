//! # What it detects
//! Unreal Engine terminated the program and recorded why: out of memory, an assertion, a lost graphics device.
//!
//! # What proves it
//! The engine's crash context (stream 0x10000), and the message of its assertion, to which the exception's parameter
//! points. Out of memory is recorded as `MemoryStats.bIsOOM`, as the message "Ran out of memory allocating N bytes", or
//! as the code 0xC000.
//!
//! # What fools it
//! The crashing program writes the context. `bIsOOM` stays set if an earlier allocation of the engine failed and it
//! continued.
//!
//! # Example
//! `Unreal Engine ran out of memory: 3,221,225,472 bytes were requested.`
//!
//! # Source
//! Unreal Engine's GenericPlatformCrashContext and WindowsPlatformCrashContext.

use super::{Confidence, Crash, Found, code, grouped};
use crate::facts::UnrealReport;

/// How the engine's message begins when memory is refused, wherever it stands in the text.
const RAN_OUT: &str = "Ran out of memory allocating ";

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let own = crash.exception.filter(|e| {
        matches!(e.code.0, code::UNREAL_ASSERTION | code::UNREAL_GPU | code::UNREAL_OUT_OF_MEMORY)
    });
    let engine = crash.facts.unreal.as_ref();
    let message = engine.and_then(|engine| engine.message.as_deref());
    let (sure, title) = match (own, is_refused(crash), size(crash)) {
        (_, true, Some(size)) => {
            let sure = if own.is_some() { Confidence::High } else { Confidence::Medium };
            (sure, format!("Unreal Engine ran out of memory: {} bytes were requested.", grouped(size)))
        }
        (Some(_), true, None) => (Confidence::High, "Unreal Engine ran out of memory.".to_owned()),
        (None, true, None) => (Confidence::Medium, "Unreal Engine ran out of memory.".to_owned()),
        (Some(e), false, _) if e.code.0 == code::UNREAL_GPU => {
            (Confidence::High, "Unreal Engine lost the graphics device.".to_owned())
        }
        (Some(_), false, _) => match message {
            Some(message) => (Confidence::High, format!("Unreal Engine reported: {}", first_line(message))),
            None => (
                Confidence::Medium,
                "Unreal Engine reported a failed assertion or ensure; its message is not in the dump."
                    .to_owned(),
            ),
        },
        (None, false, _) => (EARLIER, earlier(engine?)?),
    };
    let found = Found::new(sure, title);
    let found = crash.exception.into_iter().fold(found, |found, exception| {
        found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0))
    });
    let found = message.map(first_line).into_iter().fold(found, |found, line| found.with("message", line));
    let kind = engine.and_then(|engine| engine.crash_type.as_deref());
    Some(kind.into_iter().fold(found, |found, kind| found.with("CrashType", kind)))
}

/// How sure it is that what is not said to have ended the program had to do with it.
pub(crate) const EARLIER: Confidence = Confidence::Low;

/// That the engine was refused memory at some time.
fn earlier(engine: &UnrealReport) -> Option<String> {
    engine.out_of_memory.filter(|out| *out)?;
    let size = engine.allocation_bytes.map(|size| format!(" of {} bytes", grouped(size))).unwrap_or_default();
    Some(format!(
        "Unreal Engine recorded that an allocation{size} had failed; it may have caused what followed."
    ))
}

/// Whether the engine says that it was refused memory, and that this ended it.
pub(super) fn is_refused(crash: &Crash<'_>) -> bool {
    let asserted = crash.raised(code::UNREAL_ASSERTION).is_some();
    let by_engine = |engine: &UnrealReport| {
        (asserted && engine.out_of_memory == Some(true))
            || engine.crash_type.as_deref() == Some("OutOfMemory")
            || engine.message.as_deref().is_some_and(|message| message.contains(RAN_OUT))
    };
    // A signal of another system, or an exception that is lost, has no part in it.
    let of_windows = crash.exception.is_some() == crash.facts.exception.is_some();
    let known = of_windows && crash.facts.exception_lost.is_none();
    crash.raised(code::UNREAL_OUT_OF_MEMORY).is_some()
        || (known
            && crash.raised(code::UNREAL_GPU).is_none()
            && crash.facts.unreal.as_ref().is_some_and(by_engine))
}

/// How many bytes were asked for, by the engine.
pub(super) fn size(crash: &Crash<'_>) -> Option<u64> {
    let engine = crash.facts.unreal.as_ref().filter(|_| is_refused(crash))?;
    let by_message = || {
        let (_, after) = engine.message.as_deref()?.split_once(RAN_OUT)?;
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    engine.allocation_bytes.or_else(by_message).filter(|size| *size > 0)
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
