//! MemoryInfoListStream (16): `MINIDUMP_MEMORY_INFO`s, what `VirtualQueryEx` said of every region.

use std::sync::OnceLock;

use super::table::{self, Table};
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::{MINIDUMP_MEMORY_INFO, MINIDUMP_MEMORY_INFO_LIST};
use crate::metadata::Metadata;
use crate::vocabulary::{MemoryState, MemoryType, Protection};

/// One region, as listed.
///
/// For `MEM_FREE` only base, size and state mean anything; for `MEM_RESERVE` the protection does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryInfo {
    /// First address; sign extension of 32-bit dumps is undone.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// First address of the allocation that the region belongs to.
    pub allocation_base: u64,
    /// Protection given when the allocation was made.
    pub allocation_protect: Protection,
    /// Committed, reserved or free.
    pub state: MemoryState,
    /// Protection now.
    pub protect: Protection,
    /// Private, mapped or image.
    pub kind: MemoryType,
}

impl MemoryInfo {
    /// First address behind the region; `None` when it wraps past 2^64.
    pub fn end(&self) -> Option<u64> {
        self.base.checked_add(self.size)
    }
}

/// The list, in the order of the file.
#[derive(Debug)]
pub struct MemoryInfoList {
    /// The regions as listed: not sorted, not checked against each other.
    pub entries: Vec<MemoryInfo>,
    /// What reading them cost.
    pub damage: Vec<Damage>,
    /// Whether each region begins at or behind the end of the one before it.
    pub in_order: bool,
    sorted: OnceLock<Vec<u32>>,
}

impl MemoryInfoList {
    /// The region that holds `address`: the one with the highest base not above it, if it reaches that far.
    pub fn at(&self, address: u64) -> Option<&MemoryInfo> {
        let holds = |r: &&MemoryInfo| address.checked_sub(r.base).is_some_and(|offset| offset < r.size);
        if self.in_order {
            let after = self.entries.partition_point(|r| r.base <= address);
            return self.entries.get(after.checked_sub(1)?).filter(holds);
        }
        let sorted = self.sorted.get_or_init(|| self.order());
        let base = |i: &u32| self.entries.get(*i as usize).map_or(u64::MAX, |r| r.base);
        let after = sorted.partition_point(|i| base(i) <= address);
        let index = *sorted.get(after.checked_sub(1)?)?;
        self.entries.get(index as usize).filter(holds)
    }

    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX)).collect();
        order.sort_by_key(|i| self.entries.get(*i as usize).map(|r| (r.base, r.size)));
        order
    }
}

/// Reads the list. Entries may be longer than this version's (their head is read); a count larger than the bytes
/// present is clipped.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation, width: Width) -> Result<MemoryInfoList, Damage> {
    let header: MINIDUMP_MEMORY_INFO_LIST = table::structure(meta, at)?;
    let (before, stride) = (header.size_of_header.get(), header.size_of_entry.get());
    let least = (
        size_of::<MINIDUMP_MEMORY_INFO_LIST>(),
        size_of::<MINIDUMP_MEMORY_INFO>(),
    );
    table::check_sizes(at, before, least.0, stride, least.1)?;
    let mut damage = Vec::new();
    let listed = header.number_of_entries.get();
    // No limit of ours: an entry costs 48 bytes of file for 40 bytes of memory.
    let table = Table::fit(
        at,
        u64::from(before),
        u64::from(stride),
        listed,
        u64::from(u32::MAX),
        &mut damage,
    );
    let mut entries = Vec::with_capacity(usize::try_from(table.count).unwrap_or(0));
    let (mut in_order, mut end) = (true, 0);
    table.for_each(meta, |_, raw: MINIDUMP_MEMORY_INFO| {
        let entry = decode(&raw, width);
        in_order &= entry.base >= end && entry.end().is_some();
        end = entry.end().unwrap_or(u64::MAX);
        entries.push(entry);
    })?;
    Ok(MemoryInfoList {
        entries,
        damage,
        in_order,
        sorted: OnceLock::new(),
    })
}

fn decode(raw: &MINIDUMP_MEMORY_INFO, width: Width) -> MemoryInfo {
    MemoryInfo {
        base: width.normalise(raw.base_address.get()),
        size: raw.region_size.get(),
        allocation_base: width.normalise(raw.allocation_base.get()),
        allocation_protect: Protection(raw.allocation_protect.get()),
        state: MemoryState(raw.state.get()),
        protect: Protection(raw.protect.get()),
        kind: MemoryType(raw.memory_type.get()),
    }
}
