//! Memory64ListStream (9) and MemoryListStream (5): which addresses the dump keeps, and where in the file.

mod overlaps;
mod sampled;

use self::overlaps::{Overlaps, put_in_order};
use self::sampled::sampled;
use super::table::{self, Table};
use super::{malformed, ranges_shared};
use crate::arch::Width;
use crate::container::{self, StreamLocation};
use crate::damage::Damage;
use crate::format::{MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64, MINIDUMP_MEMORY64_LIST};
use crate::metadata::Metadata;
use crate::ranges::{Index, MemoryRange, push};
use crate::vocabulary::StreamType;

/// The memory that a dump lists.
#[derive(Debug)]
pub(crate) struct Ranges {
    pub(crate) index: Index,
    /// Bytes that the lists name.
    pub(crate) listed: u64,
    /// Those of them that the file does not hold.
    pub(crate) missing: u64,
    pub(crate) damage: Vec<Damage>,
}

/// Reads the memory lists of a dump, whichever there are.
pub(crate) fn read(meta: &Metadata<'_>, streams: &[StreamLocation], width: Width) -> Ranges {
    let lists: Vec<&StreamLocation> = streams
        .iter()
        .filter(|s| [StreamType::MEMORY64_LIST, StreamType::MEMORY_LIST].contains(&s.kind))
        .collect();
    let taken = ranges_shared::taken(streams);
    let sampled = match lists.as_slice() {
        [at] => sampled(meta, at, width, &taken),
        _ => None,
    };
    let mut ranges = sampled.unwrap_or_else(|| {
        let mut ranges = whole(meta, &lists, width);
        if let Index::Whole(list) = &ranges.index {
            ranges.damage.extend(ranges_shared::find(&taken, list));
        }
        ranges
    });
    // A writer that puts streams behind the contents of memory leaves no doubt about what these bytes are.
    let behind =
        |surplus: u64| streams.iter().any(|stream| stream.rva >= meta.size().saturating_sub(surplus));
    ranges
        .damage
        .retain(|damage| !matches!(damage, Damage::MemorySurplus { surplus, .. } if behind(*surplus)));
    ranges
}

/// Lists of any length and kind, whatever is wrong with them.
fn whole(meta: &Metadata<'_>, lists: &[&StreamLocation], width: Width) -> Ranges {
    let mut damage = Vec::new();
    let mut list = Vec::new();
    for at in lists {
        let result = match at.kind {
            StreamType::MEMORY64_LIST => memory64(meta, at, width, &mut list, &mut damage),
            _ => memory(meta, at, width, &mut list, &mut damage),
        };
        damage.extend(result.err());
        let Overlaps { count, differ, first } = put_in_order(meta, &mut list);
        if count > 0 {
            damage.push(Damage::RangesOverlap { stream: at.kind, count });
        }
        if differ > 0 {
            damage.push(Damage::RangesDiffer { stream: at.kind, count: differ, first });
        }
    }
    let mut totals = Totals::default();
    for range in &list {
        totals.add(meta, *range);
    }
    damage.extend(totals.damage());
    Ranges { index: Index::Whole(list), listed: totals.listed, missing: totals.missing, damage }
}

/// What the lists name, and how much of it the file does not hold.
#[derive(Default)]
struct Totals {
    listed: u64,
    missing: u64,
    first_missing: Option<u64>,
}

impl Totals {
    #[inline]
    fn add(&mut self, meta: &Metadata<'_>, range: MemoryRange) {
        self.listed = self.listed.saturating_add(range.size);
        if range.offset.saturating_add(range.size) > meta.size() {
            let present = meta.present(range.offset, range.size);
            self.missing = self.missing.saturating_add(range.size.saturating_sub(present));
            let first = range.start.saturating_add(present);
            self.first_missing = Some(self.first_missing.map_or(first, |known| known.min(first)));
        }
    }

    fn damage(&self) -> Option<Damage> {
        self.first_missing.map(|first| Damage::MemoryCut { missing: self.missing, first })
    }
}

fn memory64_table(
    meta: &Metadata<'_>,
    at: &StreamLocation,
    damage: &mut Vec<Damage>,
) -> Result<(Table, u64), Damage> {
    let header: MINIDUMP_MEMORY64_LIST = table::structure(meta, at)?;
    let before = size_of::<MINIDUMP_MEMORY64_LIST>() as u64;
    let stride = size_of::<MINIDUMP_MEMORY_DESCRIPTOR64>() as u64;
    let listed = header.number_of_memory_ranges.get();
    let base_rva = header.base_rva.get();
    if base_rva < container::HEADER && listed > 0 {
        return Err(malformed(at.kind, format!("BaseRva is {base_rva}")));
    }
    let table = Table::fit(at, before, stride, listed, u64::from(u32::MAX), damage);
    Ok((table, base_rva))
}

/// In every dump seen the contents end where the file does; if not, a size in the list may be wrong.
fn surplus(meta: &Metadata<'_>, at: &StreamLocation, end: u64) -> Option<Damage> {
    let surplus = meta.size().checked_sub(end).filter(|surplus| *surplus >= 4096)?;
    Some(Damage::MemorySurplus { stream: at.kind, surplus })
}

fn wrapped(at: &StreamLocation, count: u64) -> Option<Damage> {
    (count > 0).then_some(Damage::RangesWrap { stream: at.kind, count })
}

/// Memory64: the contents follow one another from `BaseRva` on, in the order of the list.
fn memory64(
    meta: &Metadata<'_>,
    at: &StreamLocation,
    width: Width,
    list: &mut Vec<MemoryRange>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    let before = damage.len();
    let (table, base_rva) = memory64_table(meta, at, damage)?;
    let clipped = damage.len() > before;
    let mut rva = Some(base_rva);
    let (mut wraps, mut unplaced, mut last) = (0u64, 0u64, 0);
    table.for_each(meta, |raw: &MINIDUMP_MEMORY_DESCRIPTOR64| {
        let Some(offset) = rva else {
            unplaced = unplaced.saturating_add(1);
            return;
        };
        let range = MemoryRange::of(raw, width, offset);
        rva = offset.checked_add(range.size);
        if range.start.checked_add(range.size).is_none() || rva.is_none() {
            wraps = wraps.saturating_add(1);
            last = range.start;
        } else {
            push(list, range);
        }
    })?;
    damage.extend(wrapped(at, wraps));
    if unplaced > 0 {
        damage.push(Damage::RangesUnplaced { stream: at.kind, after: last, count: unplaced });
    }
    if !clipped {
        damage.extend(rva.and_then(|end| surplus(meta, at, end)));
    }
    Ok(())
}

/// MemoryList: every range names its own place in the file.
fn memory(
    meta: &Metadata<'_>,
    at: &StreamLocation,
    width: Width,
    list: &mut Vec<MemoryRange>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    let stride = size_of::<MINIDUMP_MEMORY_DESCRIPTOR>();
    let table = Table::plain(meta, at, stride, u64::from(u32::MAX), damage)?;
    let (mut wraps, mut unwritten) = (0u64, 0u64);
    table.for_each(meta, |raw: &MINIDUMP_MEMORY_DESCRIPTOR| {
        let start = width.normalise(raw.start_of_memory_range.get());
        let (size, offset) = (u64::from(raw.memory.data_size.get()), u64::from(raw.memory.rva.get()));
        match start.checked_add(size) {
            // The header lies there: an RVA of 0 says that the bytes were not written.
            Some(_) if offset < container::HEADER => {
                unwritten = unwritten.saturating_add(u64::from(size > 0));
            }
            Some(_) => push(list, MemoryRange { start, size, offset }),
            None => wraps = wraps.saturating_add(1),
        }
    })?;
    damage.extend(wrapped(at, wraps));
    if unwritten > 0 {
        damage.push(Damage::EntriesDropped { stream: at.kind, count: unwritten, why: "their RVA is 0" });
    }
    Ok(())
}
