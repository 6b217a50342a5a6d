//! ThreadInfoListStream (17): `MINIDUMP_THREAD_INFO`s, 0x40 bytes each, behind a 12-byte header.

use super::table::Table;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::Extract;
use crate::limits;

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
