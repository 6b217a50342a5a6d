//! ProcessVmCountersStream (22): `MINIDUMP_PROCESS_VM_COUNTERS_1` (0x50 bytes) or `_2` (0x98).

use zerocopy::little_endian::U64;

use super::{malformed, table};
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::{MINIDUMP_PROCESS_VM_COUNTERS_2_TAIL, MINIDUMP_PROCESS_VM_COUNTERS_HEAD};
use crate::metadata::Metadata;

/// `MINIDUMP_PROCESS_VM_COUNTERS*` of flags: which groups of fields version 2 filled in.
const VIRTUALSIZE: u16 = 0x2;
const EX: u16 = 0x4;
const EX2: u16 = 0x8;
const JOB: u16 = 0x10;

/// The counters, in bytes. `None` where this version or the writer does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VmCounters {
    /// Page faults since the process started.
    pub page_faults: u32,
    /// `WorkingSetSize`.
    pub working_set_bytes: u64,
    /// `PeakWorkingSetSize`.
    pub peak_working_set_bytes: u64,
    /// `PagefileUsage`: the commit charge, 0 on Windows 7.
    pub pagefile_bytes: u64,
    /// `PeakPagefileUsage`: the highest commit charge of the process's life.
    pub peak_pagefile_bytes: u64,
    /// `PrivateUsage`: the commit charge.
    pub private_bytes: Option<u64>,
    /// `VirtualSize`.
    pub virtual_bytes: Option<u64>,
    /// `PeakVirtualSize`.
    pub peak_virtual_bytes: Option<u64>,
    /// `PrivateWorkingSetSize`.
    pub private_working_set_bytes: Option<u64>,
    /// `SharedCommitUsage`.
    pub shared_commit_bytes: Option<u64>,
    /// `JobSharedCommitUsage`.
    pub job_shared_commit_bytes: Option<u64>,
    /// `JobPrivateCommitUsage`.
    pub job_private_commit_bytes: Option<u64>,
    /// `JobPrivateCommitLimit`; zero means none and is `None`.
    pub job_private_commit_limit_bytes: Option<u64>,
    /// `JobTotalCommitLimit`; zero means none and is `None`.
    pub job_total_commit_limit_bytes: Option<u64>,
}

/// Reads the stream; `None` when every figure in it is zero.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<VmCounters>, Damage> {
    const HEAD: u64 = size_of::<MINIDUMP_PROCESS_VM_COUNTERS_HEAD>() as u64;
    let raw: MINIDUMP_PROCESS_VM_COUNTERS_HEAD = table::structure(meta, at)?;
    let mut counters = VmCounters {
        page_faults: raw.page_fault_count.get(),
        working_set_bytes: raw.working_set_size.get(),
        peak_working_set_bytes: raw.peak_working_set_size.get(),
        pagefile_bytes: raw.pagefile_usage.get(),
        peak_pagefile_bytes: raw.peak_pagefile_usage.get(),
        private_bytes: None,
        virtual_bytes: None,
        peak_virtual_bytes: None,
        private_working_set_bytes: None,
        shared_commit_bytes: None,
        job_shared_commit_bytes: None,
        job_private_commit_bytes: None,
        job_private_commit_limit_bytes: None,
        job_total_commit_limit_bytes: None,
    };
    let tail =
        StreamLocation { rva: at.rva.saturating_add(HEAD), present: at.present.saturating_sub(HEAD), ..*at };
    match raw.revision.get() {
        0 | 1 => counters.private_bytes = table::structure::<U64>(meta, &tail).ok().map(U64::get),
        2 => version_2(&mut counters, raw.flags.get(), &table::structure(meta, &tail)?),
        other => return Err(malformed(at.kind, format!("revision {other}"))),
    }
    let any = counters.working_set_bytes | counters.pagefile_bytes | counters.private_bytes.unwrap_or(0);
    Ok(Some(counters).filter(|_| any != 0))
}

fn version_2(counters: &mut VmCounters, flags: u16, tail: &MINIDUMP_PROCESS_VM_COUNTERS_2_TAIL) {
    let given = |flag: u16, value: U64| Some(value.get()).filter(|_| flags & flag != 0);
    counters.peak_virtual_bytes = given(VIRTUALSIZE, tail.peak_virtual_size);
    counters.virtual_bytes = given(VIRTUALSIZE, tail.virtual_size);
    counters.private_bytes = given(EX, tail.private_usage);
    counters.private_working_set_bytes = given(EX2, tail.private_working_set_size);
    counters.shared_commit_bytes = given(EX2, tail.shared_commit_usage);
    counters.job_shared_commit_bytes = given(JOB, tail.job_shared_commit_usage);
    counters.job_private_commit_bytes = given(JOB, tail.job_private_commit_usage);
    counters.job_private_commit_limit_bytes = given(JOB, tail.job_private_commit_limit).filter(|n| *n != 0);
    counters.job_total_commit_limit_bytes = given(JOB, tail.job_total_commit_limit).filter(|n| *n != 0);
}
