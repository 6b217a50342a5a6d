//! Of .NET: why the collector or the runtime refused memory, and what would help.

use super::{Cause, Confidence};
use crate::exceptions::limit::Limit;
use crate::findings::{Crash, last_error, short};
use crate::managed::{GcRefusal, ManagedReport};

/// Why memory was refused, if .NET itself tells: address space for a segment, a limit of the collector's own, or a limit
/// that more memory would not mend. Refusals of the system show in the thread's last status, as in any program.
pub(super) fn cause(crash: &Crash<'_>) -> Option<(Cause, Confidence)> {
    let thrown = crash.managed_refusal()?;
    if let Some(refused) = crash.gc_refusal() {
        if let Some(bytes) = refused.segment_bytes {
            let largest = crash.facts.memory.largest_free.as_ref().map(|free| free.size_bytes);
            if largest.is_some_and(|largest| bytes > largest) {
                let free = crash.facts.memory.free_bytes.unwrap_or(0);
                let cause =
                    if bytes > free { Cause::AddressSpaceExhausted } else { Cause::AddressSpaceFragmented };
                return Some((cause, Confidence::High));
            }
        }
        return match last_error::told(crash) {
            // The system refused to commit, which it says without naming a limit.
            Some(Limit::Open) if refused.reason == "cant_commit" => {
                Some((Cause::CommitLimit, Confidence::Medium))
            }
            Some(Limit::Open) if refused.segment_bytes.is_some() => {
                Some((Cause::ExternalLimitSuspected, Confidence::Low))
            }
            Some(Limit::Commit | Limit::Quota | Limit::Resources) => None,
            _ => at_limit(refused).map(|sure| (Cause::GcHeapLimit, sure)),
        };
    }
    // COR_E_OUTOFMEMORY of the runtime itself, before the collector is asked.
    let says = thrown.message.as_deref().unwrap_or_default();
    says.contains("Array dimensions exceeded").then_some((Cause::RuntimeLimit, Confidence::High))
}

/// Whether the heap and the request together pass the collector's own limit.
fn at_limit(refused: &GcRefusal) -> Option<Confidence> {
    let limit = refused.limit_bytes?;
    let wanted = refused.committed_bytes.saturating_add(refused.requested_bytes.unwrap_or(0));
    // What the segments have committed is a few hundredths more or less than what the collector counts.
    (wanted >= limit / 100 * 98).then_some(Confidence::High)
}

/// What to do.
pub(super) fn advice(crash: &Crash<'_>, cause: Cause) -> Vec<String> {
    let mut advice = Vec::new();
    if let Some(limit) =
        crash.gc_refusal().and_then(|r| r.limit_bytes).filter(|_| cause == Cause::GcHeapLimit)
    {
        advice.push(format!(
            "The environment limits the collector to {} (DOTNET_GCHeapHardLimit): raise the limit, or find out what fills the heap.",
            short(limit)
        ));
    }
    let types = crash.facts.managed.as_ref().filter(|_| crash.managed_refusal().is_some());
    let largest = types.and_then(|managed| managed.types.first()).filter(|first| first.share >= 0.1);
    if let Some(first) = largest {
        advice.push(format!(
            "Look at {}: {} objects with {}, {:.0}% of the managed heap (dumplens managed){}.",
            first.name,
            crate::findings::grouped(first.count),
            short(first.size_bytes),
            first.share * 100.0,
            types.and_then(|managed| held(managed, &first.name)).unwrap_or_default()
        ));
    }
    advice
}

/// By what the objects of a type are held, if the most of them are held in one way.
fn held(managed: &ManagedReport, type_name: &str) -> Option<String> {
    let held = managed.holders.as_deref()?;
    let path = held.paths.iter().find(|path| path.type_name == type_name)?;
    let of = managed.types.iter().find(|of| of.name == type_name)?;
    let most = path.size_bytes > of.size_bytes / 2;
    most.then(|| format!("; {} of it is held by {}", short(path.size_bytes), path.steps.join(" -> ")))
}
