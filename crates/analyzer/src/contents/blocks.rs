//! The blocks of the heaps: by size, by the class of their first word, in use or free.
//!
//! What proves it: the heaps' own structures (docs/heaps.md). An object is a block in use, on a pointer's boundary and large
//! enough to hold a pointer, whose first word may be a vftable's address: one object a block, with the bytes that were asked
//! for. A base's vftable farther on never adds.
//! What fools it: an object inside another, or in an array, is no block; a block whose object was destroyed, but which
//! was not freed, keeps its last class.

use std::collections::HashMap;

use dumplens_core::Window;
use dumplens_core::process::heap::{BlockReader, BlockState, Heap, HeapBlock, Part, PartKind};

use super::AHEAD;
use super::committed::Committed;
use super::estimate::{Read, Sums};
use super::plan::{Draw, next};
use super::vftables::{self, Candidates, Objects};
use crate::process::Process;
use crate::space::Owner;

/// Sizes that are counted separately.
const MOST_SIZES: usize = 1 << 16;
/// Sizes of which some blocks are remembered, to be looked at.
const MOST_LOOKED_AT: usize = 1 << 12;
/// Blocks of a size that are remembered.
pub(super) const EXAMPLES: usize = 32;
/// Faults that are reported.
const MOST_FAULTS: usize = 16;

/// What the blocks of some parts add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    busy: u64,
    free: u64,
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
    fn take(&mut self, tally: &mut Tally, bytes: u64) {
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
    fn add(&mut self, heap: usize, address: u64) {
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
    fn size(&mut self, size: u64) {
        if self.sizes.len() < MOST_SIZES || self.sizes.contains_key(&size) {
            *self.sizes.entry(size).or_default() += 1;
        }
    }
}

/// What the heaps are read by.
pub(super) struct Reading<'r, 'd> {
    pub(super) process: &'r Process<'d>,
    pub(super) candidates: &'r Candidates<'r>,
    /// Committed bytes of segments that are read; where there are more, some are drawn.
    pub(super) most: u64,
    pub(super) seed: u64,
}

/// Reads the blocks of all heaps: all large ones, and those of segments as far as the budget reaches.
pub(super) fn read(reading: &Reading<'_, '_>) -> HeapsRead {
    let heaps = &reading.process.heaps.list;
    let memory = reading.process.dump.memory().unnoted();
    let reader = BlockReader::new(memory, heaps);
    let sums = Committed::new(&reading.process.space);
    let sizes = |index: usize, heap: &Heap| -> Vec<u64> {
        heap.parts.iter().map(|part| committed(reading.process, &sums, index, part)).collect()
    };
    let sizes: Vec<Vec<u64>> = heaps.iter().enumerate().map(|(index, heap)| sizes(index, heap)).collect();
    let parts = heaps.iter().zip(&sizes).flat_map(|(heap, sizes)| heap.parts.iter().zip(sizes));
    let segments = parts.filter(|(part, _)| part.kind == PartKind::Segment);
    let (count, all) =
        segments.fold((0u64, 0u64), |(n, sum), (_, bytes)| (n + 1, sum.saturating_add(*bytes)));
    let wanted = u128::from(count) * u128::from(reading.most) / u128::from(all.max(1));
    let mut draw = Draw::new(count, u64::try_from(wanted).unwrap_or(count).clamp(1, count.max(1)));
    let mut walk = Walk {
        candidates: reading.candidates,
        near: Window::new(memory, AHEAD),
        examples: HashMap::new(),
        faults: Vec::new(),
    };
    let (mut state, mut found) = (reading.seed, HeapsRead::default());
    let mut tally = Tally::default();
    for ((index, heap), sizes) in heaps.iter().enumerate().zip(&sizes) {
        let mut one = HeapRead::default();
        for (part, bytes) in heap.parts.iter().zip(sizes) {
            if part.kind != PartKind::Segment {
                let more = walk.part(&reader, (index, heap), (part, *bytes), &mut found.large);
                one.large = std::array::from_fn(|n| one.large[n].saturating_add(more[n]));
                continue;
            }
            one.read.units += 1;
            one.read.bytes = one.read.bytes.saturating_add(*bytes);
            if !draw.takes(&mut state) {
                continue;
            }
            let [busy, free, unread] = walk.part(&reader, (index, heap), (part, *bytes), &mut tally);
            found.segments.take(&mut tally, *bytes);
            one.read.add(*bytes);
            one.busy.add(busy, *bytes);
            one.free.add(free, *bytes);
            one.unread.add(unread, *bytes);
        }
        found.segments.read.units += one.read.units;
        found.segments.read.bytes = found.segments.read.bytes.saturating_add(one.read.bytes);
        found.heaps.push(one);
    }
    HeapsRead { examples: walk.examples, faults: walk.faults, ..found }
}

/// What is carried from part to part.
struct Walk<'r, 'd> {
    candidates: &'r Candidates<'r>,
    near: Window<'d>,
    examples: HashMap<u64, Examples>,
    faults: Vec<String>,
}

impl<'d> Walk<'_, 'd> {
    /// Reads the blocks of a part; bytes of it in use, free, and behind what could not be read.
    fn part<'h>(
        &mut self,
        reader: &BlockReader<'d, 'h>,
        (index, heap): (usize, &'h Heap),
        (part, committed): (&Part, u64),
        tally: &mut Tally,
    ) -> [u64; 3] {
        let (before, mut seen) = ((tally.busy, tally.free), 0u64);
        let mut blocks = reader.blocks_in(heap, std::slice::from_ref(part));
        for block in blocks.by_ref() {
            seen = seen.saturating_add(block.taken);
            self.block(&block, (index, heap), tally);
        }
        // Without a fault, what is in no block is the heap's own.
        let unread = if blocks.faults().is_empty() { 0 } else { committed.saturating_sub(seen) };
        let faults = blocks.faults().iter().map(|fault| format!("heap {:#x}: {}", heap.handle, fault.fault));
        let room = MOST_FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(faults.take(room));
        [tally.busy - before.0, tally.free - before.1, unread]
    }

    fn block(&mut self, block: &HeapBlock, (index, heap): (usize, &Heap), tally: &mut Tally) {
        match block.state {
            BlockState::Internal => return,
            BlockState::Free => {
                tally.free = tally.free.saturating_add(block.taken);
                return;
            }
            BlockState::Busy => {}
        }
        tally.busy = tally.busy.saturating_add(block.size);
        tally.size(block.size);
        let (width, word) = (heap.width, heap.width.bytes() as u64);
        if self.examples.len() < MOST_LOOKED_AT || self.examples.contains_key(&block.size) {
            self.examples.entry(block.size).or_default().add(index, block.address);
        }
        if block.size < word || !block.address.is_multiple_of(word) {
            return;
        }
        let first = self.near.word(block.address, width);
        if let Some(first) = first.filter(|first| self.candidates.hold(*first, width)) {
            tally.objects.add(first, block.size);
        }
    }
}

/// Committed bytes of a part of a heap that are its own.
fn committed(process: &Process<'_>, sums: &Committed<'_, '_>, index: usize, part: &Part) -> u64 {
    let owned = process.space.span_at(part.base).is_some_and(|span| span.owner == Owner::Heap(index));
    if owned { sums.between(part.base, part.end) } else { 0 }
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
