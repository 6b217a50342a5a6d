//! ThreadInfoListStream (17): `MINIDUMP_THREAD_INFO`s, 0x40 bytes each, behind a 12-byte header.

use minidump::MinidumpThreadInfo;

use super::table::Table;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::Extract;
use crate::limits;

/// One `MINIDUMP_THREAD_INFO`. Times are FILETIMEs (points) and units of 100 ns (spans).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThreadInfo {
    /// `ThreadId`.
    pub id: u32,
    /// `DumpFlags` (minidumpapiset.h `MINIDUMP_THREAD_INFO_*`).
    pub dump_flags: u32,
    /// An HRESULT: what went wrong when the thread was written.
    pub dump_error: u32,
    /// 259 (`STILL_ACTIVE`) for a thread that runs.
    pub exit_status: u32,
    /// When it was created.
    pub create_time: u64,
    /// When it ended; zero for a thread that runs.
    pub exit_time: u64,
    /// Time spent in the kernel.
    pub kernel_time: u64,
    /// Time spent outside the kernel.
    pub user_time: u64,
    /// The function that it began with.
    pub start_address: u64,
    /// Processors that it may run on, one bit for each.
    pub affinity: u64,
}

impl ThreadInfo {
    pub(crate) fn of(info: &MinidumpThreadInfo) -> ThreadInfo {
        ThreadInfo {
            id: info.raw.thread_id,
            dump_flags: info.raw.dump_flags,
            dump_error: info.raw.dump_error,
            exit_status: info.raw.exit_status,
            create_time: info.raw.create_time,
            exit_time: info.raw.exit_time,
            kernel_time: info.raw.kernel_time,
            user_time: info.raw.user_time,
            start_address: info.raw.start_address,
            affinity: info.raw.affinity,
        }
    }
}

const THREAD_INFO: usize = 0x40;

/// Copies the entries as they are: they hold no RVAs.
pub(crate) fn copy(
    at: &StreamLocation,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    let table = Table::extended(out.meta, at, THREAD_INFO, limits::THREADS, damage)?;
    let entries: Vec<[u8; THREAD_INFO]> = table.entries(out.meta)?;
    out.stream(at.kind, &[&extended_header(THREAD_INFO, entries.len()), entries.as_flattened()])
}

/// A MINIDUMP_EX_LIST for entries of the size given.
pub(super) fn extended_header(entry: usize, entries: usize) -> [u8; 12] {
    let mut header = [0; 12];
    let fields = [12, entry, entries].map(|n| u32::try_from(n).unwrap_or(0).to_le_bytes());
    for (to, from) in header.chunks_exact_mut(4).zip(fields) {
        to.copy_from_slice(&from);
    }
    header
}
