//! SystemMemoryInfoStream (21): `MINIDUMP_SYSTEM_MEMORY_INFO_1`, the whole machine's memory at dump time.

use super::table;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::MINIDUMP_SYSTEM_MEMORY_INFO_HEAD;
use crate::metadata::Metadata;

/// `MINIDUMP_SYSMEMINFO1_BASICPERF`: BasicPerfInfo is valid.
const BASICPERF: u16 = 0x2;

/// What the stream says, in bytes. A figure that the writer left zero is unknown (`None`): Wine and some
/// sandboxes write the stream and fill in nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemMemory {
    /// `BasicInfo.PageSize`.
    pub page_size: u32,
    /// `BasicInfo.NumberOfPhysicalPages` in bytes.
    pub physical_bytes: Option<u64>,
    /// `BasicInfo.MaximumUserModeAddress`: the last address a process may use.
    pub maximum_user_mode_address: Option<u64>,
    /// `BasicInfo.NumberOfProcessors`.
    pub processors: Option<u32>,
    /// `BasicPerfInfo.AvailablePages` in bytes.
    pub available_bytes: Option<u64>,
    /// `BasicPerfInfo.CommittedPages` in bytes: the commit charge of all processes and the kernel.
    pub committed_bytes: Option<u64>,
    /// `BasicPerfInfo.CommitLimit` in bytes.
    pub commit_limit_bytes: Option<u64>,
    /// `BasicPerfInfo.PeakCommitment` in bytes, since the system started.
    pub commit_peak_bytes: Option<u64>,
}

/// Reads the stream; `None` when every figure in it is zero.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<SystemMemory>, Damage> {
    let raw: MINIDUMP_SYSTEM_MEMORY_INFO_HEAD = table::structure(meta, at)?;
    let page_size = match raw.page_size.get() {
        0 => 4096,
        size => size,
    };
    let bytes =
        |pages: u64| Some(pages).filter(|p| *p != 0).and_then(|p| p.checked_mul(u64::from(page_size)));
    let perf = |pages: u64| bytes(pages).filter(|_| raw.flags.get() & BASICPERF != 0);
    let memory = SystemMemory {
        page_size,
        physical_bytes: bytes(u64::from(raw.number_of_physical_pages.get())),
        maximum_user_mode_address: Some(raw.maximum_user_mode_address.get()).filter(|a| *a != 0),
        processors: Some(raw.number_of_processors.get()).filter(|n| *n != 0),
        available_bytes: perf(raw.available_pages.get()),
        committed_bytes: perf(raw.committed_pages.get()),
        commit_limit_bytes: perf(raw.commit_limit.get()),
        commit_peak_bytes: perf(raw.peak_commitment.get()),
    };
    let known = memory.physical_bytes.or(memory.commit_limit_bytes).or(memory.maximum_user_mode_address);
    Ok(known.map(|_| memory))
}
