//! Segment heaps: `_SEGMENT_HEAP`, its page segments and its large blocks.

use super::list::BackLinks;
use super::segment_layout::{HEAP_BYTES, LAYOUTS, Lists, SegmentLayout};
use super::tree::{self, Tree};
use super::{FaultKind, Heap, HeapCounters, HeapKind, PAGE, Part, PartKind, Walker};
use crate::arch::Width;
use crate::process::block::Block;

/// `VirtualAlloc` hands out addresses at multiples of this.
const GRANULARITY: u64 = 0x1_0000;

/// Offsets in a `_SEGMENT_HEAP` below this hold no list head in any published layout.
const FIRST_HEAD: u64 = 0x40;

/// A list head and the size of its segments; without a size, a segment reaches to the next one or to the end of its
/// allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct List {
    head: u64,
    segment_bytes: Option<u64>,
}

pub(super) fn walk(walker: &mut Walker<'_, '_>, heap: &mut Heap) {
    heap.kind = HeapKind::Segment;
    let handle = heap.handle;
    let block = match walker.block(handle, HEAP_BYTES) {
        Ok(block) => block,
        Err(fault) => return heap.fault(handle, fault),
    };
    heap.flags = block.long(0xc, 0x14);
    if let Some((base, end)) = walker.extents.heap_memory(handle) {
        heap.parts.push(Part { base, end, kind: PartKind::Segment, by: handle, user_bytes: None });
    }
    let lists = if let Some((layout, lists)) = known_layout(walker, handle, &block) {
        heap.layout = Some(layout.name);
        if matches!(layout.lists, Lists::Contexts { mask: Some(_), .. }) {
            for list in lists.iter().filter(|list| list.segment_bytes.is_none()) {
                heap.fault(list.head, FaultKind::BadMask);
            }
        }
        heap.counters = counters(layout, &block);
        lists
    } else {
        heap.fault(handle, FaultKind::ByShape);
        by_shape(walker, handle)
    };
    if lists.is_empty() {
        heap.fault(handle, FaultKind::OnlyHeader);
    }
    for list in lists {
        segments(walker, heap, list);
    }
    end_at_next(heap);
    large_blocks(walker, heap);
}

/// The layout of this build, if the list heads it names are list heads.
fn known_layout(
    walker: &Walker<'_, '_>,
    handle: u64,
    block: &Block<'_>,
) -> Option<(&'static SegmentLayout, Vec<List>)> {
    let build = walker.build.filter(|_| walker.width == Width::Bits64)?;
    let layout = LAYOUTS.iter().find(|layout| layout.builds.contains(&build))?;
    let lists: Vec<List> = match layout.lists {
        Lists::One(at) => vec![List { head: handle.wrapping_add(at), segment_bytes: None }],
        Lists::Contexts { first, stride, head, mask, .. } => [first, first.wrapping_add(stride)]
            .map(|context| List {
                head: handle.wrapping_add(context).wrapping_add(head),
                segment_bytes: mask.and_then(|at| segment_bytes(block, context.wrapping_add(at))),
            })
            .into(),
    };
    lists.iter().any(|list| is_head(walker, list.head).is_some()).then_some((layout, lists))
}

/// From `SegmentMask`, which has the bits above a segment's size.
fn segment_bytes(block: &Block<'_>, mask_at: u64) -> Option<u64> {
    let size = (!block.number(mask_at, 8)?).wrapping_add(1);
    (size.is_power_of_two() && (GRANULARITY..=1 << 32).contains(&size)).then_some(size)
}

/// Whether a list head lies there: `Some(false)` for the head of an empty list. One of its ends must be sound.
fn is_head(walker: &Walker<'_, '_>, head: u64) -> Option<bool> {
    let ends = walker.links(head).ok()?;
    if ends.flink == head && ends.blink == head {
        return Some(false);
    }
    let at_grain = |at: u64| at != 0 && at.is_multiple_of(GRANULARITY);
    let first = at_grain(ends.flink) && walker.links(ends.flink).is_ok_and(|links| links.blink == head);
    let last = || at_grain(ends.blink) && walker.links(ends.blink).is_ok_and(|links| links.flink == head);
    (first || last()).then_some(true)
}

/// List heads found by their shape: their first entry is 64 KiB aligned and points back (C.6).
fn by_shape(walker: &Walker<'_, '_>, handle: u64) -> Vec<List> {
    (FIRST_HEAD..HEAP_BYTES)
        .step_by(walker.width.bytes())
        .map(|offset| handle.wrapping_add(offset))
        .filter(|head| is_head(walker, *head) == Some(true))
        .map(|head| List { head, segment_bytes: None })
        .collect()
}

/// HEAP_PAGE_SEGMENT: its `ListEntry` is its first field, so a link is a segment.
fn segments(walker: &mut Walker<'_, '_>, heap: &mut Heap, list: List) {
    let faults = walker.follow(list.head, BackLinks::Needed, |walker, at| {
        let allocation = walker.extents.heap_memory(at).filter(|_| at.is_multiple_of(GRANULARITY));
        let Some((_, end)) = allocation else { return Err(FaultKind::NotASegment) };
        let end = list.segment_bytes.map_or(end, |size| at.saturating_add(size).min(end));
        heap.parts.push(Part { base: at, end, kind: PartKind::Segment, by: at, user_bytes: None });
        Ok(())
    });
    for (at, fault) in faults {
        heap.fault(at, fault);
    }
}

/// Ends segments where the next one of the heap begins.
fn end_at_next(heap: &mut Heap) {
    let handle = heap.handle;
    let is_segment = |part: &Part| part.kind == PartKind::Segment && part.by != handle;
    let mut bases: Vec<u64> =
        heap.parts.iter().filter(|part| is_segment(part)).map(|part| part.base).collect();
    bases.sort_unstable();
    for part in heap.parts.iter_mut().filter(|part| is_segment(part)) {
        if let Some(next) = bases.get(bases.partition_point(|base| *base <= part.base)) {
            part.end = part.end.min(*next);
        }
    }
}

/// The blocks of `LargeAllocMetadata`; where the layout is not known, of whichever tree holds nothing but blocks.
fn large_blocks(walker: &mut Walker<'_, '_>, heap: &mut Heap) {
    let layout = LAYOUTS.iter().find(|layout| Some(layout.name) == heap.layout);
    let candidates: &[u64] = match (layout, walker.width) {
        (Some(layout), _) => &[layout.large_tree],
        (None, Width::Bits64) => &[0x30, 0x38, 0x48, 0x50],
        (None, Width::Bits32) => &[0x44],
    };
    for at in candidates {
        let address = heap.handle.wrapping_add(*at);
        let mut found = tree::walk(walker, Tree { address });
        let sound = found.faults.is_empty() && !found.blocks.is_empty();
        if layout.is_none() && !sound && walker.width == Width::Bits64 {
            continue; // something else lies there
        }
        heap.parts.append(&mut found.blocks);
        for (at, fault) in found.faults {
            heap.fault(at, fault);
        }
        return;
    }
}

/// Pages, in bytes.
fn counters(layout: &SegmentLayout, block: &Block<'_>) -> HeapCounters {
    let bytes = |at: u64| block.number(at, 8).and_then(|pages| pages.checked_mul(PAGE));
    let segments = match layout.lists {
        Lists::One(_) => None,
        Lists::Contexts { first, stride, count, .. } => {
            let count = |context: u64| block.number(context.wrapping_add(count), 8);
            count(first).zip(count(first.wrapping_add(stride))).map(|(a, b)| a.saturating_add(b))
        }
    };
    HeapCounters {
        reserved: bytes(layout.total_pages),
        committed: bytes(layout.total_pages.wrapping_add(8)),
        large: bytes(layout.large_committed),
        segments,
    }
}
