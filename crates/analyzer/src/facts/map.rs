//! The address space as a picture needs it: every region, or in a very large process neighbours drawn as one, and how
//! the free ones are spread over sizes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::RegionReport;
use crate::process::Process;
use crate::space::{Piece, Usage};

/// Rows that a picture holds at most. Each is some 45 bytes of a page, and a few pixels on it.
pub const MOST_ROWS: usize = 40_000;

/// What a picture shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceMap {
    /// In order of address, not overlapping.
    pub rows: Vec<MapRow>,
    /// How many regions they stand for, after splitting by usage.
    pub regions: u64,
    /// Neighbours smaller than this are one row; `None` if every region has its own.
    pub merged_below: Option<u64>,
    /// The free regions by size, from the class of the smallest one to that of the largest.
    pub free: Vec<FreeClass>,
    /// What each usage class has committed, the most first; classes without any are left out.
    pub committed: Vec<(String, u64)>,
    /// Whether all free regions are known.
    pub complete: bool,
}

/// A region, or neighbours of which the largest one is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRow {
    /// The region, or the largest of them, with base, end and size of all.
    pub region: RegionReport,
    /// How many there are.
    pub regions: u64,
}

/// Free regions of similar size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeClass {
    /// Minimum size.
    pub from_bytes: u64,
    /// Upper limit of the size, exclusive; `None` for the last class.
    pub below_bytes: Option<u64>,
    /// How many.
    pub regions: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// The largest of them.
    pub largest_bytes: u64,
}

impl SpaceMap {
    /// The address space of a process.
    pub fn new(process: &Process<'_>) -> SpaceMap {
        SpaceMap::with_at_most(process, MOST_ROWS)
    }

    /// As [`SpaceMap::new`], with another bound.
    pub fn with_at_most(process: &Process<'_>, most: usize) -> SpaceMap {
        let regions = process.space.pieces().count();
        let below = (regions > most).then(|| merge_below(process, most));
        let mut rows: Vec<MapRow> = Vec::new();
        groups(process, below.unwrap_or_default(), |group| {
            rows.push(group.row(process));
            true
        });
        SpaceMap {
            rows,
            regions: regions as u64,
            merged_below: below,
            free: free(process.space.pieces().filter(|piece| piece.region.state.is_free()).map(|p| p.size)),
            committed: committed(process),
            complete: process.space.is_complete(),
        }
    }
}

/// Bytes that each usage class has committed.
fn committed(process: &Process<'_>) -> Vec<(String, u64)> {
    let mut sums: BTreeMap<Usage, u64> = BTreeMap::new();
    for piece in process.space.pieces().filter(|piece| piece.region.state.is_commit()) {
        let sum = sums.entry(piece.usage).or_default();
        *sum = sum.saturating_add(piece.size);
    }
    let mut rows: Vec<(String, u64)> = sums
        .into_iter()
        .filter(|(_, bytes)| *bytes > 0)
        .map(|(usage, bytes)| (usage.to_string(), bytes))
        .collect();
    rows.sort_by_key(|(_, bytes)| Reverse(*bytes));
    rows
}

/// The least size, a power of two, below which neighbours must be merged for the rows to be few enough.
fn merge_below(process: &Process<'_>, most: usize) -> u64 {
    let enough = |below: u64| {
        let mut rows = 0;
        groups(process, below, |_| {
            rows += 1;
            rows <= most
        });
        rows <= most
    };
    (13..64).map(|bits| 1 << bits).find(|below| enough(*below)).unwrap_or(u64::MAX)
}

/// Neighbours that become one row.
#[derive(Debug, Clone, Copy)]
struct Group {
    largest: Piece,
    base: u64,
    end: u64,
    regions: u64,
}

impl Group {
    fn row(self, process: &Process<'_>) -> MapRow {
        let mut region = RegionReport::new(process, &self.largest);
        (region.base, region.end) = (self.base.into(), self.end.into());
        region.size_bytes = self.end - self.base;
        MapRow { region, regions: self.regions }
    }
}

/// Pieces smaller than `below` that touch, up to four times that together; every other piece by itself. Ends once `each` wants
/// no more.
fn groups(process: &Process<'_>, below: u64, mut each: impl FnMut(Group) -> bool) {
    let mut open: Option<Group> = None;
    for piece in process.space.pieces() {
        let own = Group { largest: piece, base: piece.base, end: piece.end(), regions: 1 };
        open = match open.take() {
            Some(group) if joins(&group, &piece, below) => Some(Group {
                largest: if piece.size > group.largest.size { piece } else { group.largest },
                end: piece.end(),
                regions: group.regions + 1,
                ..group
            }),
            Some(group) if !each(group) => return,
            _ => Some(own),
        };
    }
    if let Some(group) = open {
        each(group);
    }
}

fn joins(group: &Group, piece: &Piece, below: u64) -> bool {
    let small = group.largest.size < below && piece.size < below;
    // A hole between them would be drawn as memory.
    small && group.end == piece.base && piece.end() - group.base <= below.saturating_mul(4)
}

/// Classes by powers of four from 4 kB on; those before the first and behind the last that has any are left out.
fn free(sizes: impl Iterator<Item = u64>) -> Vec<FreeClass> {
    const CLASSES: u32 = 27;
    let from = |n: u32| if n == 0 { 0 } else { 1_u64 << (10 + 2 * n) };
    let class = |n: u32| FreeClass {
        from_bytes: from(n),
        below_bytes: (n + 1 < CLASSES).then(|| from(n + 1)),
        regions: 0,
        size_bytes: 0,
        largest_bytes: 0,
    };
    let mut classes: Vec<FreeClass> = (0..CLASSES).map(class).collect();
    for size in sizes {
        let at = classes.partition_point(|class| class.from_bytes <= size) - 1;
        let class = &mut classes[at];
        class.regions += 1;
        class.size_bytes = class.size_bytes.saturating_add(size);
        class.largest_bytes = class.largest_bytes.max(size);
    }
    let last = classes.iter().rposition(|class| class.regions > 0).map_or(0, |last| last + 1);
    classes.truncate(last);
    let first = classes.iter().position(|class| class.regions > 0).unwrap_or_default();
    classes.split_off(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_regions_by_size() {
        assert_eq!(free([].into_iter()), []);
        let classes = free([0x1000, 0x3fff, 0x4000, 0x10_0000, u64::MAX, 1 << 63].into_iter());
        assert_eq!((classes[0].from_bytes, classes[0].below_bytes), (0x1000, Some(0x4000)));
        assert_eq!(
            (classes[0].regions, classes[0].size_bytes, classes[0].largest_bytes),
            (2, 0x4fff, 0x3fff)
        );
        assert_eq!((classes[1].from_bytes, classes[1].regions), (0x4000, 1));
        let last = classes.last().expect("a class");
        assert_eq!((last.regions, last.below_bytes, last.size_bytes), (2, None, u64::MAX));
        // Small ones have a class too: they may be left by a repaired map.
        assert_eq!(free([1].into_iter())[0].from_bytes, 0);
        // Without holes from first to last.
        assert!(classes.windows(2).all(|two| two[0].below_bytes == Some(two[1].from_bytes)));
    }
}
