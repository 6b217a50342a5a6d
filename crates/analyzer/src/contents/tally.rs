//! What the blocks of heaps add up to: bytes by use, blocks by size, objects by vftable.

use std::collections::HashMap;

use super::draw::next;
use super::estimate::{Read, Sums};
use super::vftables::{self, Objects};

/// Sizes that are counted separately.
const MOST_SIZES: usize = 1 << 16;
/// Blocks of a size that are remembered.
const EXAMPLES: usize = 32;

/// What the blocks of some parts add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Bytes in use, and free.
    pub(super) busy: u64,
    pub(super) free: u64,
    /// By size: how many.
    pub(super) sizes: HashMap<u64, u64>,
    pub(super) objects: Objects,
}

/// The same of segments, each of them a unit that may have been drawn.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    /// Of all heaps.
    pub(super) read: Read,
    /// By size: how many.
    pub(super) sizes: HashMap<u64, Sums>,
    /// By vftable: how many, and their bytes.
    pub(super) objects: HashMap<u64, (Sums, Sums)>,
}

impl Sampled {
    /// Adds what was counted in a segment with this many committed bytes.
    pub(super) fn take(&mut self, tally: &mut Tally, bytes: u64) {
        self.read.add(bytes);
        for (size, count) in tally.sizes.drain() {
            if self.sizes.len() < MOST_SIZES || self.sizes.contains_key(&size) {
                self.sizes.entry(size).or_default().add(count, bytes);
            }
        }
        for (word, (count, size)) in tally.objects.of.drain() {
            if self.objects.len() < vftables::MOST || self.objects.contains_key(&word) {
                let (counts, sizes) = self.objects.entry(word).or_default();
                counts.add(count, bytes);
                sizes.add(size, bytes);
            }
        }
    }
}

/// What was read of the heaps.
#[derive(Debug, Default)]
pub(super) struct HeapsRead {
    /// Bytes by use, one tally for each heap.
    pub(super) heaps: Vec<HeapRead>,
    /// The blocks of segments.
    pub(super) segments: Sampled,
    /// Large blocks, all of them.
    pub(super) large: Tally,
    /// Blocks of each size, some of them, by heap.
    pub(super) examples: HashMap<u64, Examples>,
    pub(super) faults: Vec<String>,
}

/// Some blocks of a size.
#[derive(Debug, Default, Clone)]
pub(super) struct Examples {
    seen: u64,
    /// Heap, by its index, and the program's address.
    pub(super) list: Vec<(usize, u64)>,
}

/// What was read of one heap, or of all of them.
#[derive(Debug, Default)]
pub(super) struct HeapRead {
    /// Committed bytes of segments: what there is, and what was read.
    pub(super) read: Read,
    /// Bytes in use, free, and behind what could not be read, by segment.
    pub(super) busy: Sums,
    pub(super) free: Sums,
    pub(super) unread: Sums,
    /// The same of large blocks, which are all read.
    pub(super) large: [u64; 3],
}

impl HeapRead {
    fn join(&mut self, other: &HeapRead) {
        self.read.bytes = self.read.bytes.saturating_add(other.read.bytes);
        self.read.units += other.read.units;
        self.read.join(&other.read);
        self.busy.join(&other.busy);
        self.free.join(&other.free);
        self.unread.join(&other.unread);
        self.large = std::array::from_fn(|n| self.large[n].saturating_add(other.large[n]));
    }
}

impl HeapsRead {
    /// Whether all segments were read.
    pub(super) fn is_whole(&self) -> bool {
        self.segments.read.done == self.segments.read.units
    }

    /// All heaps as one.
    pub(super) fn together(&self) -> HeapRead {
        let mut all = HeapRead::default();
        self.heaps.iter().for_each(|heap| all.join(heap));
        all
    }
}

impl Examples {
    /// Keeps each block of a size with the same chance.
    pub(super) fn add(&mut self, heap: usize, address: u64) {
        self.seen += 1;
        if self.list.len() < EXAMPLES {
            self.list.push((heap, address));
            return;
        }
        let mut state = address ^ self.seen;
        let place = next(&mut state) % self.seen;
        if let Some(held) = usize::try_from(place).ok().and_then(|place| self.list.get_mut(place)) {
            *held = (heap, address);
        }
    }
}

impl Tally {
    /// Counts a block of a size.
    pub(super) fn size(&mut self, size: u64) {
        if self.sizes.len() < MOST_SIZES || self.sizes.contains_key(&size) {
            *self.sizes.entry(size).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::estimate::figure;

    /// Segments of 1 to 16 MB, filled with blocks of one size to a share of their own; each is drawn with the same chance,
    /// so that some 60 of 300 are read.
    #[test]
    fn intervals_of_blocks_hold_the_truth() {
        let mut state = 7;
        let mut random = |below: u64| next(&mut state) % below;
        let segments: Vec<(u64, u64)> = (0..300)
            .map(|_| ((1 + random(16)) << 20, 30 + random(60)))
            .map(|(bytes, share)| (bytes, bytes / 64 * share / 100))
            .collect();
        let truth: u64 = segments.iter().map(|(_, blocks)| blocks).sum();
        let mut holds = 0;
        for _ in 0..200 {
            let mut sampled = Sampled::default();
            for (bytes, blocks) in &segments {
                sampled.read.units += 1;
                sampled.read.bytes += bytes;
                if random(5) == 0 {
                    let mut tally = Tally { sizes: HashMap::from([(48, *blocks)]), ..Tally::default() };
                    sampled.take(&mut tally, *bytes);
                }
            }
            let found = figure([(&sampled.sizes[&48], &sampled.read)].into_iter());
            holds += u32::from(found.margin.is_some_and(|margin| found.value.abs_diff(truth) <= margin));
        }
        assert!((180..=199).contains(&holds), "{holds} of 200");
    }
}
