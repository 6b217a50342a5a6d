//! The process.

use std::collections::HashMap;

use dumplens_core::MiscInfo;
use dumplens_core::process::ProcessParameters;
use dumplens_core::{Damage, StreamType, VmCounters};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Hex, Options, Warning, clock, stream_empty};
use crate::process::{Process, known};

/// The process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessReport {
    /// Process ID.
    pub id: Option<u32>,
    /// Path of the program.
    pub image: Option<String>,
    /// Its file version, if the module list has one.
    pub version: Option<String>,
    /// The command line; null unless secrets were requested.
    pub command_line: Option<String>,
    /// When it started.
    pub created: Option<String>,
    /// Seconds from its start to the dump.
    pub uptime_seconds: Option<u64>,
    /// Seconds of processor time in user mode, all threads.
    pub user_seconds: Option<u32>,
    /// Seconds of processor time in kernel mode, all threads.
    pub kernel_seconds: Option<u32>,
    /// Whether a 32-bit program ran on 64-bit Windows.
    pub wow64: Option<bool>,
    /// Addresses of its PEBs, the 64-bit one first.
    pub pebs: Vec<Hex>,
    /// Handles of each type, most frequent first; `None` without a handle stream or without details.
    pub handles: Option<Vec<HandleCount>>,
    /// Number of handles in the stream, including those that are not read (only the first 1,048,576 are).
    #[serde(default)]
    pub handle_count: Option<u64>,
    /// ProcessVmCounters.
    pub counters: Option<CountersReport>,
}

/// How many handles of one type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HandleCount {
    /// Type name, such as `Event`; empty if the dump does not say.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// Memory counters of the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // the names of PROCESS_MEMORY_COUNTERS_EX2 and of the job's limits
pub struct CountersReport {
    pub private_bytes: Option<u64>,
    pub pagefile_bytes: u64,
    pub peak_pagefile_bytes: u64,
    pub working_set_bytes: u64,
    pub peak_working_set_bytes: u64,
    pub private_working_set_bytes: Option<u64>,
    pub virtual_bytes: Option<u64>,
    pub peak_virtual_bytes: Option<u64>,
    pub shared_commit_bytes: Option<u64>,
    pub job_shared_commit_bytes: Option<u64>,
    pub job_private_commit_bytes: Option<u64>,
    pub job_private_commit_limit_bytes: Option<u64>,
    pub job_total_commit_limit_bytes: Option<u64>,
    pub page_faults: u32,
}

/// What is known of the process.
pub(super) fn of(
    process: &Process<'_>,
    misc: Option<&MiscInfo>,
    listed: bool,
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> ProcessReport {
    let created = misc.and_then(|m| m.process_create_time).filter(|t| *t != 0);
    let written = process.dump.header().time_date_stamp;
    if let Some(late) = created.and_then(|c| c.checked_sub(written)).filter(|late| *late > 0 && written != 0)
    {
        warnings.push(Warning::ProcessFromTheFuture { seconds: u64::from(late) });
    }
    let (handles, handle_count) = listed.then(|| handles(process, warnings)).flatten().unzip();
    let by_teb = process.id.and_then(|id| u32::try_from(id).ok());
    ProcessReport {
        id: misc.and_then(|m| m.process_id).or(by_teb),
        image: image(process),
        version: process.program().and_then(|module| module.version.clone()),
        command_line: if options.include_secrets { command_line(process) } else { None },
        created: created.and_then(clock::from_unix),
        // Zero is not believed: writers that know no creation time give the dump's own, as the debugger assumes too.
        uptime_seconds: created.and_then(|c| written.checked_sub(c)).filter(|s| *s != 0).map(u64::from),
        user_seconds: misc.and_then(|m| m.process_user_time),
        kernel_seconds: misc.and_then(|m| m.process_kernel_time),
        wow64: process.wow64,
        pebs: process.pebs.iter().map(|p| p.address.into()).collect(),
        handles,
        handle_count,
        counters: counters(process, warnings),
    }
}

fn image(process: &Process<'_>) -> Option<String> {
    let module = process.program()?;
    Some(module.name.clone()).filter(|path| !path.is_empty())
}

fn command_line(process: &Process<'_>) -> Option<String> {
    let read = |peb: &dumplens_core::process::Peb| {
        let at = peb.process_parameters.filter(|p| *p != 0)?;
        ProcessParameters::read(process.dump.memory(), at, peb.width).ok()?.command_line().ok()
    };
    process.pebs.iter().find_map(read)
}

/// Handles by type, and how many there are in all.
fn handles(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<(Vec<HandleCount>, u64)> {
    let handles = known(process.dump.handles(), warnings)??;
    let over = handles.damage.iter().find_map(|damage| match damage {
        Damage::EntriesOverLimit { listed, .. } => Some(*listed),
        _ => None,
    });
    let all = over.unwrap_or(handles.list.len() as u64);
    warnings.extend(handles.damage.into_iter().map(Warning::from));
    let mut counts: HashMap<String, u64> = HashMap::new();
    for handle in &handles.list {
        *counts.entry(handle.type_name.clone().unwrap_or_default()).or_default() += 1;
    }
    let mut counts: Vec<HandleCount> =
        counts.into_iter().map(|(kind, count)| HandleCount { kind, count }).collect();
    counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.kind.cmp(&b.kind)));
    Some((counts, all))
}

fn counters(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<CountersReport> {
    let stream = known(process.dump.vm_counters(), warnings).flatten();
    if stream.is_none() && process.dump.stream(StreamType::PROCESS_VM_COUNTERS).is_some() {
        stream_empty("ProcessVmCountersStream", warnings);
    }
    let c: VmCounters = stream?;
    Some(CountersReport {
        private_bytes: c.private_bytes,
        pagefile_bytes: c.pagefile_bytes,
        peak_pagefile_bytes: c.peak_pagefile_bytes,
        working_set_bytes: c.working_set_bytes,
        peak_working_set_bytes: c.peak_working_set_bytes,
        private_working_set_bytes: c.private_working_set_bytes,
        virtual_bytes: c.virtual_bytes,
        peak_virtual_bytes: c.peak_virtual_bytes,
        shared_commit_bytes: c.shared_commit_bytes,
        job_shared_commit_bytes: c.job_shared_commit_bytes,
        job_private_commit_bytes: c.job_private_commit_bytes,
        job_private_commit_limit_bytes: c.job_private_commit_limit_bytes,
        job_total_commit_limit_bytes: c.job_total_commit_limit_bytes,
        page_faults: c.page_faults,
    })
}
