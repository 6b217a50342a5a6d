//! Memory64ListStream (9) and MemoryListStream (5): which addresses the dump keeps, and where in the file.

use super::table::{self, Table};
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::{MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64, MINIDUMP_MEMORY64_LIST};
use crate::memory::MemoryRange;
use crate::metadata::Metadata;
use crate::vocabulary::StreamType;

/// The ranges of a dump: sorted by address, not overlapping, neighbours joined.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    pub(crate) list: Vec<MemoryRange>,
    /// Bytes that the lists name but the file does not hold.
    pub(crate) missing: u64,
    pub(crate) damage: Vec<Damage>,
}

/// Reads the memory lists of a dump, whichever there are.
pub(crate) fn read(meta: &Metadata<'_>, streams: &[StreamLocation], width: Width) -> Ranges {
    let mut ranges = Ranges::default();
    for at in streams {
        let result = match at.kind {
            StreamType::MEMORY64_LIST => memory64(meta, at, width, &mut ranges),
            StreamType::MEMORY_LIST => memory(meta, at, width, &mut ranges),
            _ => continue,
        };
        ranges.damage.extend(result.err());
        let stream = at.kind;
        let overlaps = put_in_order(&mut ranges.list);
        if overlaps > 0 {
            ranges.damage.push(Damage::RangesOverlap {
                stream,
                count: overlaps,
            });
        }
    }
    report_missing(meta, &mut ranges);
    ranges
}

/// Memory64: the contents follow one another from `BaseRva` on, in the order of the list.
fn memory64(meta: &Metadata<'_>, at: &StreamLocation, width: Width, out: &mut Ranges) -> Result<(), Damage> {
    let header: MINIDUMP_MEMORY64_LIST = table::structure(meta, at)?;
    let before = size_of::<MINIDUMP_MEMORY64_LIST>() as u64;
    let stride = size_of::<MINIDUMP_MEMORY_DESCRIPTOR64>() as u64;
    let listed = header.number_of_memory_ranges.get();
    let table = Table::fit(at, before, stride, listed, u64::from(u32::MAX), &mut out.damage);
    let mut rva = Some(header.base_rva.get());
    let (mut wraps, mut unplaced, mut last) = (0u64, 0u64, 0);
    table.for_each(meta, |_, raw: MINIDUMP_MEMORY_DESCRIPTOR64| {
        let (start, size) = (
            width.normalise(raw.start_of_memory_range.get()),
            raw.data_size.get(),
        );
        let Some(offset) = rva else {
            unplaced = unplaced.saturating_add(1);
            return;
        };
        rva = offset.checked_add(size);
        if start.checked_add(size).is_none() || rva.is_none() {
            wraps = wraps.saturating_add(1);
            last = start;
        } else {
            push(&mut out.list, MemoryRange { start, size, offset });
        }
    })?;
    let stream = at.kind;
    if wraps > 0 {
        out.damage.push(Damage::RangesWrap { stream, count: wraps });
    }
    if unplaced > 0 {
        out.damage.push(Damage::RangesUnplaced {
            stream,
            after: last,
            count: unplaced,
        });
    }
    // In every dump seen the contents end where the file does.
    if let Some(surplus) = rva
        .and_then(|end| meta.size().checked_sub(end))
        .filter(|s| *s >= 4096 && table.count == listed)
    {
        out.damage.push(Damage::MemorySurplus { stream, surplus });
    }
    Ok(())
}

/// MemoryList: every range names its own place in the file.
fn memory(meta: &Metadata<'_>, at: &StreamLocation, width: Width, out: &mut Ranges) -> Result<(), Damage> {
    let stride = size_of::<MINIDUMP_MEMORY_DESCRIPTOR>();
    let table = Table::plain(meta, at, stride, u64::from(u32::MAX), &mut out.damage)?;
    let mut wraps = 0u64;
    table.for_each(meta, |_, raw: MINIDUMP_MEMORY_DESCRIPTOR| {
        let start = width.normalise(raw.start_of_memory_range.get());
        let (size, offset) = (
            u64::from(raw.memory.data_size.get()),
            u64::from(raw.memory.rva.get()),
        );
        match start.checked_add(size) {
            Some(_) => push(&mut out.list, MemoryRange { start, size, offset }),
            None => wraps = wraps.saturating_add(1),
        }
    })?;
    if wraps > 0 {
        out.damage.push(Damage::RangesWrap {
            stream: at.kind,
            count: wraps,
        });
    }
    Ok(())
}

/// Adds a range, or lengthens the last one when both address and place continue it.
fn push(list: &mut Vec<MemoryRange>, range: MemoryRange) {
    if range.size == 0 {
        return;
    }
    if let Some(last) = list.last_mut() {
        let continues = (
            last.start.checked_add(last.size),
            last.offset.checked_add(last.size),
        ) == (Some(range.start), Some(range.offset));
        if let Some(size) = last.size.checked_add(range.size).filter(|_| continues) {
            last.size = size;
            return;
        }
    }
    list.push(range);
}

/// Sorts by address and clips what a lower range already covers; returns how many ranges that concerned.
fn put_in_order(list: &mut Vec<MemoryRange>) -> u64 {
    if list.is_sorted_by(|a, b| a.start.saturating_add(a.size) <= b.start) {
        return 0;
    }
    list.sort_by_key(|r| r.start);
    let (mut overlaps, mut covered) = (0u64, 0u64);
    list.retain_mut(|range| {
        let end = range.start.saturating_add(range.size);
        let hidden = covered.saturating_sub(range.start);
        if hidden > 0 {
            overlaps = overlaps.saturating_add(1);
            range.start = range.start.saturating_add(hidden);
            range.offset = range.offset.saturating_add(hidden);
            range.size = range.size.saturating_sub(hidden);
        }
        covered = covered.max(end);
        range.size > 0
    });
    overlaps
}

/// Sums up what lies behind the end of the file.
fn report_missing(meta: &Metadata<'_>, ranges: &mut Ranges) {
    let mut first = None;
    for range in &ranges.list {
        let present = meta.present(range.offset, range.size);
        if present < range.size {
            first = first.or(Some(range.start.saturating_add(present)));
            ranges.missing = ranges.missing.saturating_add(range.size.saturating_sub(present));
        }
    }
    if let Some(first) = first {
        ranges.damage.push(Damage::MemoryCut {
            missing: ranges.missing,
            first,
        });
    }
}
