//! What detectors look at.

use super::{abort, bad_alloc, earlier_bad_alloc, fail_fast, out_of_memory_code, out_of_memory_function};
use crate::process::Process;
use crate::report::{ExceptionReport, FrameReport, Report, ThreadReport};
use crate::request::Request;

/// Codes of exceptions and statuses (`spec/windows-dumps.md` D).
pub(crate) mod code {
    pub(crate) const CPP: u64 = 0xe06d_7363;
    pub(crate) const ACCESS_VIOLATION: u64 = 0xc000_0005;
    pub(crate) const IN_PAGE_ERROR: u64 = 0xc000_0006;
    pub(crate) const NO_MEMORY: u64 = 0xc000_0017;
    pub(crate) const STACK_OVERFLOW: u64 = 0xc000_00fd;
    pub(crate) const COMMITMENT_LIMIT: u64 = 0xc000_012d;
    pub(crate) const FATAL_MEMORY_EXHAUSTION: u64 = 0xc000_01ad;
    pub(crate) const HEAP_CORRUPTION: u64 = 0xc000_0374;
    pub(crate) const STACK_BUFFER_OVERRUN: u64 = 0xc000_0409;
    pub(crate) const ASSERTION_FAILURE: u64 = 0xc000_0420;
    pub(crate) const CHROMIUM_OUT_OF_MEMORY: u64 = 0xe000_0008;
    pub(crate) const CLR: u64 = 0xe043_4352;
    pub(crate) const CLR_2: u64 = 0xe043_4f4d;
    /// `STATUS_FATAL_APP_EXIT`: `abort` before fast failures.
    pub(crate) const FATAL_APP_EXIT: u64 = 0x4000_0015;
    pub(crate) const BREAKPOINT: u64 = 0x8000_0003;
    pub(crate) const WOW64_BREAKPOINT: u64 = 0x4000_001f;
}

/// What is known before anything is judged.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a, 'd> {
    pub(crate) process: &'a Process<'d>,
    pub(crate) report: &'a Report,
    /// The exception, if it is one of Windows'.
    pub(crate) exception: Option<&'a ExceptionReport>,
    /// The thread that it happened in.
    pub(crate) thread: Option<&'a ThreadReport>,
    /// What that thread asked for.
    pub(crate) request: Option<&'a Request>,
}

impl<'a, 'd> Facts<'a, 'd> {
    pub(crate) fn new(process: &'a Process<'d>, report: &'a Report) -> Facts<'a, 'd> {
        let exception = report.exception.as_ref().filter(|_| process.is_windows());
        let thread = exception.and_then(|e| report.threads.iter().find(|t| t.id == e.thread_id));
        let bare = Facts { process, report, exception, thread, request: None };
        let request = report.request.as_ref().filter(|_| bare.was_refused());
        Facts { request, ..bare }
    }

    /// Whether the dump's own exception says that memory was refused.
    pub(crate) fn says_refused(&self) -> bool {
        [bad_alloc::detect, out_of_memory_code::detect, out_of_memory_function::detect]
            .iter()
            .any(|detect| detect(self).is_some())
    }

    /// Whether that, or what is left of an earlier one in the thread that then ended the program.
    pub(crate) fn was_refused(&self) -> bool {
        self.says_refused() || (self.ended_itself() && earlier_bad_alloc::in_crashed_thread(self))
    }

    /// Whether the program gave up, or passed on what was thrown: abort, terminate, `throw;`.
    fn ended_itself(&self) -> bool {
        let again = self
            .raised(code::CPP)
            .filter(|e| e.parameters.get(1..3).is_some_and(|p| p.iter().all(|p| p.0 == 0)));
        let fast = self.raised(code::STACK_BUFFER_OVERRUN);
        fast.is_some_and(|e| e.parameters.first().is_some_and(|p| p.0 == fail_fast::FATAL_APP_EXIT))
            || self.raised(code::FATAL_APP_EXIT).is_some()
            || abort::frame(self).is_some()
            || again.is_some()
    }

    /// The exception, if it has this code.
    pub(super) fn raised(&self, code: u64) -> Option<&'a ExceptionReport> {
        self.exception.filter(|e| e.code.0 == code)
    }

    /// The C++ type that was thrown.
    pub(crate) fn thrown(&self) -> Option<&'a str> {
        self.exception?.cpp.as_ref()?.type_name.as_deref()
    }

    /// How many bytes were asked for: by the code and the stack, or by the exception's own parameter.
    pub(crate) fn wanted(&self) -> Option<u64> {
        self.request.map(|request| request.bytes).or_else(|| self.parameter_size())
    }

    /// The size that the exception names: its first parameter.
    pub(crate) fn parameter_size(&self) -> Option<u64> {
        let e =
            self.exception.filter(|e| matches!(e.code.0, code::NO_MEMORY | code::CHROMIUM_OUT_OF_MEMORY))?;
        e.parameters.first().map(|parameter| parameter.0)
    }

    /// Frames of the exception's thread, the innermost first, inline ones too.
    pub(crate) fn frames(&self) -> &'a [FrameReport] {
        self.thread.and_then(|thread| thread.frames.as_deref()).unwrap_or_default()
    }

    /// The functions above the one that was asked for memory, the innermost first, as far as symbols name them.
    pub(crate) fn requesters(&self) -> impl Iterator<Item = &'a str> {
        let own = self.request.filter(|request| !request.earlier);
        let asked = own.map_or(usize::MAX, |request| request.frame);
        let frames = self.frames();
        let of_asked = frames.iter().enumerate().filter(|(_, f)| !f.inline).nth(asked).map(|(n, _)| n);
        let above = of_asked.and_then(|n| frames.get(n + 1..)).unwrap_or_default();
        above.iter().filter(|f| f.source == Some("pdb")).filter_map(|f| f.function.as_deref())
    }

    /// The function that asked, where symbols name it: the first above whose frame is its own.
    pub(crate) fn requester(&self) -> Option<String> {
        let asked = self.request.filter(|request| !request.earlier)?.frame;
        let row = self.frames().iter().filter(|frame| !frame.inline).nth(asked + 1)?;
        row.function.clone().filter(|_| row.source == Some("pdb"))
    }
}
