//! A long list, held in samples.

use std::sync::Mutex;

use super::{Ranges, memory64_table, surplus};
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::metadata::Metadata;
use crate::ranges::{Index, MemoryRange, SAMPLED, Samples};
use crate::streams::ranges_shared;
use crate::vocabulary::StreamType;

/// Shorter lists are held whole: 64 ranges are read again for each of them that is asked for.
const WORTH_SAMPLING: u64 = 2 << 10;

/// A long Memory64List that is as it should be, in little memory; `None` for any other.
pub(super) fn sampled(
    meta: &Metadata<'_>,
    at: &StreamLocation,
    width: Width,
    taken: &[(u64, u64)],
) -> Option<Ranges> {
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

#[cfg(test)]
mod tests {
    use dumplens_synth::damage::Random;

    use super::super::whole;
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
