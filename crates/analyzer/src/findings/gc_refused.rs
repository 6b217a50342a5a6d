//! # What it detects
//! The .NET garbage collector refused an allocation: its own reason, the requested size, the size of its heap, and its
//! limit.
//!
//! # What proves it
//! The collector's own record of its last refusal. For objects of 85,000 bytes and more, it contains the exact size.
//!
//! # What fools it
//! The record stays if the program catches the exception: it is the last refusal, which may not be what ended the
//! program. `cant_commit` means both a refusal by the system and the collector's own limit. A limit from
//! runtimeconfig.json, a job or a container is not in the environment.
//!
//! # Example
//! `The garbage collector last refused 1,073,741,848 bytes (reason: loh).`
//!
//! # Source
//! `oom_history` (dotnet/runtime, gcinterface.h); DOTNET_GCHeapHardLimit in the process's environment.

use super::{Confidence, Crash, Found, grouped, short};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let refused = crash.facts.managed.as_ref()?.refused.as_ref()?;
    let title = match refused.requested_bytes {
        Some(bytes) => {
            format!(
                "The garbage collector last refused {} bytes (reason: {}).",
                grouped(bytes),
                refused.reason
            )
        }
        None => format!("The garbage collector last refused an allocation (reason: {}).", refused.reason),
    };
    let sure = if crash.managed_refusal().is_some() { Confidence::High } else { Confidence::Medium };
    let mut found = Found::new(sure, title).with("committed by its segments", short(refused.committed_bytes));
    if let Some(bytes) = refused.bookkeeping_bytes.filter(|_| refused.limit_bytes.is_some()) {
        found = found.with("committed by its tables", short(bytes));
    }
    if let Some(limit) = refused.limit_bytes {
        found = found.with("DOTNET_GCHeapHardLimit", short(limit));
    }
    if let Some(bytes) = refused.segment_bytes {
        found = found.with("segment that did not fit into the address space", short(bytes));
    }
    found = found.with("collections so far", grouped(refused.gc_index));
    Some(found.with("MB that the system could still commit", grouped(refused.available_pagefile_mb)))
}
