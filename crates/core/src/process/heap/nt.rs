//! NT heaps: `_HEAP`, its segments, its large blocks and its front end.

use std::collections::{HashMap, HashSet};

use super::list::BackLinks;
use super::nt_entry::Encoding;
use super::nt_layout::Tail;
use super::nt_layout::{HEAP_BYTES, LAYOUTS, NtLayout, SEGMENT_BYTES, SEGMENT_SIGNATURE, SIGNATURE};
use super::{FaultKind, Form, Heap, HeapCounters, HeapKind, LayoutBasis, PAGE, Part, PartKind, Walker};
use crate::ahead::Ahead;
use crate::limits;
use crate::process::block::Block;
use crate::regions::MemoryInfo;
use crate::vocabulary::MemoryType;

/// No segment has so many pages (MPFS).
const MOST_PAGES: u32 = 0x00f0_0000;
/// `FrontEndHeapType` of the low-fragmentation heap.
const LFH: u64 = 2;
/// `EncodeFlagMask` of a heap whose entries are encoded.
const ENCODED: u32 = 0x0010_0000;

/// What the blocks of an NT heap are read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NtForm {
    pub(super) encoding: Encoding,
    /// Windows 7 and before.
    pub(super) seven: bool,
    /// Whether blocks have an extended entry: user stack traces.
    pub(super) interceptor: bool,
}

pub(super) fn walk(walker: &mut Walker<'_, '_>, heap: &mut Heap) {
    heap.kind = HeapKind::Nt;
    let handle = heap.handle;
    let block = match walker.block(handle, HEAP_BYTES) {
        Ok(block) => block,
        Err(fault) => return heap.fault(handle, fault),
    };
    // The first segment is the head of the heap itself.
    if let Err(fault) = segment(walker, heap, handle) {
        heap.fault(handle, fault);
    }
    let fits = |layout: &&NtLayout| {
        layout.width == walker.width && block.number(layout.signature, 4) == Some(u64::from(SIGNATURE))
    };
    let Some(layout) = LAYOUTS.iter().find(fits) else {
        return heap.fault(handle, FaultKind::NoLayout);
    };
    heap.layout = Some(layout.name);
    heap.flags = block.long(0x40, 0x70);
    let granule = walker.width.pick(8, 16);
    heap.large_from =
        block.number(layout.large_threshold, 4).map(|granules| granules.saturating_mul(granule));
    let form = NtForm {
        encoding: encoding(walker, &block),
        seven: layout.seven,
        interceptor: block.number(layout.interceptor, 4).is_some_and(|n| n != 0),
    };
    heap.form = Form::Nt(form);
    segments(walker, heap, layout);
    large_blocks(walker, heap, layout, &block);
    if let Some(tail) = tail(walker, layout, &block) {
        heap.basis = Some(tail.basis(walker.build));
        heap.counters = counters(walker, tail, &block);
        front_end(walker, heap, tail, &block);
    }
    heap.counters.free =
        block.number(layout.free, walker.width.bytes()).map(|granules| granules.saturating_mul(granule));
}

/// What lies behind `LockVariable`: the first that holds what its fields must, that of the build before all others. Where
/// none does, as in a damaged heap, a build on which its own was confirmed decides.
fn tail(walker: &Walker<'_, '_>, layout: &NtLayout, block: &Block<'_>) -> Option<&'static Tail> {
    let holds = |tail: &Tail| {
        let c = counters(walker, tail, block);
        let whole = |bytes: Option<u64>| bytes.filter(|bytes| *bytes > 0 && bytes.is_multiple_of(PAGE));
        let kind = block.number(tail.front_end_type, 1);
        whole(c.reserved) >= whole(c.committed).or(Some(u64::MAX))
            && c.segments.is_some_and(|n| (1..u64::from(MOST_PAGES)).contains(&n))
            && kind.is_some_and(|kind| kind <= LFH)
    };
    let of_build = walker.build.and_then(|build| layout.tails.iter().find(|tail| tail.from <= build));
    let confirmed = |tail: &&Tail| tail.basis(walker.build) == LayoutBasis::Verified;
    of_build.into_iter().chain(layout.tails).find(|tail| holds(tail)).or(of_build.filter(confirmed))
}

fn segments(walker: &mut Walker<'_, '_>, heap: &mut Heap, layout: &NtLayout) {
    let link = walker.width.pick(0x10, 0x18);
    let head = heap.handle.wrapping_add(layout.segment_list);
    let faults = walker.follow(head, BackLinks::Told, |walker, at| {
        let base = at.wrapping_sub(link);
        if base == heap.handle { Ok(()) } else { segment(walker, heap, base) }
    });
    for (at, fault) in faults {
        heap.fault(at, fault);
    }
}

/// Adds the segment whose structure lies at `base`, which is its first page.
fn segment(walker: &mut Walker<'_, '_>, heap: &mut Heap, base: u64) -> Result<(), FaultKind> {
    if !base.is_multiple_of(PAGE) {
        return Err(FaultKind::NotASegment);
    }
    let block = walker.block(base, SEGMENT_BYTES)?;
    if block.long(0x8, 0x10) != Some(SEGMENT_SIGNATURE) {
        return Err(FaultKind::NotASegment);
    }
    if block.pointer(0x18, 0x28) != Some(heap.handle) {
        return Err(FaultKind::ForeignSegment);
    }
    if block.pointer(0x1c, 0x30) != Some(base) {
        heap.fault(base, FaultKind::BadBase);
    }
    let Some(pages) = block.long(0x20, 0x38).filter(|pages| (1..MOST_PAGES).contains(pages)) else {
        heap.fault(base, FaultKind::BadPages);
        return Ok(()); // its links may be sound all the same
    };
    let end = base.saturating_add(u64::from(pages).saturating_mul(PAGE));
    add(walker, heap, Part { base, end, kind: PartKind::Segment, by: base, user_bytes: None, context: 0 });
    Ok(())
}

/// Adds a part, cut off where its allocation ends.
fn add(walker: &mut Walker<'_, '_>, heap: &mut Heap, mut part: Part) {
    match walker.extents.heap_memory(part.base) {
        Some((_, end)) if end < part.end => {
            heap.fault(part.by, FaultKind::BeyondAllocation);
            (part.end, part.user_bytes) = (end, None);
        }
        Some(_) => {}
        None => return heap.fault(part.by, FaultKind::BeyondAllocation),
    }
    heap.parts.push(part);
}

/// Bytes of a HEAP_VIRTUAL_ALLOC_ENTRY and an extended entry behind it.
pub(super) const LARGE_BYTES: u64 = 0x60;
/// No heap gives a smaller block an allocation of its own, unless its program asked for that.
const LEAST_LARGE: u64 = 0x1_0000;

/// HEAP_VIRTUAL_ALLOC_ENTRY: Entry 0 / 0, CommitSize 10 / 20, ReserveSize 14 / 28, BusyBlock 18 / 30.
fn large_blocks(walker: &mut Walker<'_, '_>, heap: &mut Heap, layout: &NtLayout, header: &Block<'_>) {
    let encoding = encoding(walker, header);
    let head = heap.handle.wrapping_add(layout.large_blocks);
    if walker.links(head).is_ok_and(|links| links.flink != head) {
        walker.large_ahead(heap.large_from.unwrap_or(0));
    }
    let faults = walker.follow(head, BackLinks::Needed, |walker, at| {
        if !at.is_multiple_of(PAGE) {
            return Err(FaultKind::BadLargeBlock);
        }
        let block = walker.block(at, 0x40)?;
        let (commit, reserve) = (block.pointer(0x10, 0x20), block.pointer(0x14, 0x28));
        let (Some(commit), Some(reserve)) = (commit, reserve) else { return Err(FaultKind::BadLargeBlock) };
        if commit == 0 || commit > reserve || !commit.is_multiple_of(PAGE) {
            heap.fault(at, FaultKind::BadLargeBlock);
            return Ok(());
        }
        let unused = unused_bytes(walker, &block, encoding);
        let user_bytes = unused.and_then(|unused| commit.checked_sub(unused));
        if user_bytes.is_none() {
            heap.fault(at, FaultKind::BadEntry);
        }
        let end = at.saturating_add(commit);
        add(walker, heap, Part { base: at, end, kind: PartKind::LargeBlock, by: at, user_bytes, context: 0 });
        Ok(())
    });
    for (at, fault) in faults {
        heap.fault(at, fault);
    }
}

fn is_private(region: &MemoryInfo) -> bool {
    region.state.is_commit() && region.kind == MemoryType::PRIVATE && !region.protect.is_inaccessible()
}

impl Walker<'_, '_> {
    /// Reads the heads of what may be large blocks, by the map, once for all heaps: each is an allocation of its own, and
    /// the list leads from one to the next only.
    fn large_ahead(&mut self, least: u64) {
        let least = least.max(LEAST_LARGE);
        if !std::mem::replace(&mut self.read_ahead, true) {
            // Some begin behind pages of their allocation that are only reserved.
            let large = self.map.iter().filter(|region| is_private(region) && region.size >= least);
            let places: Vec<(u64, u64)> =
                large.map(|region| (region.base, LARGE_BYTES)).take(limits::HEAP_STEPS as usize).collect();
            let mut rest = places.as_slice();
            while !rest.is_empty() {
                let taken = self.memory.read_ahead(rest.iter().copied());
                rest = rest.get(taken..).unwrap_or_default();
            }
        }
    }
}

fn encoding(walker: &Walker<'_, '_>, header: &Block<'_>) -> Encoding {
    match header.long(0x4c, 0x7c) {
        Some(mask) if mask & ENCODED == 0 => Encoding::Plain,
        Some(_) => header.number(walker.width.pick(0x50, 0x88), 8).map_or(Encoding::Unknown, Encoding::Key),
        None => Encoding::Unknown,
    }
}

/// `BusyBlock.Size` of a large block: how many of its bytes the program did not ask for. `None` if the entry's
/// checksum is wrong.
fn unused_bytes(walker: &Walker<'_, '_>, block: &Block<'_>, encoding: Encoding) -> Option<u64> {
    let stored = block.number(walker.width.pick(0x18, 0x38), 8)?;
    encoding.decode(stored).map(|entry| u64::from(entry.size))
}

/// TotalMemoryReserved, TotalMemoryCommitted, TotalMemoryLargeUCR, TotalSizeInVirtualBlocks (pointers),
/// TotalSegments (u32).
fn counters(walker: &Walker<'_, '_>, tail: &Tail, block: &Block<'_>) -> HeapCounters {
    let at = tail.counters;
    let size = walker.width.bytes();
    let pointer = |n: u64| block.number(at.wrapping_add(n.wrapping_mul(size as u64)), size);
    HeapCounters {
        reserved: pointer(0),
        committed: pointer(1),
        large: pointer(3),
        segments: block.number(at.wrapping_add((size as u64).wrapping_mul(4)), 4),
        free: None,
    }
}

/// The allocation that holds `FrontEndHeap`, unless it lies in a block of the heap, as it does in Windows 7.
fn front_end(walker: &mut Walker<'_, '_>, heap: &mut Heap, tail: &Tail, block: &Block<'_>) {
    let (pointer, kind) = (tail.front_end, tail.front_end_type);
    if block.number(kind, 1) != Some(LFH) {
        return;
    }
    let by = heap.handle.wrapping_add(pointer);
    let address = block.number(pointer, walker.width.bytes());
    let Some((base, end)) = address.and_then(|address| walker.extents.heap_memory(address)) else {
        return heap.fault(by, FaultKind::BadFrontEnd);
    };
    if heap.parts.iter().all(|part| part.end <= base || end <= part.base) {
        heap.parts.push(Part { base, end, kind: PartKind::FrontEnd, by, user_bytes: None, context: 0 });
    }
}

impl Heap {
    /// Whether segments may be missing: the list of them broke, or the heap counts more.
    pub(super) fn misses_segments(&self) -> bool {
        let found = self.parts.iter().filter(|part| part.kind == PartKind::Segment).count() as u64;
        self.counters.segments.is_some_and(|counted| counted > found) || !self.faults.is_empty()
    }
}

/// Looks for segments that no list led to: at the start of every private committed region, as far as there are not
/// too many of these.
pub(super) fn scan(walker: &mut Walker<'_, '_>, heaps: &mut [Heap]) {
    let by_handle: HashMap<u64, usize> = heaps
        .iter()
        .enumerate()
        .filter(|(_, heap)| heap.kind == HeapKind::Nt)
        .map(|(n, heap)| (heap.handle, n))
        .collect();
    let parts = heaps.iter().flat_map(|heap| &heap.parts);
    let mut known: HashSet<u64> =
        parts.filter(|part| part.kind == PartKind::Segment).map(|part| part.by).collect();
    // A segment that one heap lists and that names another belongs to neither for certain.
    let contested = heaps.iter().flat_map(|heap| &heap.faults);
    known.extend(
        contested
            .filter(|fault| fault.what == FaultKind::ForeignSegment)
            .map(|fault| fault.at & !PAGE.wrapping_sub(1)),
    );
    let begins = |region: &MemoryInfo| is_private(region) && region.base == region.allocation_base;
    let bases = walker.map.iter().filter(begins).map(|region| region.base);
    let bases: Vec<u64> = bases.take(limits::SEGMENT_CANDIDATES.saturating_add(1)).collect();
    let mut ahead = Ahead::new(walker.memory);
    for (n, base) in bases.iter().copied().enumerate() {
        ahead.before(n, bases.iter().skip(n).map(|base| (*base, SEGMENT_BYTES)));
        if n >= limits::SEGMENT_CANDIDATES {
            if let Some(heap) = heaps.iter_mut().find(|heap| heap.kind == HeapKind::Nt) {
                heap.fault(base, FaultKind::ScanCut);
            }
            return;
        }
        let Ok(block) = walker.block(base, SEGMENT_BYTES) else { continue };
        if block.long(0x8, 0x10) != Some(SEGMENT_SIGNATURE) {
            continue;
        }
        let owner = block.pointer(0x18, 0x28).and_then(|handle| by_handle.get(&handle));
        let Some(heap) = owner.and_then(|n| heaps.get_mut(*n)) else { continue };
        if known.insert(base) {
            let _ = segment(walker, heap, base); // the checks that can fail were made above
        }
    }
}
