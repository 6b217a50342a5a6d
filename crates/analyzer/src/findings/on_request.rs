//! # What it detects
//! A requested dump: the program asked Crashpad or Breakpad to write one (0x0517A7ED, Chromium's DumpWithoutCrashing), a
//! debugger broke into the process, or wrote the dump at an event that is not an error, such as a debug message. Nothing
//! failed.
//!
//! # What proves it
//! The code; or a breakpoint in ntdll on a thread all of whose frames belong to Windows, down to the thread's start
//! function: that is the thread that a debugger creates to break in.
//!
//! # What fools it
//! The dump does not contain the reason for the request. A breakpoint in the program's own code has the program's
//! frames on its stack, and does not count.
//!
//! # Example
//! `The program asked Crashpad for this dump: it did not crash.`
//!
//! # Source
//! Crashpad's `kSimulatedExceptionCode`; `DbgUiRemoteBreakin` of ntdll.

use super::{Confidence, Crash, Found, code};
use crate::facts::ThreadReport;
use crate::stack::is_system;
use dumplens_core::last_name;

/// What Breakpad and Crashpad write on other systems: `MD_EXCEPTION_CODE_LIN_DUMP_REQUESTED` and `MD_EXCEPTION_MAC_SIMULATED`,
/// by the names of the `minidump` crate.
const OTHERS: [&str; 2] = ["DUMP_REQUESTED", "Simulated Exception"];

/// Events that a debugger is notified of, and that nobody handles because something failed: notifications of the .NET runtime,
/// Ctrl+C and Ctrl+Break (`DBG_CONTROL_C`, `DBG_CONTROL_BREAK`), debug messages, names of threads.
const EVENTS: [u64; 6] = [0x0424_2420, 0x4001_0005, 0x4001_0006, 0x4001_0008, 0x4001_000a, 0x406d_1388];

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception.or(crash.facts.exception.as_ref())?;
    let asked = "The program asked for this dump: it did not crash.";
    let (sure, title) = match exception.code.0 {
        _ if !exception.is_of_windows() => {
            let name = exception.name.as_deref().filter(|name| OTHERS.contains(name));
            (Confidence::High, name.map(|_| asked.to_owned())?)
        }
        code::CRASHPAD_SIMULATED => {
            (Confidence::High, "The program asked Crashpad for this dump: it did not crash.".to_owned())
        }
        code::BREAKPOINT | code::WOW64_BREAKPOINT if is_by_debugger(crash) => (
            Confidence::High,
            "A debugger broke into the process; the program itself raised no exception.".to_owned(),
        ),
        event if EVENTS.contains(&event) => {
            let name = exception.name.as_deref().unwrap_or("an event");
            (Confidence::Medium, format!("The dump was written at an event that is not an error: {name}."))
        }
        _ => return None,
    };
    let found = Found::new(sure, title);
    Some(found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0)))
}

/// Whether the breakpoint is that of the thread that a debugger makes to break in.
pub(super) fn is_by_debugger(crash: &Crash<'_>) -> bool {
    if crash.named_frames().any(|(_, function)| function == "DbgUiRemoteBreakin") {
        return true;
    }
    let path = |index: Option<usize>| Some(crash.facts.modules.get(index?)?.path.as_str());
    let in_ntdll = |path: &str| {
        let file = last_name(path);
        file.eq_ignore_ascii_case("ntdll.dll")
    };
    let at = crash.exception.and_then(|e| path(e.module_index));
    let frames = crash.frames();
    // A stack that could not be followed to its end may have anyone's frames on it.
    let whole = crash.thread.is_some_and(is_whole);
    let windows = || frames.iter().all(|frame| path(frame.module_index).is_some_and(is_system));
    at.is_some_and(in_ntdll) && whole && !frames.is_empty() && windows()
}

/// Whether the walk came to the end of the stack: it said so, or the last frame lies at the stack's base.
fn is_whole(thread: &ThreadReport) -> bool {
    const LAST: u64 = 0x100;
    let last = thread.frames.as_ref().and_then(|frames| frames.last());
    let at_base = last
        .zip(thread.stack.as_deref())
        .is_some_and(|(frame, stack)| frame.sp.0.saturating_add(LAST) >= stack.base.0);
    thread.stopped.as_deref() == Some("end of the stack") || at_base
}
