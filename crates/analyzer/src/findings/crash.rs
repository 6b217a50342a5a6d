//! What detectors look at: the facts, seen from the exception.

use super::{
    Confidence, abort, bad_alloc, earlier_bad_alloc, fail_fast, managed_exception, out_of_memory_code,
    out_of_memory_function, refused_pointer, unreal_crash,
};
use crate::exceptions::{code, wrapper};
use crate::facts::{ExceptionReport, Facts, FrameReport, ModuleReport, ThreadReport};
use crate::managed::{GcRefusal, ManagedExceptionReport};
use crate::request::{self, Call, Request};
use crate::symbols::Source;

/// The facts, and of them what the exception is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash<'a> {
    /// All facts.
    pub(crate) facts: &'a Facts,
    /// The exception, if it is one of Windows'.
    pub(crate) exception: Option<&'a ExceptionReport>,
    /// The dump's own exception, if that only stands for this one.
    pub(crate) wrapper: Option<&'a ExceptionReport>,
    /// The thread that it happened in.
    pub(crate) thread: Option<&'a ThreadReport>,
    /// What that thread asked for, if memory was refused.
    pub(crate) request: Option<&'a Request>,
    /// Whether the names that PDBs give count.
    named: bool,
}

impl<'a> Crash<'a> {
    /// The facts with all that is known.
    pub(crate) fn new(facts: &'a Facts) -> Crash<'a> {
        Crash::with(facts, true)
    }

    /// The facts as they are where only exports are names: the same with and without PDBs.
    pub(crate) fn nameless(facts: &'a Facts) -> Crash<'a> {
        Crash::with(facts, false)
    }

    fn with(facts: &'a Facts, named: bool) -> Crash<'a> {
        let exception = facts.exception_meant().filter(|e| e.is_of_windows());
        let wrapper = facts.exception.as_ref().filter(|e| e.original.is_some());
        let thread = exception.and_then(|_| facts.crashed_thread());
        let bare = Crash { facts, exception, wrapper, thread, request: None, named };
        // What was zeroed, by who redacted the dump or by the program, is no size.
        let request = facts.request.as_ref().filter(|request| request.bytes > 0 && bare.was_refused());
        Crash { request, ..bare }
    }

    /// Whether the dump's own exception says that memory was refused.
    pub(crate) fn says_refused(&self) -> bool {
        [bad_alloc::detect, out_of_memory_code::detect, out_of_memory_function::detect]
            .iter()
            .any(|detect| detect(self).is_some())
            || unreal_crash::is_refused(self)
            || self.managed_refusal().is_some()
    }

    /// The exception object by which .NET said that memory was refused.
    pub(crate) fn managed_refusal(&self) -> Option<&'a ManagedExceptionReport> {
        managed_exception::thrown(self).map(|(thrown, _)| thrown).filter(|thrown| thrown.is_out_of_memory())
    }

    /// The collector's record of that refusal: not that of an earlier one, where the program asked others for memory.
    pub(crate) fn gc_refusal(&self) -> Option<&'a GcRefusal> {
        const OTHERS: [&str; 2] = ["System.Runtime.InteropServices.", "System.Threading.Thread."];
        let thrown = self.managed_refusal()?;
        let innermost = thrown.frames.first().map(String::as_str).unwrap_or_default();
        let by_collector =
            thrown.message.is_none() && !OTHERS.iter().any(|start| innermost.starts_with(start));
        self.facts.managed.as_ref()?.refused.as_ref().filter(|_| by_collector)
    }

    /// Whether the dump is about memory: it was refused, or nothing else ended the program. A dump without an exception was
    /// often asked for because of what the process holds.
    pub(crate) fn asks_of_memory(&self) -> bool {
        self.facts.exception.is_none() || self.was_refused()
    }

    /// Whether that, or what is left of an earlier one in the thread that then ended the program.
    pub(crate) fn was_refused(&self) -> bool {
        self.says_refused()
            || refused_pointer::proven(self).is_some()
            || (self.ended_itself() && earlier_bad_alloc::in_crashed_thread(self))
    }

    /// Whether the program gave up, or passed on what was thrown: abort, terminate, `throw;`.
    fn ended_itself(&self) -> bool {
        // What passes on what is not known, has no other meaning.
        let passes_on = self
            .exception
            .is_some_and(|e| e.original.is_none() && u32::try_from(e.code.0).is_ok_and(wrapper::passes_on));
        let again = self
            .raised(code::CPP)
            .filter(|e| e.parameters.get(1..3).is_some_and(|p| p.iter().all(|p| p.0 == 0)));
        let fast = self.raised(code::STACK_BUFFER_OVERRUN);
        fast.is_some_and(|e| e.parameters.first().is_some_and(|p| p.0 == fail_fast::FATAL_APP_EXIT))
            || self.raised(code::FATAL_APP_EXIT).is_some()
            || abort::frame(self).is_some()
            || again.is_some()
            || passes_on
    }

    /// The width of the program's own addresses: 32 of a 32-bit program, also in a 64-bit dump.
    pub(crate) fn bits(&self) -> u32 {
        if self.facts.process.wow64 == Some(true) { 32 } else { self.facts.dump.pointer_bits }
    }

    /// The most that can be said of what rests on the memory map: less where it had to be repaired, or other streams
    /// contradict it.
    pub(super) fn map_confidence(&self) -> Confidence {
        const REPAIRS: [&str; 5] = [
            "regions_overlap",
            "regions_duplicate",
            "regions_beyond",
            "regions_contradicted",
            "regions_odd_state",
        ];
        if REPAIRS.iter().any(|code| self.warned(code)) { Confidence::Medium } else { Confidence::High }
    }

    /// The most that can be said of how much address space there was. Whether a 32-bit program could use more than 2 GB is a
    /// guess without its file header.
    pub(super) fn room_confidence(&self) -> Confidence {
        let program = self.facts.memory.program_space.as_ref();
        let guessed = program
            .is_some_and(|program| program.large_address_aware.is_none() && program.limit_bytes < 1 << 32);
        if guessed { Confidence::Low } else { self.map_confidence() }
    }

    /// Whether the machine's figures contradict each other or those of the process.
    pub(crate) fn figures_contradict(&self) -> bool {
        self.warned("figures_contradict")
    }

    /// The most that can be said of anything: less where what it all rests on is contradicted.
    pub(crate) fn most_confidence(&self) -> Confidence {
        const CONTRADICTED: [&str; 3] = ["ranges_differ", "ranges_shared", "exception_address_no_memory"];
        if CONTRADICTED.iter().any(|code| self.warned(code)) { Confidence::Medium } else { Confidence::High }
    }

    /// Whether the file ends before what it lists does, as where the disk was full.
    pub(crate) fn is_cut(&self) -> bool {
        const CUT: [&str; 6] = [
            "directory_cut",
            "entries_cut",
            "memory_cut",
            "memory_unlisted",
            "stream_cut",
            "stream_outside_file",
        ];
        CUT.iter().any(|code| self.warned(code))
    }

    fn warned(&self, code: &str) -> bool {
        self.facts.warnings.iter().any(|warning| warning.code == code)
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
        let by_call = || refused_pointer::proven(self)?.bytes;
        let by_collector = || self.gc_refusal()?.requested_bytes;
        let own = self.request.map(|request| request.bytes).or_else(|| self.parameter_size());
        own.or_else(by_collector).or_else(by_call)
    }

    /// The size that the exception names: its first parameter.
    pub(crate) fn parameter_size(&self) -> Option<u64> {
        if let Some(size) = unreal_crash::size(self) {
            return Some(size);
        }
        let e =
            self.exception.filter(|e| matches!(e.code.0, code::NO_MEMORY | code::CHROMIUM_OUT_OF_MEMORY))?;
        // A parameter of 0 is none: nobody is refused 0 bytes.
        e.parameters
            .first()
            .map(|parameter| parameter.0)
            .filter(|bytes| *bytes > 0 && !self.is_address(*bytes))
    }

    /// Whether what should be a size is an address in a module.
    fn is_address(&self, number: u64) -> bool {
        let holds = |module: &ModuleReport| {
            number.checked_sub(module.base.0).is_some_and(|offset| offset < module.size_bytes)
        };
        number >> 32 != 0 && self.facts.modules.iter().any(holds)
    }

    /// The size that the exception names, if the stack tells another one; a heap may have rounded it up.
    pub(super) fn disputed_parameter(&self) -> Option<u64> {
        const ROUNDED: u64 = 0x1_0000;
        let (named, asked) = self.parameter_size().zip(self.request.map(|request| request.bytes))?;
        (named < asked || named - asked > ROUNDED).then_some(named)
    }

    /// Frames of the exception's thread, the innermost first, inline ones too.
    pub(crate) fn frames(&self) -> &'a [FrameReport] {
        self.thread.and_then(|thread| thread.frames.as_deref()).unwrap_or_default()
    }

    /// Those of them whose functions are known for certain, and the functions: by exports alone, where names do not count.
    pub(crate) fn named_frames(&self) -> impl Iterator<Item = (&'a FrameReport, &'a str)> {
        let named = self.named;
        self.frames().iter().filter_map(move |frame| {
            let sure = matches!(frame.source, Some(Source::Pdb | Source::SymbolFile | Source::Export));
            let name = if named { frame.function.as_ref().filter(|_| sure) } else { frame.export.as_ref() };
            Some((frame, name?.as_str()))
        })
    }

    /// The container's function that asked for memory, where a PDB names it.
    pub(crate) fn container_call(&self) -> Option<(Call, &'a str)> {
        self.request?;
        request::call_of(self.facts.requesters())
    }

    /// The function that asked, where a PDB names it: the first above whose frame is its own.
    pub(crate) fn requester(&self) -> Option<String> {
        self.request?;
        let row = self.facts.requester().filter(|row| row.source.is_some_and(Source::is_of_debug_file))?;
        row.function.clone()
    }
}
