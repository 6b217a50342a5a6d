//! Crashpad's stream 0x4b6b0002, Chromium's `StabilityReport` (components/stability_report/stability_report.proto): what the
//! machine could still commit, in pages of 4 KiB, when the program crashed. A protobuf message, decoded by the `minidump`
//! crate.

use minidump::{Endian, MinidumpStream, StabilityReport};

use super::malformed;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::limits;
use crate::metadata::Metadata;

/// The machine's memory, by the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StabilityMemory {
    /// `system_commit_limit` in bytes.
    pub commit_limit_bytes: Option<u64>,
    /// `system_commit_remaining` in bytes: what could still be committed.
    pub commit_remaining_bytes: Option<u64>,
}

/// Reads the stream; `None` if it does not tell of memory.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<StabilityMemory>, Damage> {
    let wanted = at.present.min(limits::STABILITY_REPORT_BYTES);
    let bytes = meta.bytes(at.rva, wanted)?.unwrap_or_default();
    let report = <StabilityReport as MinidumpStream<'_>>::read(&bytes, &[], Endian::Little, None)
        .map_err(|why| malformed(at.kind, why.to_string()))?;
    let Some(memory) = report.system_memory_state.and_then(|state| state.windows_memory) else {
        return Ok(None);
    };
    let bytes = |pages: Option<u32>| pages.and_then(|pages| u64::from(pages).checked_mul(limits::PAGE));
    Ok(Some(StabilityMemory {
        commit_limit_bytes: bytes(memory.system_commit_limit.filter(|pages| *pages > 0)),
        commit_remaining_bytes: bytes(memory.system_commit_remaining),
    }))
}
