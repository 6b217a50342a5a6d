//! What the collector refused last, and the limit that it was given.

use dumplens_core::Width;
use dumplens_core::clr::{OomRecord, Runtime};
use dumplens_core::process::ProcessParameters;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::process::Process;

/// The collector's record of the last allocation that it refused. It remains if the exception was caught.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GcRefusal {
    /// `budget`, `cant_commit`, `cant_reserve`, `loh`, `low_mem`, `unproductive_full_gc`.
    pub reason: String,
    /// Bytes of the requested object, rounded up to 8 (x86: to 8 and 4); `None` if the record does not contain them.
    pub requested_bytes: Option<u64>,
    /// Bytes of a segment that did not fit into the address space; `None` if that was not the reason.
    pub segment_bytes: Option<u64>,
    /// MB that the system could still commit, according to the collector.
    pub available_pagefile_mb: u64,
    /// Number of collections before it.
    pub gc_index: u64,
    /// Bytes that the collector's segments have committed.
    pub committed_bytes: u64,
    /// Bytes that its own tables have committed, which count against its limit too; `None` if they are not found.
    pub bookkeeping_bytes: Option<u64>,
    /// The limit of the heap that the environment sets (`DOTNET_GCHeapHardLimit`); `None` if it sets none.
    pub limit_bytes: Option<u64>,
}

/// From here on, an object is asked for by itself; smaller ones get an allocation context, whose size is then recorded.
const LARGE_OBJECT: u64 = 85_000;

/// The record of a runtime that has one.
pub(super) fn of(process: &Process<'_>, runtime: &Runtime<'_>) -> Option<GcRefusal> {
    let record = runtime.heap().oom?;
    let committed =
        |sum: u64, s: &dumplens_core::clr::Segment| sum.saturating_add(s.committed.saturating_sub(s.start));
    Some(GcRefusal {
        reason: reason(record.reason).to_owned(),
        requested_bytes: requested(process.dump.width(), &record),
        segment_bytes: (record.fgm == 1).then_some(record.size),
        available_pagefile_mb: record.available_pagefile_mb,
        gc_index: record.gc_index,
        committed_bytes: runtime.heap().segments.iter().fold(0, committed),
        bookkeeping_bytes: runtime.heap().bookkeeping.and_then(|at| process.committed_around(at)),
        limit_bytes: limit(process),
    })
}

/// `oom_reason` (gcinterface.h).
fn reason(reason: u32) -> &'static str {
    match reason {
        1 => "budget",
        2 => "cant_commit",
        3 => "cant_reserve",
        4 => "loh",
        5 => "low_mem",
        _ => "unproductive_full_gc",
    }
}

/// What is asked for has room for the smallest object behind it, and for alignment. The collector rounds large objects up
/// to 8 bytes. On x86, an array has 12 bytes before its data, so that the commonest, whose data is a multiple of 8, have
/// four more.
fn requested(width: Width, record: &OomRecord) -> Option<u64> {
    const BUDGET: u32 = 1;
    let beside = width.pick(16 + 4, 32);
    let known = record.reason != BUDGET && record.alloc_size >= LARGE_OBJECT;
    known.then(|| record.alloc_size.saturating_sub(beside))
}

/// The value of the variable: a number in hex, without a prefix.
fn limit(process: &Process<'_>) -> Option<u64> {
    let memory = process.dump.memory();
    let of_peb = |peb: &dumplens_core::process::Peb| {
        let parameters = ProcessParameters::read(memory, peb.process_parameters?, peb.width).ok()?;
        let environment = parameters.environment().ok()?;
        environment.iter().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            let known = ["DOTNET_GCHeapHardLimit", "COMPlus_GCHeapHardLimit"];
            let same = known.iter().any(|known| known.eq_ignore_ascii_case(name));
            same.then(|| u64::from_str_radix(value.trim_start_matches("0x"), 16).ok()).flatten()
        })
    };
    process.pebs.iter().find_map(of_peb).filter(|limit| *limit > 0)
}

#[cfg(test)]
mod tests {
    use dumplens_core::Width;
    use dumplens_core::clr::OomRecord;

    use super::requested;

    /// What .NET Core 2.1 (x86), 3.1 and .NET 10 recorded of arrays of bytes.
    #[test]
    fn a_record_has_the_size_of_the_object() {
        let of = |width, alloc_size| {
            let (gc_index, available_pagefile_mb) = (5, 20_000);
            let record =
                OomRecord { reason: 4, alloc_size, fgm: 0, size: 0, available_pagefile_mb, gc_index };
            requested(width, &record)
        };
        assert_eq!(of(Width::Bits64, 1_073_741_880), Some((1 << 30) + 24));
        assert_eq!(of(Width::Bits64, 100_056), Some(100_000 + 24));
        assert_eq!(of(Width::Bits32, 1_073_741_856), Some((1 << 30) + 12));
        assert_eq!(of(Width::Bits32, 100_032), Some(100_000 + 12));
        assert_eq!(of(Width::Bits64, 81_920), None, "an allocation context");
    }
}
