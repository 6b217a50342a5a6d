//! # What it detects
//! The process was terminating itself when the dump was written: `procdump -t`, or a silent exit monitor.
//!
//! # What proves it
//! The innermost frame of a thread is `NtTerminateProcess`. Its second argument is the exit code: on x64 in rdx, which
//! the system call preserves, on x86 on the stack.
//!
//! # What fools it
//! It does not show why the program ended: exit codes are the program's own. `abort` of the C runtime uses code 3.
//!
//! # Example
//! `Thread 0x1a2c was terminating the process, with exit code 3, which abort uses.`
//!
//! # Source
//! `NtTerminateProcess(ProcessHandle, ExitStatus)`; `abort` in the C runtime's documentation.

use super::{Confidence, Crash, Found};
use crate::facts::ThreadReport;

/// What `abort` ends with.
const ABORT: u32 = 3;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let thread = thread(crash)?;
    let code = thread.exit_code;
    let named = code.and_then(|code| crate::exceptions::codes::name(code).filter(|_| code >= 0x8000_0000));
    let words = match (code, named) {
        (Some(ABORT), _) => ", with exit code 3, which abort uses".to_owned(),
        (Some(code), Some(name)) => format!(", with exit code {code:#x}, {name}"),
        (Some(code), None) => format!(", with exit code {code}"),
        (None, _) => String::new(),
    };
    let title = format!("Thread {:#x} was terminating the process{words}.", thread.id);
    Some(Found::new(Confidence::High, title).with_at("thread", thread.ip?.0, "in NtTerminateProcess"))
}

/// The thread that is ending the process.
pub(crate) fn thread<'a>(crash: &Crash<'a>) -> Option<&'a ThreadReport> {
    crash.facts.exception.is_none().then_some(())?;
    crash.facts.threads.iter().find(|thread| thread.is_ending)
}
