//! The .NET side: how much of it a question needs.

use dumplens_core::clr::Family;

use super::{ExceptionReport, Question};
use crate::exceptions::code;
use crate::managed::{Extent, ManagedExceptionReport, ManagedReport};
use crate::process::Process;

/// What is known of the runtimes, as far as the question wants it; `None` if there is none.
pub(super) fn of(
    process: &Process<'_>,
    question: Question,
    exception: Option<&ExceptionReport>,
) -> Option<Box<ManagedReport>> {
    let is_core = process.runtimes.iter().any(|runtime| runtime.found.family == Family::Core);
    let extent = match question {
        Question::Summary => Extent::RUNTIMES,
        Question::Everything if is_core => Extent::REPORT,
        Question::Waits if is_core => Extent { types: 0, ..Extent::VERDICT },
        _ => Extent::EXCEPTIONS,
    };
    let report = ManagedReport::of(process, extent)?;
    let report = match question {
        Question::Why if asks_for_objects(&report, exception) => ManagedReport::of(process, Extent::VERDICT)?,
        _ => report,
    };
    Some(Box::new(report))
}

/// Whether the verdict is about what the heaps hold, or who holds which lock: memory was refused, or nothing failed.
fn asks_for_objects(report: &ManagedReport, exception: Option<&ExceptionReport>) -> bool {
    let Some(exception) = exception else { return true };
    let refused =
        report.exception_of(exception.thread_id).is_some_and(ManagedExceptionReport::is_out_of_memory);
    refused || stands_still(exception.code.0)
}

/// Whether a dump with an exception of this code is of a process that was stopped, not of one that failed.
pub(crate) fn stands_still(code: u64) -> bool {
    const STOPPED: [u64; 4] =
        [code::BREAKPOINT, code::WOW64_BREAKPOINT, code::APPLICATION_HANG, code::CRASHPAD_SIMULATED];
    STOPPED.contains(&code)
}
