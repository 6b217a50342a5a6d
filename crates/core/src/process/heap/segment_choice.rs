//! Which layout a segment heap has: the one by which everything in its header fits, first that of the build.

use super::segment::{Context, contexts, is_head};
use super::segment_layout::{HEAP_BYTES, LAYOUTS, Lists, SegmentLayout};
use super::{PAGE, Walker};
use crate::process::block::Block;

/// A layout, and the contexts that the header has by it.
pub(super) type Choice = (&'static SegmentLayout, Vec<Context>);

/// The layout of a heap. That of the build counts if the header fits it, and any other only if all of the header fits
/// that: a dump may not say its build, a build may lie between two that are known, and what a dump says may be wrong. A
/// header that fits none, such as a damaged one, is read by the build, unless no list is where its layout has it.
pub(super) fn choose(walker: &Walker<'_, '_>, handle: u64, block: &Block<'_>) -> Option<Choice> {
    let by = |layout: &'static SegmentLayout| (layout, contexts(layout, handle, block));
    let of_build = SegmentLayout::of(walker.width, walker.build).map(by);
    let of_build =
        of_build.filter(|(_, contexts)| contexts.iter().any(|c| is_head(walker, c.head).is_some()));
    let others = LAYOUTS.iter().filter(|layout| layout.width == walker.width).map(by);
    of_build.iter().cloned().chain(others).find(|choice| fits(walker, choice, block)).or(of_build)
}

/// Whether a segment heap lies there for certain.
pub(super) fn is_heap(walker: &Walker<'_, '_>, handle: u64) -> bool {
    let Ok(block) = walker.block(handle, HEAP_BYTES) else { return false };
    choose(walker, handle, &block).is_some_and(|choice| fits(walker, &choice, &block))
}

/// Whether every list head is one, and the pages of the segments and those of the header are the pages that the heap
/// counts as reserved.
fn fits(walker: &Walker<'_, '_>, (layout, contexts): &Choice, block: &Block<'_>) -> bool {
    let number = |at: u64| block.number(at, layout.width.bytes());
    let counts: Vec<u64> = match layout.lists {
        Lists::One { count, .. } => vec![count],
        Lists::Contexts { first, stride, count, .. } => {
            [first, first.wrapping_add(stride)].map(|context| context.wrapping_add(count)).into()
        }
    };
    let pages = contexts.iter().zip(counts).map(|(context, count)| {
        is_head(walker, context.head)?;
        number(count)?.checked_mul(context.segment_bytes? / PAGE)
    });
    let all =
        pages.into_iter().try_fold(layout.header_pages, |sum, pages: Option<u64>| sum.checked_add(pages?));
    all.is_some() && all == number(layout.total_pages)
}
