//! The verdict on a request for memory that was refused: what asked, for how much, and how sure that is.

use super::cause::{self, Cause};
use super::model::{AllocationFailure, Kind, Origin, VerdictReport};
use super::{Confidence, advice, plain};
use crate::facts::Hex;
use crate::findings::{self, Crash, Finding, refused_pointer};
use crate::request::{Asked, Call, Container};

pub(super) fn verdict(crash: &Crash<'_>, findings: &[Finding]) -> VerdictReport {
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
