//! The machine.

use dumplens_core::{MiscInfo, StreamType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Warning, clock, stream_empty};
use crate::process::{Process, known};

/// The machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SystemReport {
    /// Family and version, such as `Windows NT 10.0.19045`.
    pub os: Option<String>,
    /// Build number.
    pub build: Option<u32>,
    /// The build's full name, if MiscInfo has one.
    pub build_string: Option<String>,
    /// Service pack, or what Linux writers put in that field.
    pub service_pack: Option<String>,
    /// Logical processors.
    pub processors: Option<u32>,
    /// Seconds since the system started, to the millisecond.
    pub uptime_seconds: Option<f64>,
    /// The system clock at dump time, from KUSER_SHARED_DATA.
    pub time: Option<String>,
    /// RAM and commit.
    pub memory: Option<SystemMemoryReport>,
}

/// The machine's memory at dump time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SystemMemoryReport {
    /// RAM.
    pub physical_bytes: Option<u64>,
    /// RAM that was free or could be freed at once.
    pub available_bytes: Option<u64>,
    /// Commit charge of the whole system.
    pub commit_bytes: Option<u64>,
    /// Commit limit of the whole system.
    pub commit_limit_bytes: Option<u64>,
    /// Peak commit charge since the system started.
    pub commit_peak_bytes: Option<u64>,
}

/// What is known of the machine.
pub(super) fn of(
    process: &Process<'_>,
    misc: Option<&MiscInfo>,
    warnings: &mut Vec<Warning>,
) -> SystemReport {
    let info = process.system.as_ref();
    let os = info.map(|s| format!("{} {}", s.os, s.version));
    let build_string = misc.and_then(|m| m.build_string.clone());
    SystemReport {
        os,
        build: info.map(|s| s.build),
        build_string: build_string.filter(|s| !s.is_empty()),
        service_pack: info.and_then(|s| s.service_pack.clone()),
        processors: info.map(|s| u32::from(s.processors)).filter(|n| *n != 0),
        uptime_seconds: process.shared_data.map(|k| k.uptime_ms as f64 / 1000.0).filter(|s| *s > 0.0),
        time: process.shared_data.and_then(|k| k.system_time).and_then(clock::from_filetime),
        memory: system_memory(process, warnings),
    }
}

/// SystemMemoryInfo; what it lacks, Crashpad's stability report may have, and KUSER_SHARED_DATA the size of RAM.
fn system_memory(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<SystemMemoryReport> {
    let physical =
        process.shared_data.and_then(|k| k.physical_pages).and_then(|pages| pages.checked_mul(4096));
    let stream = known(process.dump.system_memory(), warnings).flatten();
    if stream.is_none() && process.dump.stream(StreamType::SYSTEM_MEMORY_INFO).is_some() {
        stream_empty("SystemMemoryInfoStream", warnings);
    }
    let stability = known(process.dump.stability_memory(), warnings).flatten();
    if stream.is_none() && stability.is_none() && physical.is_none() {
        return None;
    }
    let limit = stability.and_then(|memory| memory.commit_limit_bytes);
    let left = stability.and_then(|memory| memory.commit_remaining_bytes);
    let committed = limit.zip(left).and_then(|(limit, left)| limit.checked_sub(left));
    Some(SystemMemoryReport {
        physical_bytes: stream.and_then(|memory| memory.physical_bytes).or(physical),
        available_bytes: stream.and_then(|memory| memory.available_bytes),
        commit_bytes: stream.and_then(|memory| memory.committed_bytes).or(committed),
        commit_limit_bytes: stream.and_then(|memory| memory.commit_limit_bytes).or(limit),
        commit_peak_bytes: stream.and_then(|memory| memory.commit_peak_bytes),
    })
}
