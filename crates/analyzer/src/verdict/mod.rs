//! The verdict: what the findings mean together, how sure that is, and what would change it.

mod advice;
mod cause;
mod managed;
mod model;
mod place;
mod refusal;

pub mod signature;

pub use crate::findings::Confidence;
pub use cause::Cause;
pub use model::{AllocationFailure, BlamedPlace, Kind, Origin, VerdictReport};

use crate::exceptions::{code, names};
use crate::findings::{self, Crash, Finding, fail_fast, memory_pressure, unreal_crash};

/// What the findings mean together.
pub(crate) fn of(crash: &Crash<'_>, findings: &[Finding]) -> VerdictReport {
    let verdict = judged(crash, findings);
    let confidence = verdict.confidence.min(crash.most_confidence());
    // Of managed code, native frames are the runtime's; the title names the method.
    let managed = verdict.kind == Kind::ManagedException || crash.managed_refusal().is_some();
    VerdictReport { confidence, place: place::of(crash.facts).filter(|_| !managed), ..verdict }
}

fn judged(crash: &Crash<'_>, findings: &[Finding]) -> VerdictReport {
    let found = |id: &str| findings.iter().find(|finding| finding.id == id);
    let because = findings.iter().map(|finding| finding.title.clone()).collect();
    if crash.was_refused() {
        return VerdictReport { because, ..refusal::verdict(crash, findings) };
    }
    let lost = crash.facts.exception_lost.is_some();
    let ended =
        |finding: &&Finding| finding.id != "unreal_crash" || finding.confidence != unreal_crash::EARLIER;
    let main = MAIN.iter().find_map(|id| found(id).filter(ended)).filter(|_| !lost);
    let kind = kind(crash, main.map(|finding| finding.id.as_ref()));
    let confidence = main.map_or(Confidence::Medium, |finding| finding.confidence);
    let title = main.map_or_else(|| unnamed(crash), |finding| finding.title.clone());
    let pressure = found("memory_pressure").and_then(|_| memory_pressure::of(crash));
    let title = match pressure.filter(|_| crash.facts.exception.is_some()) {
        Some(pressure) => format!("{title} {}", memory_pressure::in_short(pressure)),
        None => title,
    };
    let cause = pressure.and_then(|_| cause::of_pressure(crash));
    // A refusal of some time ago explains nothing where nothing failed.
    let cause = cause.filter(|cause| kind != Kind::NoException || *cause != Cause::Undetermined);
    let confidence = match kind {
        // Without threads or modules, or what a managed heap or a lost part of the file held, nothing tells whether
        // threads wait for each other.
        Kind::NoException
            if crash.facts.threads.is_empty()
                || crash.facts.modules.is_empty()
                || crash.is_cut()
                || (crash.facts.dump.redacted && crash.facts.managed.is_some()) =>
        {
            confidence.min(Confidence::Medium)
        }
        Kind::ExceptionLost if lost => Confidence::Low,
        _ => confidence,
    };
    let confidence = confidence.min(wrapped(findings));
    VerdictReport { because, cause, advice: advice::of_crash(crash, main), ..plain(kind, title, confidence) }
}

/// Findings that say by themselves what happened, the more telling ones first.
const MAIN: [&str; 18] = [
    "assertion",
    "unreal_crash",
    "deadlock",
    "on_request",
    "hang",
    "managed_exception",
    "cpp_exception",
    "delay_load",
    "heap_corruption",
    "stack_overflow",
    "access_violation",
    "fail_fast",
    "abort",
    "breakpoint",
    "ending",
    "raising",
    "wait_chain",
    "waiting",
];

fn kind(crash: &Crash<'_>, main: Option<&str>) -> Kind {
    if main == Some("deadlock") {
        return Kind::Deadlock;
    }
    let Some(exception) = crash.exception.or(crash.facts.exception.as_ref()) else {
        let lost = crash.facts.exception_lost.is_some() || main == Some("raising");
        return match main {
            _ if lost => Kind::ExceptionLost,
            Some("ending") => Kind::Exit,
            _ => Kind::NoException,
        };
    };
    let reason = exception.parameters.first().map(|parameter| parameter.0);
    match main {
        Some("on_request") => Kind::OnRequest,
        _ if crash.exception.is_none() => Kind::OtherException, // not of Windows
        Some("managed_exception") => Kind::ManagedException,
        Some("hang") => Kind::Hang,
        Some("cpp_exception") => Kind::CppException,
        Some("stack_overflow") => Kind::StackOverflow,
        Some("access_violation") => Kind::AccessViolation,
        Some("abort") => Kind::Abort,
        Some("breakpoint") if exception.code.0 == code::ILLEGAL_INSTRUCTION => Kind::OtherException,
        Some("breakpoint" | "assertion") => Kind::AssertionOrBreakpoint,
        Some("fail_fast") if reason == Some(fail_fast::FATAL_APP_EXIT) => Kind::Abort,
        _ if exception.code.0 == code::UNREAL_ASSERTION => Kind::AssertionOrBreakpoint,
        _ if exception.code.0 == code::FATAL_APP_EXIT => Kind::Abort,
        _ if exception.code.0 == code::STACK_BUFFER_OVERRUN => Kind::FailFast,
        _ => Kind::OtherException,
    }
}

/// The title of what no finding names.
fn unnamed(crash: &Crash<'_>) -> String {
    match crash.exception.or(crash.facts.exception.as_ref()) {
        Some(e) if e.code.0 == code::FATAL_APP_EXIT => {
            "The program terminated itself: abort, or an unhandled exception.".to_owned()
        }
        Some(e) => match &e.name {
            Some(name) if let Some(first) = findings::stands_for_lost(e) => {
                format!("{name} was raised: it stands for {first}, which is not in the dump.")
            }
            Some(name) => match e.hresult.and_then(|result| u32::try_from(result.0).ok()) {
                Some(result) => format!("{name} was raised with {}.", names::named_result(result)),
                // Of Delphi, whose exceptions all have one code.
                None => match e.cpp.as_ref().and_then(|thrown| thrown.type_name.as_deref()) {
                    Some(class) => format!("{name}: {class} was raised."),
                    None => format!("{name} was raised."),
                },
            },
            None if !e.is_of_windows() => {
                format!("The program ended with the code {:#x}, which dumplens does not know.", e.code.0)
            }
            None => format!("An exception with the program's own code {:#x} was raised.", e.code.0),
        },
        None => match &crash.facts.exception_lost {
            Some(why) => format!("The exception that ended the program is lost: {why}."),
            None => "The dump contains no exception: the process was running or hanging.".to_owned(),
        },
    }
}

fn plain(kind: Kind, title: String, confidence: Confidence) -> VerdictReport {
    VerdictReport {
        kind,
        title,
        confidence,
        place: None,
        cause: None,
        because: Vec::new(),
        unless: Vec::new(),
        advice: Vec::new(),
        allocation: None,
    }
}

/// How sure it is which exception another stands for.
fn wrapped(findings: &[Finding]) -> Confidence {
    let of = findings.iter().find(|finding| finding.id == "wrapped_exception");
    of.map_or(Confidence::High, |finding| finding.confidence)
}
