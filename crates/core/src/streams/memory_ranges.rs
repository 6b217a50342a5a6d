//! Memory64ListStream (9) and MemoryListStream (5): which addresses the dump keeps, and where in the file.

use std::sync::Mutex;

use super::ranges_shared;
use super::table::{self, Table};
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::{MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64, MINIDUMP_MEMORY64_LIST};
use crate::metadata::Metadata;
use crate::ranges::{Index, MemoryRange, SAMPLED, Samples, push};
use crate::vocabulary::StreamType;

/// Shorter lists are held whole: 64 ranges are read again for each of them that is asked for.
const WORTH_SAMPLING: u64 = 2 << 10;

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
    sampled.unwrap_or_else(|| {
        let mut ranges = whole(meta, &lists, width);
        if let Index::Whole(list) = &ranges.index {
            ranges.damage.extend(ranges_shared::find(&taken, list));
        }
        ranges
    })
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

/// A long Memory64List that is as it should be, in little memory; `None` for any other.
fn sampled(meta: &Metadata<'_>, at: &StreamLocation, width: Width, taken: &[(u64, u64)]) -> Option<Ranges> {
    let mut damage = Vec::new();
    let (table, base_rva) = memory64_table(meta, at, &mut damage).ok()?;
    if at.kind != StreamType::MEMORY64_LIST || table.count < WORTH_SAMPLING || !damage.is_empty() {
        return None;
    }
    let size = meta.size();
    let mut sampler = Sampler { offset: base_rva, regular: true, ..Sampler::default() };
    // Two loops: addresses of 64 bits need no second look.
    table
        .chunks(meta, |entries| match width {
            Width::Bits64 => sampler.add(entries, size, |raw, at| MemoryRange::of(raw, Width::Bits64, at)),
            Width::Bits32 => sampler.add(entries, size, |raw, at| MemoryRange::of(raw, Width::Bits32, at)),
        })
        .ok()?;
    if !sampler.regular || ranges_shared::is_taken(taken, base_rva, sampler.offset) {
        return None;
    }
    let listed = sampler.offset.saturating_sub(base_rva);
    let missing = sampler.offset.saturating_sub(size.max(base_rva));
    damage.extend(sampler.first_missing.map(|first| Damage::MemoryCut { missing, first }));
    damage.extend(surplus(meta, at, sampler.offset));
    let samples = Samples { table, width, places: sampler.places, recent: Mutex::default() };
    Some(Ranges { index: Index::Sampled(samples), listed, missing, damage })
}

/// Goes through a Memory64List and keeps every 64th place.
#[derive(Default)]
struct Sampler {
    places: Vec<(u64, u64)>,
    /// How many ranges there were.
    count: u64,
    /// First address behind the last range.
    behind: u64,
    /// Where its contents end in the file.
    offset: u64,
    /// The first address whose byte lies behind the end of the file.
    first_missing: Option<u64>,
    /// Whether each range lies behind the one before, and nothing wraps.
    regular: bool,
}

impl Sampler {
    /// Adds ranges, in a file of `size` bytes; `decode` makes a range of an entry and the offset of its contents.
    #[inline(never)] // a loop of its own stays in registers
    fn add<E>(&mut self, entries: &[E], size: u64, decode: impl Fn(&E, u64) -> MemoryRange) {
        let (mut behind, mut offset, mut count) = (self.behind, self.offset, self.count);
        for entry in entries {
            let range = decode(entry, offset);
            let (end, next) = (range.start.checked_add(range.size), offset.checked_add(range.size));
            let (Some(end), Some(next), true) = (end, next, range.start >= behind) else {
                self.regular = false;
                break;
            };
            if count & SAMPLED.wrapping_sub(1) == 0 {
                self.places.push((range.start, offset));
            }
            if next > size && self.first_missing.is_none() {
                self.first_missing = Some(range.start.saturating_add(size.saturating_sub(offset)));
            }
            (behind, offset, count) = (end, next, count.wrapping_add(1));
        }
        (self.behind, self.offset, self.count) = (behind, offset, count);
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
    let table = Table::fit(at, before, stride, listed, u64::from(u32::MAX), damage);
    Ok((table, header.base_rva.get()))
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
    let mut wraps = 0u64;
    table.for_each(meta, |raw: &MINIDUMP_MEMORY_DESCRIPTOR| {
        let start = width.normalise(raw.start_of_memory_range.get());
        let (size, offset) = (u64::from(raw.memory.data_size.get()), u64::from(raw.memory.rva.get()));
        match start.checked_add(size) {
            Some(_) => push(list, MemoryRange { start, size, offset }),
            None => wraps = wraps.saturating_add(1),
        }
    })?;
    damage.extend(wrapped(at, wraps));
    Ok(())
}

/// Ranges that reach into a lower one.
#[derive(Default)]
struct Overlaps {
    count: u64,
    /// Those of them that have other bytes for the same addresses.
    differ: u64,
    /// Where the first of these begins.
    first: u64,
}

/// Bytes of ranges that overlap which are compared, in all.
const COMPARED: u64 = 4 << 20;

/// Sorts by address and clips what a lower range already covers.
fn put_in_order(meta: &Metadata<'_>, list: &mut Vec<MemoryRange>) -> Overlaps {
    let mut overlaps = Overlaps::default();
    if list.is_sorted_by(|a, b| a.start.saturating_add(a.size) <= b.start) {
        return overlaps;
    }
    list.sort_by_key(|r| r.start);
    let (mut covered, mut left) = (0u64, COMPARED);
    let mut cover: Option<MemoryRange> = None;
    list.retain_mut(|range| {
        let end = range.start.saturating_add(range.size);
        let hidden = covered.saturating_sub(range.start);
        if hidden > 0 {
            overlaps.count = overlaps.count.saturating_add(1);
            let size = hidden.min(range.size);
            if cover.is_some_and(|cover| differ(meta, &cover, range, size, &mut left)) {
                overlaps.first = if overlaps.differ == 0 { range.start } else { overlaps.first };
                overlaps.differ = overlaps.differ.saturating_add(1);
            }
        }
        if end > covered {
            (covered, cover) = (end, Some(*range));
        }
        if hidden > 0 {
            range.start = range.start.saturating_add(hidden);
            range.offset = range.offset.saturating_add(hidden);
            range.size = range.size.saturating_sub(hidden);
        }
        range.size > 0
    });
    overlaps
}

/// Whether the first `size` bytes of a range are other ones than those of the range that covers them. What the file does
/// not hold, or what is too much, is not compared.
fn differ(meta: &Metadata<'_>, cover: &MemoryRange, range: &MemoryRange, size: u64, left: &mut u64) -> bool {
    let below = cover.offset.saturating_add(range.start.saturating_sub(cover.start));
    let Some(rest) = left.checked_sub(size).filter(|_| below != range.offset) else { return false };
    *left = rest;
    let bytes = |offset: u64| meta.bytes(offset, size).ok().flatten();
    bytes(below).zip(bytes(range.offset)).is_some_and(|(a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use dumplens_synth::damage::Random;

    use super::*;

    const RANGES: u64 = 3000;
    const CONTENTS: u64 = 16 + 16 * RANGES;

    /// A Memory64List and its contents: ranges of up to 40 bytes, half of which touch the one before; and changed
    /// places of it.
    fn file(numbers: &mut Random, changes: u64) -> Vec<u8> {
        let mut fields = vec![RANGES, CONTENTS];
        let (mut start, mut end) = (0x1_0000, CONTENTS);
        for _ in 0..RANGES {
            start += 0x30 * numbers.below(2);
            let size = numbers.below(41);
            fields.extend([start, size]);
            (start, end) = (start + size, end + size);
        }
        for _ in 0..changes {
            let at = 1 + usize::try_from(numbers.below(2 * RANGES)).unwrap();
            fields[at] = match numbers.below(4) {
                0 => u64::MAX - numbers.below(0x2000),
                1 => numbers.below(0x10_0000),
                _ => fields[at].wrapping_add(numbers.below(0x40)),
            };
        }
        let mut bytes: Vec<u8> = fields.into_iter().flat_map(u64::to_le_bytes).collect();
        let cut = if numbers.below(3) == 0 { numbers.below(end / 2) } else { 0 };
        bytes.resize(usize::try_from(end - cut).unwrap(), 0);
        bytes
    }

    /// Whether a list is held in samples or whole, it gives the same answers.
    #[test]
    fn samples_answer_as_the_whole_list_does() {
        let (mut numbers, mut compared, mut cut) = (Random::new(7), 0, 0);
        for round in 0..200 {
            let source = file(&mut numbers, round % 4);
            let meta = Metadata::new(&source);
            let present = meta.present(0, CONTENTS);
            let at = StreamLocation { kind: StreamType::MEMORY64_LIST, rva: 0, size: CONTENTS, present };
            let Some(sampled) = sampled(&meta, &at, Width::Bits64, &[]) else { continue };
            let whole = whole(&meta, &[&at], Width::Bits64);
            assert_eq!((sampled.listed, sampled.missing), (whole.listed, whole.missing));
            assert_eq!(sampled.damage, whole.damage);
            assert!(sampled.index.iter(&source).eq(whole.index.iter(&source)));
            for _ in 0..100 {
                let address = 0xff00 + numbers.below(0x3_0000);
                let place = |ranges: &Ranges| {
                    let range = ranges.index.at(&source, address).unwrap()?;
                    Some(range.offset + (address - range.start))
                };
                assert_eq!(place(&sampled), place(&whole), "{address:#x}");
            }
            compared += 1;
            cut += u32::from(sampled.missing > 0);
        }
        assert!(compared > 50 && cut > 10, "{compared} lists were held in samples, {cut} of them cut off");
    }
}
