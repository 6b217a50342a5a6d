//! The verdict: what the findings mean together, how sure that is, and what would change it.

mod advice;
mod cause;

use schemars::JsonSchema;
use serde::Serialize;

pub use crate::findings::Confidence;
pub use cause::Cause;

use crate::findings::{self, Facts, Finding, code, container_call, fail_fast};
use crate::report::{Hex, ThreadReport};
use crate::request::{Asked, Container};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerdictReport {
    /// `allocation_failure`, `cpp_exception`, `access_violation`, `stack_overflow`, `fail_fast`, `abort`,
    /// `assertion_or_breakpoint`, `other_exception`, `no_exception`.
    pub kind: &'static str,
    /// One sentence.
    pub title: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Of an allocation that failed: [`Cause::name`].
    pub cause: Option<&'static str>,
    /// What speaks for it, in the order in which a person would check it: the titles of the findings.
    pub because: Vec<String>,
    /// What would change it.
    pub unless: Vec<String>,
    /// What to do about it, where the dump tells.
    pub advice: Vec<String>,
    /// Of an allocation that failed: what was asked for, as far as it is known.
    pub allocation: Option<AllocationFailure>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AllocationFailure {
    /// `vector_reallocation`, `vector_reserve`, `vector_resize`, `string_growth`, `container`, `operator_new`, `malloc`,
    /// `unknown`.
    pub origin: &'static str,
    /// Bytes.
    pub requested_bytes: u64,
    /// The same in hex.
    pub requested_hex: Hex,
    /// Bytes of one element.
    pub element_size: Option<u64>,
    /// How many of them.
    pub element_count: Option<u64>,
    /// What the container adds to the bytes of its elements.
    pub padding: Option<u64>,
    /// Where the container lies.
    pub container: Option<Hex>,
    /// Who asked: the function above `operator new`, where symbols tell.
    pub function: Option<String>,
}

/// What the findings mean together.
pub(crate) fn of(facts: &Facts<'_, '_>, findings: &[Finding]) -> VerdictReport {
    let found = |id: &str| findings.iter().find(|finding| finding.id == id);
    let because = findings.iter().map(|finding| finding.title.clone()).collect();
    if facts.was_refused() {
        return VerdictReport { because, ..allocation_failure(facts, findings) };
    }
    let main = MAIN.iter().find_map(|id| found(id));
    let kind = kind(facts, main.map(|finding| finding.id));
    let confidence = main.map_or(Confidence::Medium, |finding| finding.confidence);
    let title = main.map_or_else(|| unnamed(facts), |finding| finding.title.clone());
    let title = match found("last_error") {
        Some(_) if kind == "abort" => {
            format!("{title} The last request that Windows refused this thread was for memory.")
        }
        _ => title,
    };
    let confidence = if kind == "no_exception" { Confidence::High } else { confidence };
    VerdictReport { because, advice: advice::of_crash(facts, main), ..plain(kind, title, confidence) }
}

/// Findings that say by themselves what happened, the more telling ones first.
const MAIN: [&str; 8] = [
    "cpp_exception",
    "heap_corruption",
    "stack_overflow",
    "access_violation",
    "fail_fast",
    "abort",
    "breakpoint",
    "waiting",
];

fn kind(facts: &Facts<'_, '_>, main: Option<&str>) -> &'static str {
    let Some(exception) = &facts.report.exception else { return "no_exception" };
    let reason = exception.parameters.first().map(|parameter| parameter.0);
    match main {
        _ if facts.exception.is_none() => "other_exception", // not of Windows
        Some("cpp_exception") => "cpp_exception",
        Some("stack_overflow") => "stack_overflow",
        Some("access_violation") => "access_violation",
        Some("abort") => "abort",
        Some("breakpoint") => "assertion_or_breakpoint",
        Some("fail_fast") if reason == Some(fail_fast::FATAL_APP_EXIT) => "abort",
        _ if exception.code.0 == code::FATAL_APP_EXIT => "abort",
        _ if exception.code.0 == code::STACK_BUFFER_OVERRUN => "fail_fast",
        _ => "other_exception",
    }
}

/// The title of what no finding names.
fn unnamed(facts: &Facts<'_, '_>) -> String {
    match &facts.report.exception {
        Some(e) if e.code.0 == code::FATAL_APP_EXIT => {
            "The program ended itself: abort, or an exception that nothing caught.".to_owned()
        }
        Some(e) => match &e.name {
            Some(name) => format!("{name} was raised."),
            None => format!("An exception of the program's own was raised: {:#x}.", e.code.0),
        },
        None => "No exception is in the dump: it was written of a process that ran or hung.".to_owned(),
    }
}

fn plain(kind: &'static str, title: String, confidence: Confidence) -> VerdictReport {
    VerdictReport {
        kind,
        title,
        confidence,
        cause: None,
        because: Vec::new(),
        unless: Vec::new(),
        advice: Vec::new(),
        allocation: None,
    }
}

fn allocation_failure(facts: &Facts<'_, '_>, findings: &[Finding]) -> VerdictReport {
    let (cause, sure) = cause::of(facts, findings);
    let size = findings.iter().find(|finding| finding.id == "requested_size");
    let Some(wanted) = facts.wanted() else {
        let title = match cause {
            Cause::Undetermined => "Memory was refused; how much was asked for is not known.".to_owned(),
            _ => format!("Memory was refused{}.", cause.words()),
        };
        return VerdictReport {
            advice: advice::of_refusal(facts, cause, 0),
            cause: Some(cause.name()),
            unless: vec![
                "How much was asked for: a dump that keeps the stack and the images' code would tell."
                    .to_owned(),
            ],
            ..plain("allocation_failure", title, sure.min(Confidence::Medium).min(root(findings)))
        };
    };
    let allocation = allocation(facts, wanted);
    VerdictReport {
        cause: Some(cause.name()),
        unless: cause::unless(facts, cause),
        advice: advice::of_refusal(facts, cause, wanted),
        allocation: Some(allocation),
        confidence: sure.min(size.map_or(Confidence::High, |finding| finding.confidence)).min(root(findings)),
        ..plain("allocation_failure", title(facts, wanted, cause), sure)
    }
}

/// How sure it is that memory was refused at all: less, where only an earlier exception says so.
fn root(findings: &[Finding]) -> Confidence {
    let earlier = findings.iter().find(|finding| finding.id == "earlier_bad_alloc");
    earlier.map_or(Confidence::High, |finding| finding.confidence)
}

fn title(facts: &Facts<'_, '_>, wanted: u64, cause: Cause) -> String {
    let size = findings::short(wanted);
    let growing = facts.request.filter(|r| matches!(r.container, Some(Container::Vector(_))));
    let elements = growing.and_then(|r| Some((r.elements()?, r.element_size?)));
    match (growing, elements) {
        (Some(_), Some((count, each))) => format!(
            "A vector could not grow to {} elements of {each} bytes ({size}){}.",
            findings::grouped(count),
            cause.words()
        ),
        (Some(_), None) => format!("A vector could not grow to {size}{}.", cause.words()),
        (None, _) => format!("An allocation of {size} failed{}.", cause.words()),
    }
}

fn allocation(facts: &Facts<'_, '_>, wanted: u64) -> AllocationFailure {
    let request = facts.request;
    let call = container_call::of(facts);
    AllocationFailure {
        origin: origin(facts, call.map(|(call, _)| call)),
        requested_bytes: wanted,
        requested_hex: Hex(wanted),
        element_size: request.and_then(|r| r.element_size),
        element_count: request.and_then(crate::request::Request::elements),
        padding: request.and_then(|r| r.padding),
        container: request.and_then(|r| r.container.as_ref()).map(|c| Hex(c.address())),
        function: call.map(|(_, function)| function.to_owned()).or_else(|| facts.requester()),
    }
}

/// What asked: the container that the arithmetic proves, or the one that symbols name, or what the code shows.
fn origin(facts: &Facts<'_, '_>, call: Option<container_call::Call>) -> &'static str {
    use container_call::Call;
    let Some(request) = facts.request else { return "unknown" };
    match (call, request.container, request.padding) {
        (Some(Call::Reserve), _, _) => "vector_reserve",
        (Some(Call::Resize), _, _) => "vector_resize",
        (Some(Call::Text), _, _) | (None, Some(Container::Text(_)), _) => "string_growth",
        (Some(Call::Growth), _, _) | (None, Some(Container::Vector(_)), _) => "vector_reallocation",
        (Some(Call::Other), _, _) | (None, None, Some(_)) => "container",
        (None, None, None) if request.asked == Asked::Malloc => "malloc",
        (None, None, None) => "operator_new",
    }
}

/// Where a thread is, in words: the first frame outside system and runtime, or else the innermost one.
pub(crate) fn place(thread: &ThreadReport) -> Option<String> {
    match thread.blame.as_deref() {
        Some(blame) => Some(match &blame.function {
            Some(function) => format!("{}!{function}+{:#x}", blame.module, blame.offset.0),
            None => format!("{}+{:#x}", blame.module, blame.offset.0),
        }),
        None => thread.top.clone(),
    }
}
