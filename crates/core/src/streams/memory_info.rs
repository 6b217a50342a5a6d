//! MemoryInfoListStream (16): `MINIDUMP_MEMORY_INFO`s, what `VirtualQueryEx` said of every region.

use super::table::{self, Table};
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::{MINIDUMP_MEMORY_INFO, MINIDUMP_MEMORY_INFO_LIST};
use crate::metadata::Metadata;
use crate::regions::{Builder, MemoryInfo, Regions};
use crate::vocabulary::{MemoryState, MemoryType, Protection};

/// The list, as it is in the file.
#[derive(Debug)]
pub struct MemoryInfoList {
    /// The regions in the order of the file.
    pub regions: Regions,
    /// Whether regions are missing at the end: the file, or the stream inside an entry, ends before the list does.
    pub is_cut: bool,
    /// What reading them cost.
    pub damage: Vec<Damage>,
}

/// Reads the list. Entries may be longer than this version's (their head is read); a count larger than the bytes
/// present is clipped.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation, width: Width) -> Result<MemoryInfoList, Damage> {
    let header: MINIDUMP_MEMORY_INFO_LIST = table::structure(meta, at)?;
    let (before, stride) = (header.size_of_header.get(), header.size_of_entry.get());
    let least = (size_of::<MINIDUMP_MEMORY_INFO_LIST>(), size_of::<MINIDUMP_MEMORY_INFO>());
    table::check_sizes(at, before, least.0, stride, least.1)?;
    let mut damage = Vec::new();
    let listed = header.number_of_entries.get();
    // No limit of ours: an entry costs less memory than it takes up in the file.
    let table =
        Table::fit(at, u64::from(before), u64::from(stride), listed, u64::from(u32::MAX), &mut damage);
    let mut regions = Builder::new(usize::try_from(table.count).unwrap_or(0));
    let decode = |raw: &MINIDUMP_MEMORY_INFO| decode(raw, width);
    table.chunks(meta, |raw: &[MINIDUMP_MEMORY_INFO]| regions.extend(raw.iter().map(decode)))?;
    let odd = at.present.saturating_sub(u64::from(before)).checked_rem(u64::from(stride)) != Some(0);
    let is_cut = table.count < listed && (at.present < at.size || odd);
    Ok(MemoryInfoList { regions: regions.finish(), is_cut, damage })
}

#[inline]
fn decode(raw: &MINIDUMP_MEMORY_INFO, width: Width) -> MemoryInfo {
    let state = MemoryState(raw.state.get());
    let allocation_base = width.normalise(raw.allocation_base.get());
    // Meaningless for a free region, and writers put anything in.
    let allocation_base = if state.is_free() { 0 } else { allocation_base };
    MemoryInfo {
        base: width.normalise(raw.base_address.get()),
        size: raw.region_size.get(),
        allocation_base,
        allocation_protect: Protection(raw.allocation_protect.get()),
        state,
        protect: Protection(raw.protect.get()),
        kind: MemoryType(raw.memory_type.get()),
    }
}
