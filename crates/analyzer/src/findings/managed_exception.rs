//! # What it detects
//! Managed code (.NET) threw an exception that ended the program: its class, its message, its inner exceptions, and the
//! methods that it passed through. To Windows, a null reference is an access violation in code of the runtime; the
//! object shows what it was to the program.
//!
//! # What proves it
//! The exception object itself, which the runtime's record of the thread points to: its class derives from
//! System.Exception, and its HRESULT is that of the exception record.
//!
//! # What fools it
//! A dump written at the first chance: the program may have been about to catch the exception. If the runtime no longer
//! handles an exception, the last one that the thread threw may have been caught long before.
//!
//! # Example
//! `System.InvalidOperationException was thrown in thread 0x130, in Shop.Cart.Total: "Sequence contains no elements".`
//!
//! # Source
//! CoreCLR's Thread, ExceptionInfo and System.Exception (dotnet/runtime).

use super::{Confidence, Crash, Found, code};
use crate::facts::Hex;
use crate::managed::ManagedExceptionReport;

/// Methods that are shown.
const FRAMES: usize = 8;
/// Exceptions inside that are shown.
const INNER: usize = 4;

/// The exception object of the thread that failed, and how sure it is that it is what ended the program.
pub(crate) fn thrown<'a>(crash: &Crash<'a>) -> Option<(&'a ManagedExceptionReport, Confidence)> {
    let exception = crash.exception?;
    let thrown = crash.facts.managed.as_ref()?.exception_of(exception.thread_id)?;
    let result = thrown.hresult.map(|code| code.0);
    match exception.code.0 {
        code::CLR | code::CLR_2 => {
            let carried = exception.parameters.first().map(|parameter| parameter.0 & 0xffff_ffff);
            match carried {
                Some(carried) if Some(carried) == result => Some((thrown, Confidence::High)),
                // The record of another exception than the one that the thread threw last.
                Some(_) if !thrown.current => None,
                None if thrown.current => Some((thrown, Confidence::High)),
                _ => Some((thrown, Confidence::Medium)),
            }
        }
        code::ACCESS_VIOLATION => {
            const OF_ACCESS: [&str; 2] = ["System.NullReferenceException", "System.AccessViolationException"];
            let sure = if thrown.current { Confidence::High } else { Confidence::Medium };
            OF_ACCESS.contains(&thrown.type_name.as_str()).then_some((thrown, sure))
        }
        _ => None,
    }
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let (thrown, sure) = thrown(crash)?;
    let exception = crash.exception?;
    let thread = exception.thread_id;
    let place = thrown.own_frames().next().map(|frame| format!(", in {frame}")).unwrap_or_default();
    let text = message(thrown).map(|message| format!(": \"{message}\"")).unwrap_or_default();
    let title = format!("{} was thrown in thread {thread:#x}{place}{text}.", thrown.type_name);
    let mut found = Found::new(sure, title).with_at("object", thrown.address.0, &*thrown.type_name);
    if let Some(code) = thrown.hresult {
        found = found.with("HRESULT", code.to_string());
    }
    for frame in thrown.frames.iter().take(FRAMES) {
        found = found.with("passed through", frame.as_str());
    }
    let inner = std::iter::successors(thrown.inner.as_deref(), |inner| inner.inner.as_deref());
    for inner in inner.take(INNER) {
        let text = message(inner).map(|message| format!(": \"{message}\"")).unwrap_or_default();
        let Hex(at) = inner.address;
        found = found.with_at("inner exception", at, format!("{}{text}", inner.type_name));
        for frame in inner.frames.iter().take(FRAMES) {
            found = found.with("passed through", frame.as_str());
        }
    }
    Some(found)
}

/// The first line of the message, as much as fits a sentence.
fn message(thrown: &ManagedExceptionReport) -> Option<String> {
    const MOST: usize = 200;
    let line = thrown.message.as_deref()?.lines().next().filter(|line| !line.is_empty())?;
    let short: String = line.chars().take(MOST).collect();
    Some(if short.len() < line.len() { short + "…" } else { short })
}
