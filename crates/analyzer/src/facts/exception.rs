//! The exception: what it says, and what was accessed; and what cannot be known.

use dumplens_core::MemoryState;
use dumplens_core::process::ExceptionRecord;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AccessKind, AccessReport, AnalysisReport, CodeReport, CppReport, DelayLoadReport, FaultReport, Hex,
    SiteReport, ThreadReport, Warning, cpp, delay_load,
};
#[cfg(feature = "processor")]
use crate::exceptions::analysis;
use crate::exceptions::{
    ExceptionWarning, NONCONTINUABLE, OpenedBy, access::access, code as known, codes, fast_fail, operand,
    refusal, wrapper,
};
use crate::process::Process;
use crate::space::words;
use crate::stack;

words! {
    /// Whether an exception was seen before the handlers (first chance) or after (second chance).
    pub enum Chance {
        /// Minidumps do not record it.
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
    /// Its meaning, in one sentence; `None` if the name says it all.
    pub meaning: Option<String>,
    /// Whether it was seen before the handlers (first chance) or after (second chance); `None` for other systems.
    pub chance: Option<Chance>,
    /// `ExceptionFlags`.
    pub flags: Hex,
    /// Whether the flags say that the program could not continue; `None` for other systems.
    pub noncontinuable: Option<bool>,
    /// `ExceptionAddress`.
    pub address: Hex,
    /// The functions at the address, the innermost inline function first; empty if names were not requested.
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
    /// What was accessed; `None` for codes that do not show it.
    pub access: Option<AccessReport>,
    /// What the faulting instruction used; `None` if code or registers are not in the dump, and for codes without a
    /// memory access, except for an illegal instruction that exists only to fail.
    pub fault: Option<Box<FaultReport>>,
    /// The HRESULT in its parameters, for codes that define one: for .NET the first parameter or, if the dump's
    /// record has none, that of the record that the thread is raising; for Direct3D the last.
    #[serde(default)]
    pub hresult: Option<Hex>,
    /// The C++ exception, or the object that Delphi raised; `None` for every other code.
    pub cpp: Option<CppReport>,
    /// What a delay-load helper could not load; `None` for every other code.
    #[serde(default)]
    pub delay_load: Option<Box<DelayLoadReport>>,
    /// What the crashing instruction did; `None` if details were not requested, or in builds without the feature
    /// `processor`.
    pub analysis: Option<Box<AnalysisReport>>,
    /// The exception that this one stands in for; `None` if there is none, or if it is not in the dump.
    pub original: Option<Box<OriginalReport>>,
}

/// The exception that another one stands in for, such as one that left a window procedure. Verdict and signature are
/// about this one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OriginalReport {
    /// How it was identified.
    pub by: OpenedBy,
    /// Address of its record, if it has one of its own.
    pub at: Option<Hex>,
    /// The exception; for an error that Windows Runtime code stored, the code is its HRESULT.
    pub exception: ExceptionReport,
    /// The calls in which Windows Runtime code stored the error, the innermost first; empty for every other exception.
    #[serde(default)]
    pub calls: Vec<StoredCall>,
}

/// A call, by its return address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredCall {
    /// The return address.
    pub address: Hex,
    /// Module and offset; `None` if it is in no module.
    pub location: Option<String>,
    /// Which of the modules it lies in.
    #[serde(skip)]
    pub module_index: Option<usize>,
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
    threads: &[ThreadReport],
    warnings: &mut Vec<Warning>,
) -> Option<ExceptionReport> {
    let exception = process.exception()?;
    let thread_id = exception.thread_id;
    if !process.threads.iter().any(|t| t.id == thread_id && t.listed) {
        warnings.push(ExceptionWarning::ExceptionThreadUnknown { thread_id }.into());
    }
    let own = ExceptionRecord {
        code: exception.code,
        flags: exception.flags,
        record: exception.record,
        address: exception.address,
        parameters: exception.parameters.clone(),
    };
    let analysis = listed.then(|| analysed(process, warnings)).flatten().map(Box::new);
    let plain = ExceptionReport { analysis, ..plain(process, thread_id, &own) };
    if !process.is_windows() {
        return Some(ExceptionReport { name: exception.signal.clone(), ..plain });
    }
    let thread = threads.iter().find(|thread| thread.id == thread_id);
    let original = original(process, thread_id, &own, thread).map(Box::new);
    let mut report = of_windows(process, plain, own.code, own.flags, &own.parameters);
    report.hresult = report.hresult.or_else(|| raised_result(&own, thread?));
    warnings.extend(no_memory(process, &report).map(Warning::from));
    Some(ExceptionReport { original, ..report })
}

/// The HRESULT of the record that a thread is raising, if the dump's own has the same code and no parameters.
fn raised_result(own: &ExceptionRecord, thread: &ThreadReport) -> Option<Hex> {
    let code = Hex::from(own.code);
    let mut records = thread.exceptions.iter().flatten().filter(|_| own.parameters.is_empty());
    let record = records.find(|record| record.in_use == Some(true) && record.code == code)?;
    refusal::carried(code.0, record.parameters.iter().map(|p| p.0)).map(Hex::from)
}

/// What the exception stands for.
fn original(
    process: &Process<'_>,
    thread_id: u32,
    own: &ExceptionRecord,
    thread: Option<&ThreadReport>,
) -> Option<OriginalReport> {
    let left = thread.and_then(|thread| thread.exceptions.as_deref()).unwrap_or_default();
    let frames = thread.and_then(|thread| thread.frames.as_deref()).unwrap_or_default();
    let raised = |address: u64| frames.iter().skip(1).any(|frame| frame.ip.0 == address);
    let found = wrapper::open(process, own, left, raised)?;
    let record = &found.record;
    let plain = plain(process, thread_id, record);
    let exception = of_windows(process, plain, record.code, record.flags, &record.parameters);
    let call = |address: &u64| StoredCall {
        address: Hex(*address),
        location: stack::site_of(process, *address).map(|site| site.to_string()),
        module_index: process.module_at(*address),
    };
    let calls = found.stack.iter().map(call).collect();
    Some(OriginalReport { by: found.by, at: found.at.map(Hex), exception, calls })
}

/// What a record says by itself.
fn plain(process: &Process<'_>, thread_id: u32, record: &ExceptionRecord) -> ExceptionReport {
    ExceptionReport {
        code: record.code.into(),
        name: None,
        meaning: None,
        chance: None,
        flags: record.flags.into(),
        noncontinuable: None,
        address: record.address.into(),
        symbol: Vec::new(),
        module_index: process.module_at(record.address),
        thread_id,
        parameters: record.parameters.iter().copied().map(Hex).collect(),
        fast_fail: None,
        access: None,
        fault: None,
        hresult: refusal::carried(record.code.into(), record.parameters.iter().copied()).map(Hex::from),
        cpp: None,
        delay_load: None,
        analysis: None,
        original: None,
    }
}

/// The warning if the exception's address lies in no memory, though it is not the fetch of an instruction there that
/// failed.
fn no_memory(process: &Process<'_>, exception: &ExceptionReport) -> Option<ExceptionWarning> {
    let address = exception.address.0;
    let fetched = |access: &AccessReport| {
        access.kind == Some(AccessKind::Execute) || access.address.0 == address || access.non_canonical
    };
    let known = process.space.is_complete() && !exception.access.as_ref().is_some_and(fetched);
    // A state that Windows does not have says nothing.
    let state = || process.space.region_at(address).map(|region| region.state);
    let absent = || matches!(state(), None | Some(MemoryState::FREE | MemoryState::RESERVE));
    (known && address != 0 && absent()).then_some(ExceptionWarning::ExceptionAddressNoMemory { address })
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
    let mut access = access(process, code, plain.thread_id, parameters);
    if let Some(access) = access.as_mut().filter(|access| access.address == plain.address) {
        // Without execution prevention the fetch of an instruction is recorded as a read.
        access.kind =
            access.kind.map(|kind| if kind == AccessKind::Read { AccessKind::Execute } else { kind });
    }
    let fault = match &access {
        Some(access) => operand::fault(process, plain.address.0, access),
        None if u64::from(code) == known::ILLEGAL_INSTRUCTION => {
            operand::deliberate(process, plain.address.0)
        }
        None => None,
    };
    ExceptionReport {
        name: codes::name(code),
        meaning: meaning(code, reason),
        chance: Some(Chance::NotRecorded),
        noncontinuable: Some(flags & NONCONTINUABLE != 0),
        fast_fail: reason.map(|reason| CodeReport { code: reason.into(), name: fast_fail::name(reason) }),
        access,
        fault: fault.map(Box::new),
        cpp: cpp::of(process, code, parameters),
        delay_load: delay_load::of(process, code, parameters).map(Box::new),
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
