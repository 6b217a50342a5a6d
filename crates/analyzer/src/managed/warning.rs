//! Warnings of this room.

use std::fmt;

use super::ManagedReport;
use crate::process::{LoadedRuntime, Process};

/// What is missing from the answer about .NET.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagedWarning {
    /// A heap of .NET, or a list that the runtime keeps, is damaged or not in the dump.
    HeapDamaged {
        /// Segments that cannot be, or cannot be read.
        segments: u64,
        /// Runtimes whose lists of threads end early.
        threads: u64,
        /// Places among the objects where none stands, though none was being moved.
        breaks: u64,
        /// Bytes of heaps that are not in the dump.
        missing_bytes: u64,
    },
}

impl ManagedWarning {
    /// What was met in a process, and in the walk through its heaps.
    pub(crate) fn all(process: &Process<'_>, report: &ManagedReport) -> Option<ManagedWarning> {
        let readable = || process.runtimes.iter().filter_map(LoadedRuntime::readable);
        let segments = readable().map(|runtime| u64::from(runtime.heap().lost)).sum();
        let threads = readable().filter(|runtime| !runtime.threads_are_whole()).count() as u64;
        let moving = report.runtimes.iter().any(|runtime| runtime.gc_in_progress == Some(true));
        let walk = report.walk.unwrap_or_default();
        let breaks = if moving { 0 } else { walk.breaks };
        let missing_bytes = walk.missing_bytes;
        (segments + threads + breaks + missing_bytes > 0).then_some(ManagedWarning::HeapDamaged {
            segments,
            threads,
            breaks,
            missing_bytes,
        })
    }

    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            ManagedWarning::HeapDamaged { .. } => "managed_heap_damaged",
        }
    }
}

impl fmt::Display for ManagedWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ManagedWarning::HeapDamaged { segments, threads, breaks, missing_bytes } = self;
        let parts = [
            (*segments, format!("{segments} segments cannot be read")),
            (*threads, "its list of threads ends early".to_owned()),
            (*breaks, format!("{breaks} places should contain an object and do not")),
            (*missing_bytes, format!("{missing_bytes} bytes of it are not in the dump")),
        ];
        let told: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
        write!(f, "the memory of .NET is damaged or incomplete: {}", told.join("; "))
    }
}
