//! From the regions that a dump lists to a map that is sorted and has no overlaps.
//!
//! The rules, in this order; each that had to be applied is a warning:
//!
//! 1. A region of size zero is left out.
//! 2. The list is sorted by address.
//! 3. Of several regions that begin at one address, the first listed is kept.
//! 4. A region that reaches into the next one is cut off where that begins. (So one absurd size does not hide the
//!    regions behind it.) If there is no next one and it runs past 2^64, it is left out.
//! 5. What lies beyond the addresses that the program can have is left out: 2 GB or 4 GB where pointers have 32 bits, else
//!    128 TB (2^56 if the list goes on to that end, as with five-level paging).
//! 6. What is not listed is not known. `VirtualQueryEx` lists everything from address 0 on, so a gap is a row that was
//!    lost: it may have been free or not, and stays a gap. Only the first 64 kB, where nothing is ever allocated, count
//!    as free if a list begins behind them.

use std::borrow::Cow;

use dumplens_core::{MemoryInfo, MemoryState, MemoryType, Protection, Regions};

use super::{Coverage, SpaceWarning};

/// The addresses of a 64-bit program, and with five-level paging.
const MOST_64: u64 = 1 << 47;
const MOST_57: u64 = 1 << 56;
/// The first addresses, which are never allocated by default.
const NEVER_ALLOCATED: u64 = 0x1_0000;

/// The regions by the rules above, borrowed when there was nothing to repair; and how much they cover. `most`: the end of
/// the addresses that the program can have, if that is known.
pub(crate) fn repair<'d>(
    listed: &'d Regions,
    most: Option<u64>,
    warnings: &mut Vec<SpaceWarning>,
) -> (Cow<'d, Regions>, Coverage) {
    let most = most.unwrap_or_else(|| widest(listed));
    let sound = listed.get(0).is_none_or(|first| first.base == 0)
        && listed.len().checked_sub(1).and_then(|last| listed.get(last)?.end()).is_none_or(|end| end <= most);
    if sound && listed.is_contiguous() {
        return (Cow::Borrowed(listed), Coverage::Whole);
    }
    let from = warnings.len();
    let mut regions: Vec<MemoryInfo> = listed.iter().filter(|r| r.size > 0).collect();
    let empty = (listed.len() - regions.len()) as u64;
    if empty > 0 {
        warnings.push(SpaceWarning::RegionsEmpty { count: empty });
    }
    if !regions.is_sorted_by_key(|r| r.base) {
        warnings.push(SpaceWarning::RegionsUnsorted);
        regions.sort_by_key(|r| r.base); // stable: the first listed stays first
    }
    let before = regions.len();
    regions.dedup_by_key(|r| r.base);
    if regions.len() < before {
        warnings.push(SpaceWarning::RegionsDuplicate { count: (before - regions.len()) as u64 });
    }
    cut_overlaps(&mut regions, warnings);
    bound(&mut regions, most, warnings);
    find_gaps(&mut regions, warnings);
    let coverage = warnings.get(from..).unwrap_or_default().iter().map(coverage).max();
    (Cow::Owned(Regions::from_iter(regions)), coverage.unwrap_or(Coverage::Whole))
}

/// What is left of the map's worth after a repair.
fn coverage(warning: &SpaceWarning) -> Coverage {
    match warning {
        SpaceWarning::RegionsGap { .. } | SpaceWarning::RegionsWrap { .. } => Coverage::Part,
        SpaceWarning::RegionsDuplicate { .. }
        | SpaceWarning::RegionsOverlap { .. }
        | SpaceWarning::RegionsBeyond { .. } => Coverage::Repaired,
        _ => Coverage::Whole,
    }
}

/// The end of the addresses of a 64-bit program.
fn widest(listed: &Regions) -> u64 {
    let five_levels = |r: MemoryInfo| r.end().is_some_and(|end| end > MOST_57 >> 1 && end <= MOST_57);
    // Of a list in order the last region lies highest; it need not be the one.
    let last = listed.len().checked_sub(1).and_then(|last| listed.get(last)?.end());
    let is_lower = listed.is_contiguous() && last.is_some_and(|end| end <= MOST_57 >> 1);
    if !is_lower && listed.iter().any(five_levels) { MOST_57 } else { MOST_64 }
}

fn cut_overlaps(regions: &mut Vec<MemoryInfo>, warnings: &mut Vec<SpaceWarning>) {
    let (mut count, mut first) = (0, 0);
    let mut next = None;
    for region in regions.iter_mut().rev() {
        let most = next.map_or(u64::MAX, |n: u64| n - region.base);
        if next.is_some() && region.size > most {
            region.size = most;
            (count, first) = (count + 1, region.base);
        }
        next = Some(region.base);
    }
    if count > 0 {
        warnings.push(SpaceWarning::RegionsOverlap { count, first });
    }
    let before = regions.len();
    regions.retain(|r| r.end().is_some());
    if regions.len() < before {
        warnings.push(SpaceWarning::RegionsWrap { count: (before - regions.len()) as u64 });
    }
}

/// Rule 5.
fn bound(regions: &mut Vec<MemoryInfo>, most: u64, warnings: &mut Vec<SpaceWarning>) {
    let beyond = |r: &MemoryInfo| r.end().is_none_or(|end| end > most);
    let count = regions.iter().filter(|r| beyond(r)).count() as u64;
    if count > 0 {
        warnings.push(SpaceWarning::RegionsBeyond { count, most });
    }
    regions.retain(|r| r.base < most);
    for region in regions.iter_mut().filter(|r| beyond(r)) {
        region.size = most - region.base;
    }
}

/// Rule 6.
fn find_gaps(regions: &mut Vec<MemoryInfo>, warnings: &mut Vec<SpaceWarning>) {
    if let Some(first) = regions.first().map(|r| r.base).filter(|base| (1..=NEVER_ALLOCATED).contains(base)) {
        regions.insert(0, free(0, first));
    }
    let (mut end, mut count, mut bytes) = (0, 0, 0u64);
    for region in regions.iter() {
        if region.base > end {
            (count, bytes) = (count + 1, bytes.saturating_add(region.base - end));
        }
        end = region.base.saturating_add(region.size);
    }
    if count > 0 {
        warnings.push(SpaceWarning::RegionsGap { count, bytes });
    }
}

/// A free region, as `VirtualQueryEx` would list it.
fn free(base: u64, size: u64) -> MemoryInfo {
    MemoryInfo {
        base,
        size,
        allocation_base: 0,
        allocation_protect: Protection(0),
        state: MemoryState::FREE,
        protect: Protection::NOACCESS,
        kind: MemoryType(0),
    }
}
