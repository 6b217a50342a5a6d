//! Heaps, walked without symbols: which addresses belong to which heap, and how that is known.
//!
//! ```text
//! PEB.ProcessHeaps, descriptor chain ──> handles ── nt ──────> segments, large blocks, front end
//!                                                └─ segment ─> page segments, large blocks, header
//! ```
//!
//! Offsets, and on which builds of Windows they were confirmed: docs/heaps.md. A list that is broken costs what lies
//! behind the break and cannot be reached from its other end; everything found stays, and the break is a [`Fault`].
//! [`BlockReader`] goes on from here: every block of a heap, one after the other.

mod blocks;
mod descriptors;
mod extents;
mod fault;
mod hidden;
mod list;
mod model;
mod nt;
mod nt_entry;
mod nt_layout;
mod roots;
mod segment;
mod segment_choice;
mod segment_layout;
mod tree;
mod unlisted;

use crate::arch::Width;
use crate::limits;
use crate::memory::{Absence, Memory};
use crate::process::Peb;
use crate::process::block::Block;
use crate::regions::Regions;
pub use blocks::{Backend, BlockFault, BlockReader, BlockState, Blocks, HeapBlock};
use extents::Extents;
pub use fault::{Fault, FaultKind};
use model::Form;
pub use model::{Heap, HeapCounters, HeapKind, Heaps, LayoutBasis, Part, PartKind};

/// The build whose heap code a build has: later updates of Windows 10 and 11 switch features on and leave the code as
/// it was.
fn family(build: u32) -> u32 {
    match build {
        18363 => 18362,
        19042..=19045 => 19041,
        26200 => 26100,
        other => other,
    }
}

/// Walks the heaps that a PEB lists.
///
/// `map` is the process's memory map, sorted and without overlaps; `build` the Windows build, which decides between
/// layouts where the bytes do not. Never fails: what cannot be reached is a fault.
pub fn walk(memory: Memory<'_>, map: &Regions, peb: &Peb, build: Option<u32>) -> Heaps {
    let mut heaps = Heaps::default();
    let mut walker = Walker {
        memory,
        map,
        extents: Extents::new(map),
        width: peb.width,
        build,
        steps: STEPS,
        read_ahead: false,
    };
    let roots = roots::find(&mut walker, peb, &mut heaps.faults);
    for (index, handle) in roots.into_iter().enumerate() {
        heaps.list.push(walker.heap(handle, index));
    }
    if heaps.list.iter().any(|heap| heap.kind == HeapKind::Nt && heap.misses_segments()) {
        nt::scan(&mut walker, &mut heaps.list);
    }
    hidden::find(&mut walker, &mut heaps.list);
    blocks::settle(memory, &mut heaps.list, peb.width);
    segments_first(&mut heaps.list);
    heaps
}

/// Drops front ends and large blocks that lie in a segment, of the same heap or of another: a segment says itself what
/// it is.
fn segments_first(heaps: &mut [Heap]) {
    let all = heaps.iter().flat_map(|heap| &heap.parts);
    let mut segments: Vec<(u64, u64)> =
        all.filter(|part| part.kind == PartKind::Segment).map(|part| (part.base, part.end)).collect();
    segments.sort_unstable();
    // The farthest end of this segment and all below it, since those of a damaged heap may overlap.
    let mut reach = 0;
    for (_, end) in &mut segments {
        reach = reach.max(*end);
        *end = reach;
    }
    for heap in heaps {
        let overlaps = |part: &Part| {
            let below = segments.partition_point(|(base, _)| *base < part.end);
            let nearest = below.checked_sub(1).and_then(|n| segments.get(n));
            part.kind != PartKind::Segment && nearest.is_some_and(|(_, end)| *end > part.base)
        };
        let (dropped, kept): (Vec<Part>, _) = std::mem::take(&mut heap.parts).into_iter().partition(overlaps);
        heap.parts = kept;
        for part in dropped {
            heap.fault(part.by, FaultKind::InSegment);
        }
    }
}

/// Entries of lists and nodes of trees that are followed in all: each costs a read of the file.
const STEPS: u32 = limits::HEAP_STEPS;

/// What a walk needs.
struct Walker<'d, 'r> {
    memory: Memory<'d>,
    map: &'r Regions,
    extents: Extents<'r>,
    width: Width,
    build: Option<u32>,
    /// How many more entries may be followed.
    steps: u32,
    /// Whether large blocks were read ahead.
    read_ahead: bool,
}

impl<'d> Walker<'d, '_> {
    fn heap(&mut self, handle: u64, index: usize) -> Heap {
        let mut heap = Heap::new(handle, self.width, index);
        if !handle.is_multiple_of(PAGE) {
            heap.fault(handle, FaultKind::BadHandle);
            return heap;
        }
        match self.kind(handle) {
            Ok(HeapKind::Nt) => nt::walk(self, &mut heap),
            Ok(HeapKind::Segment) => segment::walk(self, &mut heap),
            Ok(HeapKind::Xp) => {
                heap.kind = HeapKind::Xp;
                heap.fault(handle, FaultKind::Xp);
            }
            Ok(HeapKind::Unknown) => heap.fault(handle, FaultKind::NoSignature),
            Err(why) => heap.fault(handle, FaultKind::Unreadable(why)),
        }
        heap
    }

    /// By the u32 at +8 / +10.
    fn kind(&self, handle: u64) -> Result<HeapKind, Absence> {
        let at = handle.wrapping_add(self.width.pick(0x8, 0x10));
        Ok(match self.memory.u32(at).map_err(|unreadable| unreadable.why)? {
            nt_layout::SEGMENT_SIGNATURE => HeapKind::Nt,
            segment_layout::SIGNATURE => HeapKind::Segment,
            nt_layout::SIGNATURE => HeapKind::Xp,
            _ => HeapKind::Unknown,
        })
    }

    /// As many bytes at an address as the dump keeps.
    fn block(&self, address: u64, len: u64) -> Result<Block<'d>, FaultKind> {
        Block::read(self.memory, address, len, self.width)
            .map_err(|unreadable| FaultKind::Unreadable(unreadable.why))
    }

    /// Takes one step; `false` when there have been too many.
    fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }
}

const PAGE: u64 = 0x1000;
