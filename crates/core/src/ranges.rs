//! Which addresses a dump contains, and where in the file they are: an index that stays small.
//!
//! The contents of a Memory64List follow one another in the order of the list, so only the position of every 64th range
//! is held in memory; the ranges between are read from the file when one of them is needed. A list of a million ranges
//! costs 250 kB. Lists that are short, out of order or of the other kind are held whole.

use std::sync::{Mutex, PoisonError};

use crate::arch::Width;
use crate::damage::Damage;
use crate::format::MINIDUMP_MEMORY_DESCRIPTOR64;
use crate::metadata::Metadata;
use crate::recent::Recent;
use crate::source::Source;
use crate::streams::table::Table;

/// One run of addresses whose bytes the dump lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryRange {
    /// First address.
    pub start: u64,
    /// Bytes listed; a file that was cut off may hold fewer.
    pub size: u64,
    /// Where the bytes begin in the file.
    pub offset: u64,
}

impl MemoryRange {
    /// A range of a Memory64List whose contents lie at `offset`.
    pub(crate) fn of(raw: &MINIDUMP_MEMORY_DESCRIPTOR64, width: Width, offset: u64) -> MemoryRange {
        MemoryRange {
            start: width.normalise(raw.start_of_memory_range.get()),
            size: raw.data_size.get(),
            offset,
        }
    }

    /// Whether the range holds `address`.
    pub fn holds(&self, address: u64) -> bool {
        address.checked_sub(self.start).is_some_and(|offset| offset < self.size)
    }

    /// Becomes longer by the range that continues it in both address and place; `false` if `next` does not.
    fn take(&mut self, next: MemoryRange) -> bool {
        let end = self.start.checked_add(self.size).zip(self.offset.checked_add(self.size));
        let size = self.size.checked_add(next.size).filter(|_| end == Some((next.start, next.offset)));
        self.size = size.unwrap_or(self.size);
        size.is_some()
    }
}

/// How many ranges stand between two samples.
pub(crate) const SAMPLED: u64 = 64;

/// Samples whose ranges are read at once where all are wanted.
const TOGETHER: usize = 32;

/// The ranges of a dump, sorted by address and not overlapping.
#[derive(Debug)]
pub(crate) enum Index {
    /// All of them, neighbours joined.
    Whole(Vec<MemoryRange>),
    /// Every 64th of a Memory64List.
    Sampled(Samples),
}

/// A Memory64List of which every 64th range is held.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) table: Table,
    pub(crate) width: Width,
    /// Start and file offset of every 64th range.
    pub(crate) places: Vec<(u64, u64)>,
    /// The blocks that were asked for last, of 1.5 kB each: TEBs, stacks and images are asked for in turn, and again.
    pub(crate) recent: Mutex<Recent<MemoryRange, 48>>,
}

impl Index {
    /// The range that holds `address`. Fails only when the file cannot be read.
    pub(crate) fn at(&self, source: &dyn Source, address: u64) -> Result<Option<MemoryRange>, Damage> {
        match self {
            Index::Whole(list) => Ok(find(list, address)),
            Index::Sampled(samples) => {
                let after = samples.places.partition_point(|(start, _)| *start <= address);
                let Some(block) = after.checked_sub(1) else {
                    return Ok(None);
                };
                let mut recent = samples.recent.lock().unwrap_or_else(PoisonError::into_inner);
                let ranges = recent.get(block as u64, || samples.block(&Metadata::new(source), block))?;
                Ok(find(ranges, address))
            }
        }
    }

    /// Where the first range behind `address` begins. Fails only when the file cannot be read.
    pub(crate) fn next_start(&self, source: &dyn Source, address: u64) -> Result<Option<u64>, Damage> {
        let next = |list: &[MemoryRange]| {
            list.get(list.partition_point(|r| r.start <= address)).map(|range| range.start)
        };
        match self {
            Index::Whole(list) => Ok(next(list)),
            Index::Sampled(samples) => {
                let after = samples.places.partition_point(|(start, _)| *start <= address);
                let sample = samples.places.get(after).map(|(start, _)| *start);
                let Some(block) = after.checked_sub(1) else { return Ok(sample) };
                let mut recent = samples.recent.lock().unwrap_or_else(PoisonError::into_inner);
                let ranges = recent.get(block as u64, || samples.block(&Metadata::new(source), block))?;
                Ok(next(ranges).or(sample))
            }
        }
    }

    /// Every range, in order of address. Ends early when the file cannot be read.
    pub(crate) fn iter<'i>(&'i self, source: &'i dyn Source) -> Box<dyn Iterator<Item = MemoryRange> + 'i> {
        match self {
            Index::Whole(list) => Box::new(list.iter().copied()),
            Index::Sampled(samples) => {
                let blocks = (0..samples.places.len())
                    .step_by(TOGETHER)
                    .map_while(move |b| samples.blocks(&Metadata::new(source), b, TOGETHER).ok());
                Box::new(joined(blocks.flatten()))
            }
        }
    }
}

impl Samples {
    /// Reads the ranges from one sample to the next.
    fn block(&self, meta: &Metadata<'_>, index: usize) -> Result<Vec<MemoryRange>, Damage> {
        self.blocks(meta, index, 1)
    }

    /// The ranges of some samples.
    fn blocks(&self, meta: &Metadata<'_>, index: usize, count: usize) -> Result<Vec<MemoryRange>, Damage> {
        let Some((_, offset)) = self.places.get(index) else {
            return Ok(Vec::new());
        };
        let count = SAMPLED.saturating_mul(count as u64);
        let part = self.table.part((index as u64).saturating_mul(SAMPLED), count);
        let (mut list, mut offset) = (Vec::with_capacity(usize::try_from(part.count).unwrap_or(0)), *offset);
        part.for_each(meta, |raw: &MINIDUMP_MEMORY_DESCRIPTOR64| {
            let range = MemoryRange::of(raw, self.width, offset);
            push(&mut list, range);
            offset = offset.saturating_add(range.size);
        })?;
        Ok(list)
    }
}

fn find(list: &[MemoryRange], address: u64) -> Option<MemoryRange> {
    let after = list.partition_point(|r| r.start <= address);
    list.get(after.checked_sub(1)?).copied().filter(|r| r.holds(address))
}

/// Adds a range, or lengthens the last one when both address and place continue it.
pub(crate) fn push(list: &mut Vec<MemoryRange>, range: MemoryRange) {
    if range.size > 0 && !list.last_mut().is_some_and(|last| last.take(range)) {
        list.push(range);
    }
}

/// The same, of ranges that come one by one.
fn joined(ranges: impl Iterator<Item = MemoryRange>) -> impl Iterator<Item = MemoryRange> {
    let mut ranges = ranges.peekable();
    std::iter::from_fn(move || {
        let mut range = ranges.next()?;
        while ranges.next_if(|next| range.take(*next)).is_some() {}
        Some(range)
    })
}
