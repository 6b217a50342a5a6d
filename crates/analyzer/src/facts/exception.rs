//! The exception: what it says, what was accessed, and the C++ side of it; and what cannot be known.

use dumplens_core::process::{CppException, cpp_exception};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccessReport, AnalysisReport, CodeReport, Hex, SiteReport, Warning};
#[cfg(feature = "processor")]
use crate::exceptions::analysis;
use crate::exceptions::{ExceptionWarning, NONCONTINUABLE, access::access, codes, fast_fail};
use crate::process::Process;
use crate::space::words;
use crate::symbols::Undecorator;

words! {
    /// Whether an exception was seen before handlers were asked, or after.
    pub enum Chance {
        /// No minidump has it.
        NotRecorded = "not recorded",
    }
}

/// The exception.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionReport {
    /// `ExceptionCode`.
    pub code: Hex,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What it says, in one sentence; `None` if there is no more to say than the name.
    pub meaning: Option<String>,
    /// Whether it was seen before handlers were asked, or after. `None` of other systems, where there is no such thing.
    pub chance: Option<Chance>,
    /// `ExceptionFlags`.
    pub flags: Hex,
    /// Whether the flags say that the program could not continue; `None` of other systems.
    pub noncontinuable: Option<bool>,
    /// `ExceptionAddress`.
    pub address: Hex,
    /// The functions at the address, the innermost inline one first; empty if nothing was to be named.
    pub symbol: Vec<SiteReport>,
    /// Which of the modules the address lies in.
    #[serde(skip)]
    pub module_index: Option<usize>,
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

/// A C++ exception of MSVC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

impl ExceptionReport {
    /// Whether it is one of Windows': other systems' signals are written in its place.
    pub(crate) fn is_of_windows(&self) -> bool {
        self.noncontinuable.is_some()
    }
}

/// The dump's exception.
pub(super) fn of(
    process: &Process<'_>,
    listed: bool,
    warnings: &mut Vec<Warning>,
) -> Option<ExceptionReport> {
    let exception = process.dump.exception().ok().flatten()?;
    let thread_id = exception.thread_id;
    if !process.threads.is_empty() && !process.threads.iter().any(|t| t.id == thread_id) {
        warnings.push(ExceptionWarning::ExceptionThreadUnknown { thread_id }.into());
    }
    let parameters = &exception.parameters;
    let plain = ExceptionReport {
        code: exception.code.into(),
        name: None,
        meaning: None,
        chance: None,
        flags: exception.flags.into(),
        noncontinuable: None,
        address: exception.address.into(),
        symbol: Vec::new(),
        module_index: process.module_at(exception.address),
        thread_id,
        parameters: parameters.iter().copied().map(Hex).collect(),
        fast_fail: None,
        access: None,
        cpp: None,
        analysis: listed.then(|| analysed(process, warnings)).flatten().map(Box::new),
    };
    Some(if process.is_windows() {
        of_windows(process, plain, exception.code, exception.flags, parameters)
    } else {
        ExceptionReport { name: exception.signal.clone(), ..plain }
    })
}

/// What minidump-processor says.
#[cfg(feature = "processor")]
fn analysed(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<AnalysisReport> {
    let mut missing = Vec::new();
    let analysis = analysis(process, &mut missing);
    warnings.extend(missing.into_iter().map(Warning::from));
    analysis
}

/// Nothing, in this build.
#[cfg(not(feature = "processor"))]
fn analysed(_: &Process<'_>, _: &mut Vec<Warning>) -> Option<AnalysisReport> {
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
        chance: Some(Chance::NotRecorded),
        noncontinuable: Some(flags & NONCONTINUABLE != 0),
        fast_fail: reason.map(|reason| CodeReport { code: reason.into(), name: fast_fail::name(reason) }),
        access: access(process, code, plain.thread_id, parameters),
        cpp: cpp(process, code, parameters),
        ..plain
    }
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
