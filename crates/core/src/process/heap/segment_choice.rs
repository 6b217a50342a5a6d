//! Which layout a segment heap has: that of the build, if the heap is built by it, or the one by which everything in its
//! header fits.

use super::segment::{Context, contexts, is_head};
use super::segment_layout::{HEAP_BYTES, LAYOUTS, Lists, SegmentLayout};
use super::{LayoutBasis, PAGE, Walker};
use crate::process::block::Block;

/// A layout, and the contexts that the header has by it.
pub(super) type Choice = (&'static SegmentLayout, Vec<Context>);

/// The layout of a heap. A build on which it was confirmed decides, unless no list is where its layout has it.
/// Otherwise the header decides: builds between two that are known, and dumps that do not say their build, have one of
/// the layouts too.
pub(super) fn choose(walker: &Walker<'_, '_>, handle: u64, block: &Block<'_>) -> Option<Choice> {
    let by = |layout: &'static SegmentLayout| (layout, contexts(layout, handle, block));
    let of_build = SegmentLayout::of(walker.width, walker.build).map(by);
    let of_build =
        of_build.filter(|(_, contexts)| contexts.iter().any(|c| is_head(walker, c.head).is_some()));
    let confirmed = |choice: &Choice| choice.0.basis(walker.build) == LayoutBasis::Verified;
    if let Some(choice) = of_build.as_ref().filter(|choice| confirmed(choice) || fits(walker, choice, block))
    {
        return Some(choice.clone());
    }
    let others = LAYOUTS.iter().filter(|layout| layout.width == walker.width).map(by);
    others.into_iter().find(|choice| fits(walker, choice, block)).or(of_build)
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
