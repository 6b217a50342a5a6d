//! The exception: what it says, what was accessed, and the C++ side of it; and what cannot be known.

use dumplens_core::minidump::MinidumpException;
use dumplens_core::process::{CppException, cpp_exception};
use schemars::JsonSchema;
use serde::Serialize;

use super::region::RegionReport;
use super::{AnalysisReport, CodeReport, Hex, SiteReport};
#[cfg(feature = "processor")]
use crate::crash_analysis::analysis;
use crate::exceptions::{NONCONTINUABLE, access::access, codes, fast_fail};
use crate::process::Process;
use crate::symbols::Undecorator;
use crate::warning::Warning;

/// What stands for the chance of an exception: no minidump has it.
const NOT_RECORDED: &str = "not recorded";

/// The exception.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ExceptionReport {
    /// `ExceptionCode`.
    pub code: Hex,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What it says, in one sentence; `None` if there is no more to say than the name.
    pub meaning: Option<String>,
    /// Whether it was seen before handlers were asked, or after: `not recorded`. `None` of other systems, where there
    /// is no such thing.
    pub chance: Option<&'static str>,
    /// `ExceptionFlags`.
    pub flags: Hex,
    /// Whether the flags say that the program could not continue; `None` of other systems.
    pub noncontinuable: Option<bool>,
    /// `ExceptionAddress`.
    pub address: Hex,
    /// The functions at the address, the innermost inline one first; empty before [`super::Report::symbolise`].
    pub symbol: Vec<SiteReport>,
    /// The thread.
    pub thread_id: u32,
    /// `ExceptionInformation`.
    pub parameters: Vec<Hex>,
    /// The reason of a fast failure: `FAST_FAIL_…`; `None` for every other code.
    pub fast_fail: Option<CodeReport>,
    /// What was accessed; `None` for codes that do not tell.
    pub access: Option<AccessReport>,
    /// The C++ exception; `None` for every other code.
    pub cpp: Option<CppReport>,
    /// What the crashing instruction did; `None` without details, or in builds without the feature `processor`.
    pub analysis: Option<Box<AnalysisReport>>,
}

/// An access to memory that failed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AccessReport {
    /// `read`, `write` or `execute`; `None` for a number that Windows does not define.
    pub kind: Option<&'static str>,
    /// The address as it is recorded.
    pub address: Hex,
    /// Whether it lies in the first 64 kB, which are never allocated by default.
    pub null_page: bool,
    /// Whether the address that was used is not recorded: it was not canonical, or an SSE operand was not aligned. x64
    /// only.
    pub non_canonical: bool,
    /// Its region; `None` outside the map, or where the dump has none that covers it.
    pub region: Option<Box<RegionReport>>,
    /// The debugger's name of the module there.
    pub module: Option<String>,
    /// From the module's base to the address.
    pub offset: Option<Hex>,
    /// Why a page could not be read; of `STATUS_IN_PAGE_ERROR` only.
    pub status: Option<CodeReport>,
    /// Bytes from the address up to the committed part of the thread's stack, if it lies below that in the same stack:
    /// on its guard page, or beyond.
    pub below_stack_limit_bytes: Option<u64>,
}

/// A C++ exception of MSVC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CppReport {
    /// The thrown type, such as `std::bad_alloc`; `None` if it cannot be known.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// The type's decorated name.
    pub decorated: Option<String>,
    /// What else it can be caught as, nearest base first.
    pub bases: Vec<String>,
    /// What `what()` would return, at most 512 bytes; `None` if the object is no `std::exception`, or the text cannot be read.
    pub what: Option<String>,
    /// Why type or text is not known, or not complete.
    pub problem: Option<String>,
}

/// The dump's exception.
pub(super) fn exception(
    process: &Process<'_>,
    details: bool,
    warnings: &mut Vec<Warning>,
) -> Option<ExceptionReport> {
    let exception = process.dump.exception().ok().flatten()?;
    let thread_id = exception.raw.thread_id;
    if !process.threads.is_empty() && !process.threads.iter().any(|t| t.id == thread_id) {
        warnings.push(Warning::ExceptionThreadUnknown { thread_id });
    }
    let record = &exception.raw.exception_record;
    let parameters: Vec<u64> =
        record.exception_information.iter().take(record.number_parameters as usize).copied().collect();
    let plain = ExceptionReport {
        code: record.exception_code.into(),
        name: None,
        meaning: None,
        chance: None,
        flags: record.exception_flags.into(),
        noncontinuable: None,
        address: record.exception_address.into(),
        symbol: Vec::new(),
        thread_id,
        parameters: parameters.iter().copied().map(Hex).collect(),
        fast_fail: None,
        access: None,
        cpp: None,
        analysis: details.then(|| analysis(process, warnings)).flatten().map(Box::new),
    };
    Some(if process.is_windows() {
        of_windows(process, plain, record.exception_code, record.exception_flags, &parameters)
    } else {
        ExceptionReport { name: signal(process, &exception), ..plain }
    })
}

/// Nothing, in this build.
#[cfg(not(feature = "processor"))]
fn analysis(_: &Process<'_>, _: &mut Vec<Warning>) -> Option<AnalysisReport> {
    None
}

/// What Windows' exceptions have, and no other system's.
fn of_windows(
    process: &Process<'_>,
    plain: ExceptionReport,
    code: u32,
    flags: u32,
    parameters: &[u64],
) -> ExceptionReport {
    let first = parameters.first().and_then(|first| u32::try_from(*first).ok());
    let reason = first.filter(|_| code == fast_fail::CODE);
    ExceptionReport {
        name: codes::name(code),
        meaning: meaning(code, reason),
        chance: Some(NOT_RECORDED),
        noncontinuable: Some(flags & NONCONTINUABLE != 0),
        fast_fail: reason.map(|reason| CodeReport { code: reason.into(), name: fast_fail::name(reason) }),
        access: access(process, code, plain.thread_id, parameters),
        cpp: cpp(process, code, parameters),
        ..plain
    }
}

/// The signal or Mach exception of a dump of another system.
fn signal(process: &Process<'_>, exception: &MinidumpException<'_>) -> Option<String> {
    let system = process.system.as_ref()?;
    Some(exception.get_crash_reason(system.os, system.cpu).to_string())
}

/// The code's sentence; of a fast failure with its reason.
fn meaning(code: u32, reason: Option<u32>) -> Option<String> {
    let sentence = codes::meaning(code)?;
    let Some(reason) = reason else { return Some(sentence.to_owned()) };
    let name = fast_fail::name(reason).unwrap_or_else(|| format!("reason {reason}"));
    let more = fast_fail::meaning(reason).map(|more| format!(" ({more})")).unwrap_or_default();
    Some(format!("{}: {name}{more}.", sentence.trim_end_matches('.')))
}

/// The C++ exception behind a code and its parameters; `None` for every other code.
fn cpp(process: &Process<'_>, code: u32, parameters: &[u64]) -> Option<CppReport> {
    if code != cpp_exception::CODE {
        return None;
    }
    let memory = process.dump.memory();
    let thrown = match CppException::read(memory, parameters) {
        Ok(thrown) => thrown,
        Err(why) => {
            let problem = Some(why.to_string());
            return Some(CppReport {
                type_name: None,
                decorated: None,
                bases: Vec::new(),
                what: None,
                problem,
            });
        }
    };
    let mut problem =
        (thrown.types_left > 0).then(|| format!("{} more bases were not read", thrown.types_left));
    let what = match thrown.what(memory) {
        Some(Ok(what)) if what.cut => Some(what.text + "…"),
        Some(Ok(what)) => Some(what.text),
        Some(Err(why)) => {
            problem.get_or_insert(format!("what() cannot be read at {why}"));
            None
        }
        None => None,
    };
    let mut undecorator = Undecorator::default();
    let mut names = thrown.types.iter().map(|t| undecorator.type_name(&t.decorated));
    Some(CppReport {
        type_name: names.next(),
        bases: names.collect(),
        decorated: thrown.types.first().map(|t| t.decorated.clone()),
        what,
        problem,
    })
}
