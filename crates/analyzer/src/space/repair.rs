//! From the regions that a dump lists to a map that is sorted, has no overlaps and no gaps.
//!
//! The rules, in this order; each that had to be applied is a warning:
//!
//! 1. A region of size zero is left out.
//! 2. The list is sorted by address.
//! 3. Of several regions that begin at one address, the first listed is kept.
//! 4. A region that reaches into the next one is cut off where that begins. (So one absurd size does not hide the
//!    regions behind it.) If there is no next one and it runs past 2^64, it is left out.
//! 5. What lies before the first region or between two is free: `VirtualQueryEx` lists everything from address 0 on,
//!    and writers that leave something out leave out the free regions. Nothing is added behind the last region.

use std::borrow::Cow;

use dumplens_core::{MemoryInfo, MemoryState, MemoryType, Protection, Regions};

use super::SpaceWarning;

/// The regions by the rules above: borrowed when there was nothing to repair.
pub(crate) fn repair<'d>(listed: &'d Regions, warnings: &mut Vec<SpaceWarning>) -> Cow<'d, Regions> {
    if listed.is_contiguous() && listed.get(0).is_none_or(|first| first.base == 0) {
        return Cow::Borrowed(listed);
    }
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
    fill_gaps(&mut regions, warnings);
    Cow::Owned(Regions::new(regions))
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

fn fill_gaps(regions: &mut Vec<MemoryInfo>, warnings: &mut Vec<SpaceWarning>) {
    let mut filled = Vec::with_capacity(regions.len());
    let (mut end, mut count, mut bytes) = (0, 0, 0u64);
    for region in regions.drain(..) {
        if region.base > end {
            let gap = free(end, region.base - end);
            (count, bytes) = (count + 1, bytes + gap.size);
            filled.push(gap);
        }
        end = region.base + region.size;
        filled.push(region);
    }
    if count > 0 {
        warnings.push(SpaceWarning::RegionsGap { count, bytes });
    }
    *regions = filled;
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
