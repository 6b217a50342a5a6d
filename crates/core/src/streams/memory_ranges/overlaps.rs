//! Ranges that overlap: the lower one keeps the addresses that both have.

use crate::metadata::Metadata;
use crate::ranges::MemoryRange;

/// Ranges that reach into a lower one.
#[derive(Default)]
pub(super) struct Overlaps {
    pub(super) count: u64,
    /// Those of them that have other bytes for the same addresses.
    pub(super) differ: u64,
    /// Where the first of these begins.
    pub(super) first: u64,
}

/// Bytes of ranges that overlap which are compared, in all.
const COMPARED: u64 = 4 << 20;

/// Sorts by address and clips what a lower range already covers.
pub(super) fn put_in_order(meta: &Metadata<'_>, list: &mut Vec<MemoryRange>) -> Overlaps {
    let mut overlaps = Overlaps::default();
    if list.is_sorted_by(|a, b| a.start.saturating_add(a.size) <= b.start) {
        return overlaps;
    }
    list.sort_by_key(|r| r.start);
    let (mut covered, mut left) = (0u64, COMPARED);
    let mut cover: Option<MemoryRange> = None;
    list.retain_mut(|range| {
        let end = range.start.saturating_add(range.size);
        let hidden = covered.saturating_sub(range.start);
        if hidden > 0 {
            overlaps.count = overlaps.count.saturating_add(1);
            let size = hidden.min(range.size);
            if cover.is_some_and(|cover| differ(meta, &cover, range, size, &mut left)) {
                overlaps.first = if overlaps.differ == 0 { range.start } else { overlaps.first };
                overlaps.differ = overlaps.differ.saturating_add(1);
            }
        }
        if end > covered {
            (covered, cover) = (end, Some(*range));
        }
        if hidden > 0 {
            range.start = range.start.saturating_add(hidden);
            range.offset = range.offset.saturating_add(hidden);
            range.size = range.size.saturating_sub(hidden);
        }
        range.size > 0
    });
    overlaps
}

/// Whether the first `size` bytes of a range are other ones than those of the range that covers them. What the file does
/// not hold, or what is too much, is not compared.
fn differ(meta: &Metadata<'_>, cover: &MemoryRange, range: &MemoryRange, size: u64, left: &mut u64) -> bool {
    let below = cover.offset.saturating_add(range.start.saturating_sub(cover.start));
    let Some(rest) = left.checked_sub(size).filter(|_| below != range.offset) else { return false };
    *left = rest;
    let bytes = |offset: u64| meta.bytes(offset, size).ok().flatten();
    bytes(below).zip(bytes(range.offset)).is_some_and(|(a, b)| a != b)
}
