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
use super::draw::Draw;
use super::tally::{Examples, HeapRead, HeapsRead, Tally};
use super::vftables::Candidates;
use crate::process::Process;
use crate::space::Owner;

/// Sizes of which some blocks are remembered, to be looked at.
const MOST_LOOKED_AT: usize = 1 << 12;
/// Faults that are reported.
const MOST_FAULTS: usize = 16;

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
