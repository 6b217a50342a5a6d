//! Segment heaps: `_SEGMENT_HEAP`, its page segments and its large blocks.

use super::list::BackLinks;
use super::segment_layout::{HEAP_BYTES, Lists, SegmentLayout};
use super::tree::{self, Tree};
use super::{FaultKind, Form, Heap, HeapCounters, HeapKind, PAGE, Part, PartKind, Walker, segment_choice};
use crate::arch::Width;
use crate::process::block::Block;

/// `VirtualAlloc` hands out addresses at multiples of this.
const GRANULARITY: u64 = 0x1_0000;
/// Bytes of a page segment where nothing says so.
const SEGMENT: u64 = 0x10_0000;
/// Offsets in a `_SEGMENT_HEAP` below this hold no list head in any published layout.
const FIRST_HEAD: u64 = 0x40;
/// No header of a heap has more pages.
const MOST_HEADER_PAGES: u64 = 0x100;

/// What the blocks of a segment heap are read by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentForm {
    pub(super) layout: &'static SegmentLayout,
    /// How each context divides its segments.
    pub(super) contexts: Vec<Context>,
    /// HeapKey of the process.
    pub(super) key: Option<u64>,
    /// Whether blocks begin with padding.
    pub(super) padded: bool,
}

/// A HEAP_SEG_CONTEXT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Context {
    /// Where it lies.
    pub(super) address: u64,
    /// SegmentListHead.
    pub(super) head: u64,
    /// Bytes of a segment, from SegmentMask; `None` if that is no mask.
    pub(super) segment_bytes: Option<u64>,
    /// UnitShift: bytes of a unit, as a power of two.
    pub(super) unit_shift: u8,
    /// FirstDescriptorIndex: the units before it hold the descriptors.
    pub(super) first_unit: u8,
}

pub(super) fn walk(walker: &mut Walker<'_, '_>, heap: &mut Heap) {
    heap.kind = HeapKind::Segment;
    let handle = heap.handle;
    let block = match walker.block(handle, HEAP_BYTES) {
        Ok(block) => block,
        Err(fault) => return heap.fault(handle, fault),
    };
    heap.flags = block.long(0xc, 0x14);
    let known = segment_choice::choose(walker, handle, &block);
    let lists: Vec<(u64, Option<u64>)> = if let Some((layout, contexts)) = &known {
        heap.layout = Some(layout.name);
        heap.basis = Some(layout.basis(walker.build));
        heap.counters = counters(walker.width, layout, &block);
        for context in contexts.iter().filter(|context| context.segment_bytes.is_none()) {
            heap.fault(context.head, FaultKind::BadMask);
        }
        contexts.iter().map(|context| (context.head, context.segment_bytes)).collect()
    } else {
        heap.fault(handle, FaultKind::ByShape);
        by_shape(walker, handle).into_iter().map(|head| (head, None)).collect()
    };
    if lists.is_empty() {
        heap.fault(handle, FaultKind::OnlyHeader);
    }
    for (context, (head, bytes)) in lists.into_iter().enumerate() {
        segments(walker, heap, context, head, bytes);
    }
    end_at_next(heap);
    header(walker, heap, known.as_ref().map(|(layout, _)| *layout));
    large_blocks(walker, heap, known.as_ref().map(|(layout, _)| *layout));
    if let Some((layout, contexts)) = known {
        heap.form = Form::Segment(SegmentForm { layout, contexts, key: None, padded: false });
    }
}

/// The contexts as the header has them.
pub(super) fn contexts(layout: &SegmentLayout, handle: u64, block: &Block<'_>) -> Vec<Context> {
    match layout.lists {
        Lists::One { head, .. } => vec![Context {
            address: handle,
            head: handle.wrapping_add(head),
            segment_bytes: Some(SEGMENT),
            unit_shift: 12,
            first_unit: 2,
        }],
        Lists::Contexts { first, stride, unit_shift, head, .. } => [first, first.wrapping_add(stride)]
            .map(|context| {
                let byte = |at: u64| {
                    let at = context.wrapping_add(unit_shift).wrapping_add(at);
                    block.number(at, 1).and_then(|byte| u8::try_from(byte).ok()).unwrap_or(0)
                };
                Context {
                    address: handle.wrapping_add(context),
                    head: handle.wrapping_add(context).wrapping_add(head),
                    segment_bytes: segment_bytes(layout.width, block, context),
                    unit_shift: byte(0),
                    first_unit: byte(2),
                }
            })
            .into(),
    }
}

/// From `SegmentMask`, which has the bits above a segment's size.
fn segment_bytes(width: Width, block: &Block<'_>, mask_at: u64) -> Option<u64> {
    let above = match width {
        Width::Bits32 => 0xffff_ffff_0000_0000,
        Width::Bits64 => 0,
    };
    let mask = block.number(mask_at, width.bytes())? | above;
    let size = (!mask).wrapping_add(1);
    (size.is_power_of_two() && (GRANULARITY..=1 << 32).contains(&size)).then_some(size)
}

/// Whether a list head lies there: `Some(false)` for the head of an empty list. One of its ends must be sound; a
/// neighbour that the dump does not keep is taken for sound.
pub(super) fn is_head(walker: &Walker<'_, '_>, head: u64) -> Option<bool> {
    let ends = walker.links(head).ok()?;
    if ends.flink == head && ends.blink == head {
        return Some(false);
    }
    let at_grain = |at: u64| at != 0 && at.is_multiple_of(GRANULARITY);
    let points = |at: u64, back: fn(super::list::Links) -> u64| match walker.links(at) {
        Ok(links) => back(links) == head,
        Err(fault) => fault.is_lost(),
    };
    let first = at_grain(ends.flink) && points(ends.flink, |links| links.blink);
    let last = || at_grain(ends.blink) && points(ends.blink, |links| links.flink);
    (first || last()).then_some(true)
}

/// List heads found by their shape: their first entry is 64 KiB aligned and points back.
fn by_shape(walker: &Walker<'_, '_>, handle: u64) -> Vec<u64> {
    (FIRST_HEAD..HEAP_BYTES)
        .step_by(walker.width.bytes())
        .map(|offset| handle.wrapping_add(offset))
        .filter(|head| is_head(walker, *head) == Some(true))
        .collect()
}

/// HEAP_PAGE_SEGMENT: its `ListEntry` is its first field, so a link is a segment. Without a size, a segment reaches to
/// the next one or to the end of its allocation.
fn segments(walker: &mut Walker<'_, '_>, heap: &mut Heap, context: usize, head: u64, bytes: Option<u64>) {
    let faults = walker.follow(head, BackLinks::Needed, |walker, at| {
        let allocation = walker.extents.heap_memory(at).filter(|_| at.is_multiple_of(GRANULARITY));
        let Some((_, end)) = allocation else { return Err(FaultKind::NotASegment) };
        let end = bytes.map_or(end, |size| at.saturating_add(size).min(end));
        heap.parts.push(Part { base: at, end, kind: PartKind::Segment, by: at, user_bytes: None, context });
        Ok(())
    });
    for (at, fault) in faults {
        heap.fault(at, fault);
    }
}

/// The header: [handle, handle + the reserved pages that are not the segments'). Where that gives no number that a header
/// has, as many pages as those of the layout have; without a layout, the allocation.
fn header(walker: &mut Walker<'_, '_>, heap: &mut Heap, layout: Option<&SegmentLayout>) {
    let handle = heap.handle;
    let Some((_, allocated)) = walker.extents.heap_memory(handle) else { return };
    let in_segments: u64 = heap.parts.iter().map(|part| part.end.saturating_sub(part.base)).sum();
    let counted = heap.counters.reserved.and_then(|bytes| bytes.checked_sub(in_segments));
    let counted = counted.filter(|bytes| (1..=MOST_HEADER_PAGES).contains(&(bytes / PAGE)));
    let pages = layout.map(|layout| layout.header_pages.saturating_mul(PAGE));
    let end = counted.or(pages).map_or(allocated, |bytes| handle.saturating_add(bytes).min(allocated));
    // Segments of another list may lie behind a heap of which too little is known.
    let next = heap.parts.iter().map(|part| part.base).filter(|base| *base > handle).min();
    let end = next.map_or(end, |next| end.min(next));
    let part = Part { base: handle, end, kind: PartKind::Segment, by: handle, user_bytes: None, context: 0 };
    heap.parts.insert(0, part);
}

/// Ends segments where the next one of the heap begins.
fn end_at_next(heap: &mut Heap) {
    let mut bases: Vec<u64> = heap.parts.iter().map(|part| part.base).collect();
    bases.sort_unstable();
    for part in &mut heap.parts {
        if let Some(next) = bases.get(bases.partition_point(|base| *base <= part.base)) {
            part.end = part.end.min(*next);
        }
    }
}

/// The blocks of `LargeAllocMetadata`; where the layout is not known, of whichever tree holds nothing but blocks.
fn large_blocks(walker: &mut Walker<'_, '_>, heap: &mut Heap, layout: Option<&SegmentLayout>) {
    let candidates: &[u64] = match (layout, walker.width) {
        (Some(layout), _) => &[layout.large_tree],
        (None, Width::Bits64) => &[0x30, 0x38, 0x48, 0x50],
        (None, Width::Bits32) => &[0x30, 0x34, 0x44],
    };
    for at in candidates {
        let address = heap.handle.wrapping_add(*at);
        let mut found = tree::walk(walker, Tree { address });
        let sound = found.faults.is_empty() && !found.blocks.is_empty();
        if layout.is_none() && !sound {
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
fn counters(width: Width, layout: &SegmentLayout, block: &Block<'_>) -> HeapCounters {
    let size = width.bytes();
    let bytes = |at: u64| block.number(at, size).and_then(|pages| pages.checked_mul(PAGE));
    let total = |n: u64| bytes(layout.total_pages.wrapping_add(n.wrapping_mul(size as u64)));
    let segments = match layout.lists {
        Lists::One { count, .. } => block.number(count, size),
        Lists::Contexts { first, stride, count, .. } => {
            let count = |context: u64| block.number(context.wrapping_add(count), size);
            count(first).zip(count(first.wrapping_add(stride))).map(|(a, b)| a.saturating_add(b))
        }
    };
    let free = [2, 3, 4].map(total).into_iter().sum::<Option<u64>>();
    HeapCounters {
        reserved: total(0),
        committed: total(1),
        large: bytes(layout.large_committed),
        segments,
        free: free.filter(|_| layout.counts_free),
    }
}
