//! The verdict: what happened, how sure that is, and why.

mod cause;

use schemars::JsonSchema;
use serde::Serialize;

pub use cause::Cause;

use crate::process::Process;
use crate::report::{Hex, Report};
use crate::request::{self, Request};
use crate::stack::Walker;

/// How sure a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Other explanations fit as well.
    Low,
    /// It fits, and something that would prove it is not in the dump.
    Medium,
    /// Independent facts agree.
    High,
}

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
    /// What speaks for it, in the order in which a person would check it.
    pub because: Vec<String>,
    /// Of an allocation that failed: what was asked for, as far as it is known.
    pub allocation: Option<AllocationFailure>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AllocationFailure {
    /// `vector_reallocation`, `container`, `operator_new`, `unknown`.
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
    /// Which of the thread's frames that is, before [`Report::symbolise`].
    #[serde(skip)]
    pub frame: Option<usize>,
}

/// Codes of exceptions (`spec/windows-dumps.md` D).
mod code {
    pub(super) const CPP: u64 = 0xe06d_7363;
    pub(super) const ACCESS_VIOLATION: u64 = 0xc000_0005;
    pub(super) const IN_PAGE_ERROR: u64 = 0xc000_0006;
    pub(super) const NO_MEMORY: u64 = 0xc000_0017;
    pub(super) const STACK_OVERFLOW: u64 = 0xc000_00fd;
    pub(super) const COMMITMENT_LIMIT: u64 = 0xc000_012d;
    pub(super) const STACK_BUFFER_OVERRUN: u64 = 0xc000_0409;
    pub(super) const CHROMIUM_OUT_OF_MEMORY: u64 = 0xe000_0008;
    pub(super) const BREAKPOINT: u64 = 0x8000_0003;
    pub(super) const WOW64_BREAKPOINT: u64 = 0x4000_001f;
    /// Parameter 0 of a fast failure: `FAST_FAIL_FATAL_APP_EXIT`, which `abort` gives.
    pub(super) const FATAL_APP_EXIT: u64 = 7;
}

/// C++ types that are thrown when memory is refused.
const OUT_OF_MEMORY: [&str; 3] = ["std::bad_alloc", "std::bad_array_new_length", "CMemoryException *"];

/// The verdict on a process, given what else is reported of it.
pub(crate) fn of(process: &Process<'_>, report: &Report) -> VerdictReport {
    let Some(exception) = &report.exception else {
        let title = "No exception is in the dump: it was written of a process that ran or hung.".to_owned();
        return plain("no_exception", title, Confidence::High);
    };
    let parameter = |n: usize| exception.parameters.get(n).map(|p| p.0);
    let name = exception.name.clone().unwrap_or_else(|| format!("exception {}", exception.code));
    match exception.code.0 {
        code::CPP => {
            let thrown = exception.cpp.as_ref().and_then(|cpp| cpp.type_name.as_deref());
            match thrown {
                Some(thrown) if OUT_OF_MEMORY.contains(&thrown) => refused(process, report, thrown),
                Some(thrown) => plain("cpp_exception", format!("{thrown} was thrown."), Confidence::High),
                None => plain(
                    "cpp_exception",
                    "A C++ exception was thrown; its type is not in the dump.".to_owned(),
                    Confidence::Medium,
                ),
            }
        }
        code::NO_MEMORY | code::CHROMIUM_OUT_OF_MEMORY | code::COMMITMENT_LIMIT => {
            let asked = parameter(0).filter(|_| exception.code.0 != code::COMMITMENT_LIMIT);
            by_parameter(report, &name, asked)
        }
        code::ACCESS_VIOLATION | code::IN_PAGE_ERROR => {
            let kind = match parameter(0) {
                Some(1) => "wrote to",
                Some(8) => "executed",
                _ => "read",
            };
            let at = parameter(1).map_or_else(|| "an address".to_owned(), |at| format!("{at:#x}"));
            plain("access_violation", format!("The program {kind} {at}, which it may not."), Confidence::High)
        }
        code::STACK_OVERFLOW => {
            plain("stack_overflow", "A thread used up its stack.".to_owned(), Confidence::High)
        }
        code::STACK_BUFFER_OVERRUN if parameter(0) == Some(code::FATAL_APP_EXIT) => {
            plain("abort", "The program ended itself: abort or a fatal error.".to_owned(), Confidence::High)
        }
        code::STACK_BUFFER_OVERRUN => {
            let title =
                format!("The program failed fast ({}).", parameter(0).map_or("?".into(), |n| n.to_string()));
            plain("fail_fast", title, Confidence::High)
        }
        code::BREAKPOINT | code::WOW64_BREAKPOINT => plain(
            "assertion_or_breakpoint",
            "The program ran into a breakpoint.".to_owned(),
            Confidence::Medium,
        ),
        _ => plain("other_exception", format!("{name} was raised."), Confidence::Medium),
    }
}

fn plain(kind: &'static str, title: String, confidence: Confidence) -> VerdictReport {
    VerdictReport { kind, title, confidence, cause: None, because: Vec::new(), allocation: None }
}

/// A C++ exception says that memory was refused.
fn refused(process: &Process<'_>, report: &Report, thrown: &str) -> VerdictReport {
    let thread_id = report.exception.as_ref().map(|e| e.thread_id);
    let index = process.threads.iter().position(|t| Some(t.id) == thread_id);
    let walker = Walker::new(process);
    let request = index.and_then(|index| request::find(walker.code(), &walker.walk(index)));
    let mut because = vec![format!("{thrown} was thrown.")];
    let Some(request) = request else {
        because.push(
            "How much was asked for is not known: no frame of the stack has the shape of operator new."
                .to_owned(),
        );
        return VerdictReport {
            because,
            cause: Some(Cause::Undetermined.name()),
            ..plain("allocation_failure", "Memory was refused.".to_owned(), Confidence::Medium)
        };
    };
    because.extend(arithmetic(&request));
    let thread = index.and_then(|index| report.threads.get(index));
    let (cause, sure, why) = cause::of(report, thread, request.bytes);
    because.extend(why);
    VerdictReport {
        title: title(request.bytes, cause),
        confidence: sure.min(if request.vector.is_some() { Confidence::High } else { Confidence::Medium }),
        cause: Some(cause.name()),
        because,
        allocation: Some(failure(&request)),
        ..plain("allocation_failure", String::new(), Confidence::High)
    }
}

/// An exception whose first parameter is the size that was asked for.
fn by_parameter(report: &Report, name: &str, asked: Option<u64>) -> VerdictReport {
    let raised = format!("{name} was raised.");
    let Some(asked) = asked else {
        let base = plain("allocation_failure", "Memory was refused.".to_owned(), Confidence::Medium);
        return VerdictReport { because: vec![raised], cause: Some(Cause::Undetermined.name()), ..base };
    };
    let thread_id = report.exception.as_ref().map(|e| e.thread_id);
    let thread = report.threads.iter().find(|t| Some(t.id) == thread_id);
    let (cause, confidence, why) = cause::of(report, thread, asked);
    let said = format!("Its first parameter is what was asked for: {}.", bytes(asked));
    let allocation = AllocationFailure {
        origin: "unknown",
        requested_bytes: asked,
        requested_hex: Hex(asked),
        element_size: None,
        element_count: None,
        padding: None,
        container: None,
        function: None,
        frame: None,
    };
    VerdictReport {
        title: title(asked, cause),
        cause: Some(cause.name()),
        because: [raised, said].into_iter().chain(why).collect(),
        allocation: Some(allocation),
        ..plain("allocation_failure", String::new(), confidence)
    }
}

fn title(asked: u64, cause: Cause) -> String {
    format!("An allocation of {} failed because {}.", bytes(asked), cause.words())
}

fn failure(request: &Request) -> AllocationFailure {
    let origin = match (request.vector, request.padding) {
        (Some(_), _) => "vector_reallocation",
        (None, Some(_)) => "container",
        (None, None) => "operator_new",
    };
    AllocationFailure {
        origin,
        requested_bytes: request.bytes,
        requested_hex: Hex(request.bytes),
        element_size: request.element_size,
        element_count: request.elements(),
        padding: request.padding,
        container: request.vector.map(|vector| Hex(vector.address)),
        function: None,
        frame: Some(request.frame + 1),
    }
}

/// What the size is made of, as a person would work it out.
fn arithmetic(request: &Request) -> Vec<String> {
    let mut lines = vec![format!(
        "Frame {} is operator new by its code; it was asked for {} bytes ({:#x}).",
        request.frame, request.bytes, request.bytes
    )];
    if let Some(vector) = request.vector {
        lines.push(format!(
            "At {:#x} lies a vector that is full: first {:#x}, last and end {:#x}, {} bytes. Grown by half, and {:#x} \
             added by std::_Allocate, that is the size asked for.",
            vector.address,
            vector.first,
            vector.end,
            vector.end - vector.first,
            vector.padding
        ));
    } else if let Some(padding) = request.padding {
        lines.push(format!("The caller's code adds {padding:#x}, as std::_Allocate does for a container."));
    }
    if let Some((count, size)) = request.elements().zip(request.element_size) {
        let padding = request.padding.map(|padding| format!(" + {padding:#x}")).unwrap_or_default();
        lines.push(format!("{} = {count} x {size}{padding}.", request.bytes));
    }
    lines
}

/// A size for people, with the exact number where it is rounded.
fn bytes(bytes: u64) -> String {
    crate::render::number::size_text(bytes)
}
