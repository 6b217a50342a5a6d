//! The garbage collector's heaps: `GcDacVars`, which it fills for debuggers, and the segments or regions behind
//! (dotnet/runtime, `src/coreclr/gc/gcinterface.dac.h`).

mod segments;
pub(crate) mod vars;

use super::reader::Reader;
pub(crate) use vars::Vars;

/// A generation, or what is counted as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// Objects that survived no collection.
    Gen0,
    /// Those that survived one.
    Gen1,
    /// The others.
    Gen2,
    /// The large object heap.
    Large,
    /// The pinned object heap.
    Pinned,
    /// Objects that the runtime laid out in advance, such as string literals.
    Frozen,
}

impl Generation {
    /// All of them, in order.
    pub const ALL: [Generation; 6] = [
        Generation::Gen0,
        Generation::Gen1,
        Generation::Gen2,
        Generation::Large,
        Generation::Pinned,
        Generation::Frozen,
    ];

    pub(crate) fn of_index(index: u64) -> Option<Generation> {
        Generation::ALL.get(usize::try_from(index).ok()?).copied().filter(|g| *g != Generation::Frozen)
    }
}

/// A run of memory that holds objects: a segment, a region, or the part of a segment that is one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Whose objects it holds.
    pub generation: Generation,
    /// The first object.
    pub start: u64,
    /// Behind the last object.
    pub end: u64,
    /// Behind the last committed byte; of a part of a segment, where the next part begins.
    pub committed: u64,
    /// Behind the last reserved byte.
    pub reserved: u64,
    /// Which heap it is of: 0, unless the collector has several.
    pub heap: u32,
}

/// The collector's own record of the last allocation that it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OomRecord {
    /// `oom_reason`: 0 none, 1 budget, 2 cannot commit, 3 cannot reserve, 4 large object heap, 5 low memory, 6 unproductive.
    pub reason: u32,
    /// What was asked of it, in bytes: an object, or an allocation context.
    pub alloc_size: u64,
    /// `fgm_result`: 0 nothing, 1 a segment could not be reserved, 2 and more: memory could not be committed.
    pub fgm: u32,
    /// Bytes that could not be allocated, if `fgm` is set.
    pub size: u64,
    /// MB that could still be committed, as the system reported to the collector.
    pub available_pagefile_mb: u64,
    /// How many collections there had been.
    pub gc_index: u64,
}

/// The heaps of one runtime.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcHeap {
    /// Server collection: a heap for each processor.
    pub server: bool,
    /// How many heaps.
    pub heaps: u32,
    /// Whether a generation is a list of regions (.NET 7 and newer), not a part of a segment.
    pub regions: bool,
    /// Where objects lie, sorted by address, without overlaps.
    pub segments: Vec<Segment>,
    /// An address in the allocation that holds card tables and the like.
    pub bookkeeping: Option<u64>,
    /// The last refusal; `None` if there was none.
    pub oom: Option<OomRecord>,
    /// Segments that were left out, since they overlap, or end before they begin, or cannot be read.
    pub lost: u32,
    /// Allocation contexts of the generations: pointer and limit.
    pub(crate) contexts: Vec<(u64, u64)>,
}

impl GcHeap {
    /// The segment that holds an address, among its objects.
    pub(crate) fn segment_at(&self, address: u64) -> Option<&Segment> {
        let behind = self.segments.partition_point(|segment| segment.start <= address);
        self.segments.get(behind.checked_sub(1)?).filter(|segment| address < segment.end)
    }
}

/// Heaps of a server: one for each processor.
const HEAPS: u32 = 1024;

/// Reads the heaps that `vars` leads to.
pub(crate) fn read(reader: &Reader<'_>, vars: &Vars) -> GcHeap {
    let mut heap = GcHeap { bookkeeping: vars.value(reader, 29), ..GcHeap::default() };
    let count = vars.pointer(19).and_then(|at| reader.u32(at)).unwrap_or(0);
    let mut records = Vec::new();
    if (1..=HEAPS).contains(&count) {
        heap.server = true;
        heap.heaps = count;
        let list = vars.value(reader, 20).unwrap_or(0);
        for n in 0..count {
            let Some(at) = reader.pointer(list, u64::from(n).wrapping_mul(reader.size())) else {
                heap.lost = heap.lost.saturating_add(1);
                continue;
            };
            segments::read(reader, vars, &vars.of_heap(reader, at), n, &mut heap);
            records.extend(vars.heap_field(reader, at, 3).and_then(|at| oom(reader, at)));
        }
    } else {
        heap.heaps = 1;
        segments::read(reader, vars, &vars.of_workstation(reader), 0, &mut heap);
        records.extend(vars.pointer(14).and_then(|at| oom(reader, at)));
    }
    heap.oom = records.into_iter().max_by_key(|record| record.gc_index);
    segments::settle(&mut heap);
    heap
}

/// `oom_history`: i32 reason, word alloc_size, reserved, allocated, gc_index, i32 fgm, word size, available_pagefile_mb.
fn oom(reader: &Reader<'_>, at: u64) -> Option<OomRecord> {
    let word = |n: u64| reader.word(at.wrapping_add(reader.size().wrapping_mul(n)));
    let reason = reader.u32(at).filter(|reason| (1..=6).contains(reason))?;
    Some(OomRecord {
        reason,
        alloc_size: word(1)?,
        gc_index: word(4)?,
        fgm: reader.u32(at.wrapping_add(reader.size().wrapping_mul(5)))?,
        size: word(6)?,
        available_pagefile_mb: word(7)?,
    })
}
