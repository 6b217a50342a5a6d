//! Every block of a heap, one after the other.
//!
//! Memory is read once and forward, one window at a time. At most the blocks of one subsegment are held at a time, so
//! that a heap of any size streams. A header that cannot be decoded costs only the blocks that are reached through it,
//! and is reported with the block in front of it. Layouts and their proof: docs/heaps.md.

mod key;
mod large;
mod lfh;
mod lfh_bits;
mod nt;
mod nt_lfh;
mod padding;
mod pages;
mod vs;

use super::nt::LARGE_BYTES;
use super::{Fault, FaultKind, Form, Heap, Part, PartKind};
use crate::arch::Width;
use crate::memory::Memory;
use crate::window::Window;
use nt::NtSegment;
use pages::PageSegment;
use vs::VsSubsegment;

/// Bytes that are read ahead at most.
const AHEAD: u64 = 128 << 10;

/// The allocator within the heap that a block belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Backend {
    /// An NT heap's segments.
    Nt,
    /// The low-fragmentation heap, of either kind of heap.
    Lfh,
    /// A segment heap's variable size allocator.
    Vs,
    /// A segment heap's page ranges.
    Pages,
    /// A block with memory of its own.
    Large,
}

/// Whether a block is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlockState {
    /// The program has it.
    Busy,
    /// Nobody has it. Its pages may be decommitted.
    Free,
    /// The heap has it for itself: tables, and what is left of a subsegment beside its blocks.
    Internal,
}

/// A block of a heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeapBlock {
    /// What the program was given: the first byte behind headers and padding.
    pub address: u64,
    /// Requested bytes; for a free block, the bytes from `address` to its end.
    pub size: u64,
    /// The block's first byte, its header's if it has one.
    pub start: u64,
    /// Bytes that it takes from `start` on. The blocks of a heap do not overlap, so these add up.
    pub taken: u64,
    /// The handle of its heap.
    pub heap: u64,
    /// What handed it out.
    pub backend: Backend,
    /// Whether it is in use.
    pub state: BlockState,
}

/// Something in a heap that is not as it should be, met on the way along its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockFault {
    /// Where, and what.
    pub fault: Fault,
    /// The block that lies in front of it: if something wrote beyond its end, most likely its owner did.
    pub before: Option<HeapBlock>,
}

/// Finds out what holds for all segment heaps of a process: their key, and whether blocks have padding, which large
/// blocks then have too. Reads a few blocks.
pub(super) fn settle(memory: Memory<'_>, heaps: &mut [Heap], width: Width) {
    if !heaps.iter().any(|heap| matches!(heap.form, Form::Segment(_))) {
        return;
    }
    let key = key::find(memory, heaps, width);
    for heap in heaps.iter_mut() {
        if let Form::Segment(form) = &mut heap.form {
            form.key = key;
        }
    }
    if !padding::is_padded(&BlockReader { memory, heaps }, width) {
        return;
    }
    for heap in heaps {
        if let Form::Segment(form) = &mut heap.form {
            form.padded = true;
            let layout = form.layout;
            for part in heap.parts.iter_mut().filter(|part| part.kind == PartKind::LargeBlock) {
                part.user_bytes = part.user_bytes.and_then(|bytes| {
                    let asked = bytes.saturating_sub(padding::in_front_of_large(width));
                    bytes.checked_sub(padding::of_large(memory, layout, part.base, asked))
                });
            }
        }
    }
}

/// Reads the blocks of a process's heaps.
#[derive(Debug, Clone)]
pub struct BlockReader<'d, 'h> {
    memory: Memory<'d>,
    heaps: &'h [Heap],
}

impl<'d, 'h> BlockReader<'d, 'h> {
    /// For the heaps that [`super::walk`] found in this memory.
    pub fn new(memory: Memory<'d>, heaps: &'h [Heap]) -> BlockReader<'d, 'h> {
        BlockReader { memory: memory.unnoted(), heaps }
    }

    /// The blocks of one of the heaps, in the order of the addresses of its parts, and within a part in order of
    /// address. The rest of a subsegment follows its blocks.
    pub fn blocks(&self, heap: &'h Heap) -> Blocks<'d, 'h> {
        self.blocks_of(heap, heap.parts.clone())
    }

    /// The blocks of some parts of a heap, in order of address; see [`BlockReader::blocks`].
    pub fn blocks_in(&self, heap: &'h Heap, parts: &[Part]) -> Blocks<'d, 'h> {
        self.blocks_of(heap, parts.to_vec())
    }

    /// Reads the part of a heap that contains an address again, so that [`crate::Dump::record_reads`] records it. A
    /// dump that contains only the recorded memory then gives the same answer.
    pub fn note(&self, heap: &'h Heap, address: u64) {
        let holds = |part: &&Part| (part.base..part.end).contains(&address);
        if let Some(part) = heap.parts.iter().find(holds) {
            let noted = BlockReader { memory: self.memory.noted(), heaps: self.heaps };
            noted.blocks_of(heap, vec![*part]).for_each(drop);
        }
    }

    fn blocks_of(&self, heap: &'h Heap, mut parts: Vec<Part>) -> Blocks<'d, 'h> {
        parts.sort_unstable_by_key(|part| std::cmp::Reverse((part.base, part.end)));
        let large = parts.iter().filter(|part| part.kind == PartKind::LargeBlock);
        self.memory.read_ahead(large.map(|part| (part.base, LARGE_BYTES)));
        Blocks {
            heap,
            memory: self.memory,
            window: Window::new(self.memory, AHEAD),
            parts,
            reach: 0,
            work: Vec::new(),
            ready: Vec::new(),
            given: 0,
            last: None,
            faults: Vec::new(),
        }
    }

    /// The block that holds an address, its header and its tail counted to it.
    pub fn at(&self, address: u64) -> Option<HeapBlock> {
        let holds = |part: &Part| (part.base..part.end).contains(&address);
        // A header may lie in a segment of the heap for metadata: the smaller part is the one that counts.
        let parts = self.heaps.iter().flat_map(|heap| heap.parts.iter().map(move |part| (heap, part)));
        let inside = parts.filter(|(_, part)| holds(part));
        let (heap, part) = inside.min_by_key(|(_, part)| part.end.saturating_sub(part.base))?;
        let mut blocks = self.blocks_of(heap, vec![*part]);
        let mut around = None;
        for block in &mut blocks {
            let end = block.start.saturating_add(block.taken);
            if (block.start..end).contains(&address) {
                if block.state != BlockState::Internal {
                    return Some(block);
                }
                around = around.or(Some(block));
            }
            if around.is_none() && block.start > address && block.backend == Backend::Nt {
                break;
            }
        }
        around
    }
}

/// The blocks of a heap. See [`BlockReader::blocks`].
#[derive(Debug)]
pub struct Blocks<'d, 'h> {
    heap: &'h Heap,
    memory: Memory<'d>,
    window: Window<'d>,
    /// Parts to come, the last one next.
    parts: Vec<Part>,
    /// How far the parts before reach: one that overlaps them is damaged, and left out.
    reach: u64,
    work: Vec<Work<'h>>,
    ready: Vec<HeapBlock>,
    given: usize,
    /// The last block in use of those that were ready before.
    last: Option<HeapBlock>,
    faults: Vec<BlockFault>,
}

/// A part of a part that is being walked.
#[derive(Debug)]
enum Work<'h> {
    Nt(NtSegment),
    Pages(PageSegment<'h>),
    Vs(VsSubsegment<'h>),
}

/// Blocks after which a walk along a chain pauses.
const BATCH: usize = 1024;

impl Iterator for Blocks<'_, '_> {
    type Item = HeapBlock;

    #[inline]
    fn next(&mut self) -> Option<HeapBlock> {
        loop {
            if let Some(block) = self.ready.get(self.given) {
                self.given = self.given.wrapping_add(1);
                return Some(*block);
            }
            self.last = self.last_busy();
            self.ready.clear();
            self.given = 0;
            if !self.refill() {
                return None;
            }
        }
    }
}

impl Blocks<'_, '_> {
    /// What was wrong on the way so far; of many faults the first are kept.
    pub fn faults(&self) -> &[BlockFault] {
        &self.faults
    }

    fn fault(&mut self, at: u64, what: FaultKind) {
        const MOST: usize = 64;
        if self.faults.len() < MOST {
            self.faults.push(BlockFault { fault: Fault { at, what }, before: self.last_busy() });
        }
    }

    fn last_busy(&self) -> Option<HeapBlock> {
        self.ready.iter().rev().find(|block| block.state == BlockState::Busy).copied().or(self.last)
    }

    fn unreadable(&mut self, at: u64) {
        let why = self.memory.why_absent(at);
        self.fault(at, FaultKind::Unreadable(why));
    }

    #[inline]
    fn push(&mut self, block: HeapBlock) {
        let block = if self.heap.is_metadata && block.state == BlockState::Busy {
            HeapBlock { state: BlockState::Internal, ..block }
        } else {
            block
        };
        self.ready.push(block);
    }

    /// Goes on with what is being walked, or begins the next part; `false` when there is none.
    fn refill(&mut self) -> bool {
        match self.work.pop() {
            Some(Work::Nt(segment)) => self.nt_segment(segment),
            Some(Work::Pages(segment)) => self.page_segment(segment),
            Some(Work::Vs(subsegment)) => self.vs_subsegment(subsegment),
            None => {
                let Some(part) = self.parts.pop() else { return false };
                if part.base >= self.reach {
                    self.reach = part.end;
                    self.part(&part);
                }
            }
        }
        true
    }

    fn part(&mut self, part: &Part) {
        let heap = self.heap;
        let is_header = heap.handle == part.by;
        self.last = None;
        match (&heap.form, part.kind) {
            (Form::Nt(form), PartKind::Segment) => self.begin_nt_segment(part, form),
            (Form::Nt(form), PartKind::LargeBlock) => self.nt_large(part, form),
            (Form::Segment(form), PartKind::Segment) if !is_header => self.begin_page_segment(part, form),
            (Form::Segment(form), PartKind::LargeBlock) => self.large(part, form),
            _ => {}
        }
    }

    /// Bytes of a block's header, and the unit of sizes.
    fn granule(&self) -> u64 {
        self.heap.width.pick(8, 16)
    }
}
