//! The heap in which Windows keeps what belongs to the other segment heaps: records of their large blocks, and headers
//! of heaps made later. Up to Windows 10 1709 the PEB lists it; since then only its own list of segments leads to it.

use std::collections::HashSet;

use super::segment_layout::{Lists, SegmentLayout};
use super::{Heap, HeapKind, PAGE, PartKind, Walker};
use crate::limits;

/// Bytes of its segments, to which they are aligned.
const SEGMENT: u64 = 0x10_0000;

/// Adds that heap behind the others, or marks the one that is listed.
pub(super) fn find(walker: &mut Walker<'_, '_>, heaps: &mut Vec<Heap>) {
    let Some(layout) = heaps.iter().find_map(Heap::segment_layout) else { return };
    let mut tried = HashSet::new();
    for (segment, at) in candidates(heaps) {
        if let Some(known) = owner(heaps, at) {
            if let Some(heap) = heaps.get_mut(known) {
                heap.is_metadata = true;
            }
            continue;
        }
        let Some(handle) = list_head(walker, segment).and_then(|head| handle(walker, layout, head)) else {
            continue;
        };
        if tried.insert(handle) && heaps.iter().all(|heap| heap.handle != handle) {
            let mut heap = walker.heap(handle, heaps.len());
            if heap.parts.iter().any(|part| part.base == segment) {
                heap.is_metadata = true;
                heaps.push(heap);
            }
        }
    }
}

/// Where its segments may lie, each once: those that hold records of large blocks, or headers; and one of these.
fn candidates(heaps: &[Heap]) -> Vec<(u64, u64)> {
    let segment_heaps = heaps.iter().filter(|heap| heap.kind == HeapKind::Segment);
    let mut all: Vec<(u64, u64)> = segment_heaps
        .flat_map(|heap| {
            let records = heap.parts.iter().filter(|part| part.kind == PartKind::LargeBlock);
            let header = (!heap.handle.is_multiple_of(SEGMENT)).then_some(heap.handle);
            records.map(|part| part.by).chain(header)
        })
        .map(|at| (at & !SEGMENT.wrapping_sub(1), at))
        .collect();
    all.sort_unstable();
    all.dedup_by_key(|(segment, _)| *segment);
    all
}

/// The heap in one of whose segments an address lies.
fn owner(heaps: &[Heap], at: u64) -> Option<usize> {
    heaps.iter().position(|heap| {
        let is_it = |part: &super::Part| {
            part.kind == PartKind::Segment && part.by != heap.handle && (part.base..part.end).contains(&at)
        };
        heap.kind == HeapKind::Segment && heap.parts.iter().any(is_it)
    })
}

/// The head of the list that a segment is in: the one link that is no segment.
fn list_head(walker: &mut Walker<'_, '_>, segment: u64) -> Option<u64> {
    let mut at = segment;
    for _ in 0..limits::HEAPS {
        let next = walker.links(at).ok()?.flink;
        if !walker.step() || walker.links(next).ok()?.blink != at {
            return None;
        }
        if !next.is_multiple_of(SEGMENT) {
            return Some(next);
        }
        at = next;
    }
    None
}

/// The heap whose first list head lies there.
fn handle(walker: &Walker<'_, '_>, layout: &SegmentLayout, head: u64) -> Option<u64> {
    let offset = match layout.lists {
        Lists::One { head, .. } => head,
        Lists::Contexts { first, head, .. } => first.wrapping_add(head),
    };
    let handle = head.checked_sub(offset)?;
    let is_heap = handle.is_multiple_of(PAGE) && walker.kind(handle) == Ok(HeapKind::Segment);
    is_heap.then_some(handle)
}
