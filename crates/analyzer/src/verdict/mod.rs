//! The verdict: what the findings mean together, how sure that is, and what would change it.

mod advice;
mod cause;
mod managed;
mod place;

pub mod signature;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::findings::Confidence;
pub use cause::Cause;

use crate::exceptions::{code, names};
use crate::facts::Hex;
use crate::findings::{self, Crash, Finding, fail_fast, memory_pressure, refused_pointer, unreal_crash};
use crate::request::{Asked, Call, Container};
use crate::space::words;

words! {
    /// What ended the program.
    pub enum Kind {
        /// A memory allocation failed.
        AllocationFailure = "allocation_failure",
        /// An unhandled C++ exception.
        CppException = "cpp_exception",
        /// An unhandled exception of managed code (.NET).
        ManagedException = "managed_exception",
        /// An invalid memory access.
        AccessViolation = "access_violation",
        /// A thread used up its stack.
        StackOverflow = "stack_overflow",
        /// The program, or Windows in it, detected a fatal error and terminated it at once.
        FailFast = "fail_fast",
        /// The program terminated itself: abort, or an unhandled exception.
        Abort = "abort",
        /// A breakpoint, or a failed assertion.
        AssertionOrBreakpoint = "assertion_or_breakpoint",
        /// An exception of another kind.
        OtherException = "other_exception",
        /// Threads wait for each other in a circle.
        Deadlock = "deadlock",
        /// A hang, according to the writer of the dump.
        Hang = "hang",
        /// The process was terminating itself.
        Exit = "exit",
        /// A dump that the program or a debugger requested: nothing failed.
        OnRequest = "on_request",
        /// The dump has no exception: the process was running or hanging.
        NoException = "no_exception",
        /// The dump had, or may have had, an exception that is no longer in the file, or that its writer did not
        /// receive.
        ExceptionLost = "exception_lost",
    }
}

impl Kind {
    /// Whether the program failed, or may have failed, as far as the dump tells.
    pub fn is_fault(self) -> bool {
        !matches!(self, Kind::Exit | Kind::OnRequest | Kind::NoException)
    }
}

words! {
    /// What made the failed request.
    pub enum Origin {
        /// A `std::vector` that grows.
        VectorReallocation = "vector_reallocation",
        /// A `std::vector` that reserves room for a given number of elements.
        VectorReserve = "vector_reserve",
        /// A `std::vector` that is resized to a given number of elements.
        VectorResize = "vector_resize",
        /// A string that grows.
        StringGrowth = "string_growth",
        /// A container; which one, or what it did, is not known.
        Container = "container",
        /// `operator new`; its caller is not known.
        OperatorNew = "operator_new",
        /// `malloc`; its caller is not known.
        Malloc = "malloc",
        /// Not known.
        Unknown = "unknown",
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictReport {
    /// The kind.
    pub kind: Kind,
    /// One sentence.
    pub title: String,
    /// How certain it is.
    pub confidence: Confidence,
    /// The blamed place; `None` without an exception, or if the code is in no module.
    pub place: Option<BlamedPlace>,
    /// Why memory was refused; for any other kind, the limit that the process or machine had reached, if any.
    pub cause: Option<Cause>,
    /// The evidence: the titles of the findings, in the order in which an engineer would check them.
    pub because: Vec<String>,
    /// What would change the verdict.
    pub unless: Vec<String>,
    /// Advice, if the dump has a reason for it.
    pub advice: Vec<String>,
    /// For a failed allocation: what was requested, as far as it is known.
    pub allocation: Option<AllocationFailure>,
}

/// A place in the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlamedPlace {
    /// The thread.
    pub thread_id: u32,
    /// The debugger's name of the module.
    pub module: String,
    /// Offset from the module's base of the executing instruction in the innermost frame, otherwise of the return
    /// address.
    pub offset: Hex,
    /// The function, if a PDB or an export names it with certainty.
    pub function: Option<String>,
}

/// What was requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllocationFailure {
    /// What made the request.
    pub origin: Origin,
    /// Bytes.
    pub requested_bytes: u64,
    /// The same in hex.
    #[serde(skip_serializing_if = "is_large")]
    pub requested_hex: Hex,
    /// Bytes of one element.
    pub element_size: Option<u64>,
    /// Number of elements.
    pub element_count: Option<u64>,
    /// What the container adds to the bytes of its elements.
    pub padding: Option<u64>,
    /// Address of the container.
    pub container: Option<Hex>,
    /// The function that made the request, above `operator new`, if symbols name it.
    pub function: Option<String>,
}

/// Beside a number above 2^53 the printer of JSON writes the hex string itself.
#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_large(requested: &Hex) -> bool {
    requested.0 > 1 << 53
}

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
        return VerdictReport { because, ..allocation_failure(crash, findings) };
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
            Confidence::Medium
        }
        Kind::NoException => Confidence::High,
        Kind::ExceptionLost if lost => Confidence::Low,
        _ => confidence,
    };
    let confidence = confidence.min(wrapped(findings));
    VerdictReport { because, cause, advice: advice::of_crash(crash, main), ..plain(kind, title, confidence) }
}

/// Findings that say by themselves what happened, the more telling ones first.
const MAIN: [&str; 17] = [
    "assertion",
    "unreal_crash",
    "deadlock",
    "on_request",
    "hang",
    "managed_exception",
    "cpp_exception",
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

fn allocation_failure(crash: &Crash<'_>, findings: &[Finding]) -> VerdictReport {
    let (cause, sure) = cause::of(crash, findings);
    let size = findings.iter().find(|finding| finding.id == "requested_size");
    let Some(wanted) = crash.wanted() else {
        let title = match cause {
            Cause::Undetermined if crash.facts.dump.redacted => {
                "An allocation failed; its size is not known, because the dump was redacted.".to_owned()
            }
            _ if refused_pointer::proven(crash).is_some() => unchecked(crash, "A request for memory", cause),
            Cause::Undetermined => "An allocation failed; its size is not known.".to_owned(),
            _ => format!("An allocation failed{}.", cause.words()),
        };
        return VerdictReport {
            advice: advice::of_refusal(crash, cause, 0),
            cause: Some(cause),
            unless: vec![
                "The requested size: a dump that contains the stack and the images' code would show it."
                    .to_owned(),
            ],
            ..plain(Kind::AllocationFailure, title, sure.min(Confidence::Medium).min(root(findings)))
        };
    };
    let allocation = allocation(crash, wanted);
    VerdictReport {
        cause: Some(cause),
        unless: cause::unless(crash, cause),
        advice: advice::of_refusal(crash, cause, wanted),
        allocation: Some(allocation),
        confidence: sure.min(size.map_or(Confidence::High, |finding| finding.confidence)).min(root(findings)),
        ..plain(Kind::AllocationFailure, title(crash, wanted, cause), sure)
    }
}

/// How sure it is that memory was refused at all: less, where only an earlier exception or the code says so, or one that
/// another stands for.
fn root(findings: &[Finding]) -> Confidence {
    let inferred = ["earlier_bad_alloc", "wrapped_exception", "refused_pointer", "unreal_crash"];
    let of = findings.iter().filter(|finding| inferred.contains(&finding.id.as_ref()));
    of.map(|finding| finding.confidence).min().unwrap_or(Confidence::High)
}

/// How sure it is which exception another stands for.
fn wrapped(findings: &[Finding]) -> Confidence {
    let of = findings.iter().find(|finding| finding.id == "wrapped_exception");
    of.map_or(Confidence::High, |finding| finding.confidence)
}

/// A refusal that nobody looked at.
fn unchecked(crash: &Crash<'_>, what: &str, cause: Cause) -> String {
    let allocator = refused_pointer::proven(crash).map_or("an allocator", |refused| &refused.allocator);
    format!(
        "{what} was refused, and the program used the null pointer that {allocator} returned{}.",
        cause.words()
    )
}

fn title(crash: &Crash<'_>, wanted: u64, cause: Cause) -> String {
    let size = findings::short(wanted);
    if crash.request.is_none() && refused_pointer::proven(crash).is_some() {
        return unchecked(crash, &format!("A request for {size}"), cause);
    }
    let growing = crash.request.filter(|r| matches!(r.container, Some(Container::Vector(_))));
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

fn allocation(crash: &Crash<'_>, wanted: u64) -> AllocationFailure {
    let request = crash.request;
    let call = crash.container_call();
    let managed = crash.managed_refusal().and_then(|thrown| thrown.frames.first().cloned());
    AllocationFailure {
        origin: origin(crash, call.map(|(call, _)| call)),
        requested_bytes: wanted,
        requested_hex: Hex(wanted),
        element_size: request.and_then(|r| r.element_size),
        element_count: request.and_then(crate::request::Request::elements),
        padding: request.and_then(|r| r.padding),
        container: request.and_then(|r| r.container.as_ref()).map(|c| Hex(c.address())),
        function: call.map(|(_, function)| function.to_owned()).or_else(|| crash.requester()).or(managed),
    }
}

/// What asked: the container that the arithmetic proves, or the one that symbols name, or what the code shows.
fn origin(crash: &Crash<'_>, call: Option<Call>) -> Origin {
    let Some(request) = crash.request else {
        let malloc =
            refused_pointer::proven(crash).is_some_and(|refused| refused.allocator.contains("malloc"));
        return if malloc { Origin::Malloc } else { Origin::Unknown };
    };
    match (call, request.container, request.padding) {
        (Some(Call::Reserve), _, _) => Origin::VectorReserve,
        (Some(Call::Resize), _, _) => Origin::VectorResize,
        (Some(Call::Text), _, _) | (None, Some(Container::Text(_)), _) => Origin::StringGrowth,
        (Some(Call::Growth), _, _) | (None, Some(Container::Vector(_)), _) => Origin::VectorReallocation,
        (Some(Call::Other), _, _) | (None, None, Some(_)) => Origin::Container,
        (None, None, None) if request.asked == Asked::Malloc => Origin::Malloc,
        (None, None, None) => Origin::OperatorNew,
    }
}
