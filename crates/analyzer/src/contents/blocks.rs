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
use super::plan::next;
use super::vftables::{Candidates, Objects};
use crate::process::Process;
use crate::space::Owner;

/// Sizes that are told apart; blocks of others are counted together.
const MOST_SIZES: usize = 1 << 16;
/// Sizes of which some blocks are remembered, to be looked at.
const MOST_LOOKED_AT: usize = 1 << 12;
/// Blocks of a size that are remembered.
pub(super) const EXAMPLES: usize = 32;
/// Faults that are told.
const MOST_FAULTS: usize = 16;

/// What the blocks of some parts add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) busy: u64,
    pub(super) free: u64,
    /// By size: how many.
    pub(super) sizes: HashMap<u64, u64>,
    /// Blocks and bytes of sizes that are not told apart.
    pub(super) others: (u64, u64),
    pub(super) objects: Objects,
}

/// What was read of the heaps.
#[derive(Debug, Default)]
pub(super) struct HeapsRead {
    /// Large blocks, all of them, and segments whose blocks were read, one tally for each heap.
    pub(super) heaps: Vec<HeapRead>,
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

/// What was read of one heap.
#[derive(Debug, Default)]
pub(super) struct HeapRead {
    /// Of segments, and of large blocks, which are all read.
    pub(super) segments: Tally,
    pub(super) large: Tally,
    /// Committed bytes of segments: what there is, and what was read.
    pub(super) read: Read,
    /// Bytes in use, free, and behind what could not be read, by segment.
    pub(super) busy: Sums,
    pub(super) free: Sums,
    pub(super) unread: Sums,
    /// Committed bytes of large blocks that could not be read.
    pub(super) large_unread: u64,
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
        } else {
            self.others = (self.others.0 + 1, self.others.1.saturating_add(size));
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
    let all: u64 = segments.fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes));
    let mut walk = Walk {
        candidates: reading.candidates,
        near: Window::new(memory, AHEAD),
        examples: HashMap::new(),
        faults: Vec::new(),
    };
    let (mut state, mut found) = (reading.seed, Vec::new());
    for ((index, heap), sizes) in heaps.iter().enumerate().zip(&sizes) {
        let mut one = HeapRead::default();
        for (part, bytes) in heap.parts.iter().zip(sizes) {
            if part.kind != PartKind::Segment {
                let [.., unread] = walk.part(&reader, (index, heap), (part, *bytes), &mut one.large);
                one.large_unread = one.large_unread.saturating_add(unread);
                continue;
            }
            one.read.units += 1;
            one.read.bytes = one.read.bytes.saturating_add(*bytes);
            if all > reading.most && next(&mut state) % all >= reading.most {
                continue;
            }
            let [busy, free, unread] = walk.part(&reader, (index, heap), (part, *bytes), &mut one.segments);
            one.read.add(*bytes);
            one.busy.add(busy, *bytes);
            one.free.add(free, *bytes);
            one.unread.add(unread, *bytes);
        }
        found.push(one);
    }
    HeapsRead { heaps: found, examples: walk.examples, faults: walk.faults }
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
