//! Of .NET: why the collector or the runtime refused memory, and what would help.

use super::{Cause, Confidence};
use crate::exceptions::limit::Limit;
use crate::findings::{Crash, last_error, short};
use crate::managed::{GcRefusal, ManagedExceptionReport, ManagedReport};

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
    runtime_limit(thrown).map(|sure| (Cause::RuntimeLimit, sure))
}

/// COR_E_OUTOFMEMORY of the runtime itself, before the collector is asked. Newer versions give no message of their own; the
/// innermost method is the one that makes arrays.
fn runtime_limit(thrown: &ManagedExceptionReport) -> Option<Confidence> {
    let says = thrown.message.as_deref().unwrap_or_default();
    let made = thrown.frames.first().is_some_and(|method| method.starts_with("System.Array.CreateInstance"));
    if says.contains("Array dimensions exceeded") {
        return Some(Confidence::High);
    }
    made.then_some(Confidence::Medium)
}

/// Whether heap, tables and request together pass the collector's own limit.
fn at_limit(refused: &GcRefusal) -> Option<Confidence> {
    let limit = refused.limit_bytes?;
    let heap = refused.committed_bytes.saturating_add(refused.requested_bytes.unwrap_or(0));
    let wanted = heap.saturating_add(refused.bookkeeping_bytes.unwrap_or(0));
    // What the segments have committed is a few hundredths more or less than what the collector counts. Where its tables
    // are not found, they are up to 9 bytes for each KB that it reserved, which is three times the limit.
    match limit / 100 {
        hundredth if wanted >= hundredth * 98 => Some(Confidence::High),
        hundredth if refused.bookkeeping_bytes.is_none() && wanted >= hundredth * 97 => {
            Some(Confidence::Medium)
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::{Confidence, at_limit, runtime_limit};
    use crate::managed::{GcRefusal, ManagedExceptionReport};
    use crate::space::Hex;

    /// `new int[65536, 65536]`, which no version allows, as .NET Core 3.1 and .NET 10 refuse it.
    #[test]
    fn an_array_that_no_version_allows() {
        let thrown = |message: &str, frames: &[&str]| ManagedExceptionReport {
            thread_id: Some(1),
            current: true,
            address: Hex(0x1000),
            type_name: "System.OutOfMemoryException".to_owned(),
            message: Some(message.to_owned()),
            hresult: Some(Hex(0x8007_000e)),
            frames: frames.iter().map(|&method| method.to_owned()).collect(),
            frame_count: frames.len() as u64,
            inner: None,
        };
        let old = thrown("Array dimensions exceeded supported range.", &["Own.Program.Main"]);
        let says = "Insufficient memory to continue the execution of the program.";
        let new = thrown(says, &["System.Array.CreateInstanceMDArray", "Own.Program.Main"]);
        let native =
            thrown(says, &["System.Runtime.InteropServices.Marshal.AllocHGlobal", "Own.Program.Main"]);
        let found = [old, new, native].map(|thrown| runtime_limit(&thrown));
        assert_eq!(found, [Some(Confidence::High), Some(Confidence::Medium), None]);
    }

    /// What a program asked for that ran into DOTNET_GCHeapHardLimit, on .NET 10 and .NET Core 3.1.
    #[test]
    fn a_limit_counts_the_tables_of_the_collector() {
        let refused = |limit, committed, requested: u64, bookkeeping| GcRefusal {
            reason: "cant_commit".to_owned(),
            requested_bytes: Some(requested),
            segment_bytes: None,
            available_pagefile_mb: 20_000,
            gc_index: 5,
            committed_bytes: committed,
            bookkeeping_bytes: bookkeeping,
            limit_bytes: Some(limit),
        };
        let (dictionary, arrays) = ((0x200_0000, 29_872_128, 2_691_304), (0x400_0000, 65_196_032, 100_024));
        let at = |(limit, committed, asked), tables| at_limit(&refused(limit, committed, asked, tables));
        assert_eq!(at(dictionary, Some(1_486_848)), Some(Confidence::High));
        assert_eq!(at(arrays, None), Some(Confidence::Medium), "the tables are not found");
        // With tables that are known and small, something else refused.
        assert_eq!((at(dictionary, Some(4096)), at(arrays, Some(4096))), (None, None));
        assert_eq!(at((0x400_0000, 0x200_0000, 100_024), None), None);
    }
}
