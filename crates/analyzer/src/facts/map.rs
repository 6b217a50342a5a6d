//! The address space as a picture needs it: every region, or in a very large process neighbours drawn as one, and how
//! the free ones are spread over sizes.

use std::cmp::Reverse;

use dumplens_core::MemoryState;
use foldhash::HashMap;

use super::{RegionReport, program_space};
use crate::process::Process;
use crate::space::{Piece, Usage};

/// Rows that a picture holds at most. Each is some 45 bytes of a page, and a few pixels on it.
const MOST_ROWS: usize = 40_000;

/// What a picture shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceMap {
    /// In order of address, not overlapping.
    pub rows: Vec<MapRow>,
    /// How many regions they stand for, after splitting by usage.
    pub regions: u64,
    /// Neighbours smaller than this are one row; `None` if every region has its own.
    pub merged_below: Option<u64>,
    /// The free regions that the program can use, by size, from the class of the smallest one to that of the largest.
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
        let (mut regions, mut free, mut committed) = (0, FreeSpace::new(), HashMap::<Usage, u64>::default());
        // What a 32-bit program cannot use is no room for it.
        let limit = program_space::of(process).map_or(u64::MAX, |program| program.limit_bytes);
        for piece in process.space.pieces() {
            regions += 1;
            match piece.region.state {
                MemoryState::FREE if piece.base < limit => free.add(piece.size.min(limit - piece.base)),
                MemoryState::COMMIT => {
                    let sum = committed.entry(piece.usage).or_default();
                    *sum = sum.saturating_add(piece.size);
                }
                _ => {}
            }
        }
        let (merged_below, groups) = if regions > most {
            let (below, groups) = merged(process, most);
            (Some(below), groups)
        } else {
            (None, groups(process, 0, usize::MAX).unwrap_or_default())
        };
        SpaceMap {
            rows: groups.into_iter().filter_map(|group| group.row(process)).collect(),
            regions: regions as u64,
            merged_below,
            free: free.classes(),
            committed: by_size(committed),
            complete: process.space.is_complete(),
        }
    }
}

/// What each usage class has committed, the most first.
fn by_size(committed: HashMap<Usage, u64>) -> Vec<(String, u64)> {
    let mut rows: Vec<(Usage, u64)> = committed.into_iter().filter(|(_, bytes)| *bytes > 0).collect();
    rows.sort_unstable_by_key(|(usage, bytes)| (Reverse(*bytes), *usage));
    rows.into_iter().map(|(usage, bytes)| (usage.to_string(), bytes)).collect()
}

/// Neighbours that become one row.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// Base and size of the largest.
    largest: (u64, u64),
    base: u64,
    end: u64,
    regions: u64,
}

impl Group {
    fn row(self, process: &Process<'_>) -> Option<MapRow> {
        let mut region = RegionReport::new(process, &process.space.piece_at(self.largest.0)?);
        (region.base, region.end) = (self.base.into(), self.end.into());
        region.size_bytes = self.end - self.base;
        Some(MapRow { region, regions: self.regions })
    }
}

/// The rows, and the least size, a power of two, below which neighbours must be merged for them to be few enough.
fn merged(process: &Process<'_>, most: usize) -> (u64, Vec<Group>) {
    let few = (13..64).find_map(|bits| Some((1 << bits, groups(process, 1 << bits, most)?)));
    few.unwrap_or_else(|| (u64::MAX, groups(process, u64::MAX, usize::MAX).unwrap_or_default()))
}

/// Pieces smaller than `below` that touch, up to four times that together; every other piece by itself. `None` if they are
/// more than `most`.
fn groups(process: &Process<'_>, below: u64, most: usize) -> Option<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for piece in process.space.pieces() {
        if let Some(group) = groups.last_mut().filter(|group| joins(group, &piece, below)) {
            if piece.size > group.largest.1 {
                group.largest = (piece.base, piece.size);
            }
            group.end = piece.end();
            group.regions += 1;
            continue;
        }
        if groups.len() >= most {
            return None;
        }
        let (base, end) = (piece.base, piece.end());
        groups.push(Group { largest: (base, piece.size), base, end, regions: 1 });
    }
    Some(groups)
}

fn joins(group: &Group, piece: &Piece, below: u64) -> bool {
    let small = group.largest.1 < below && piece.size < below;
    // A hole between them would be drawn as memory.
    small && group.end == piece.base && piece.end() - group.base <= below.saturating_mul(4)
}

/// Classes of free regions, by powers of four from 4 kB on.
struct FreeSpace {
    classes: Vec<FreeClass>,
}

impl FreeSpace {
    fn new() -> FreeSpace {
        const CLASSES: u32 = 27;
        let from = |n: u32| if n == 0 { 0 } else { 1_u64 << (10 + 2 * n) };
        let class = |n: u32| FreeClass {
            from_bytes: from(n),
            below_bytes: (n + 1 < CLASSES).then(|| from(n + 1)),
            regions: 0,
            size_bytes: 0,
            largest_bytes: 0,
        };
        FreeSpace { classes: (0..CLASSES).map(class).collect() }
    }

    fn add(&mut self, size: u64) {
        let at = self.classes.partition_point(|class| class.from_bytes <= size) - 1;
        let class = &mut self.classes[at];
        class.regions += 1;
        class.size_bytes = class.size_bytes.saturating_add(size);
        class.largest_bytes = class.largest_bytes.max(size);
    }

    /// Those before the first and behind the last that has any are left out.
    fn classes(mut self) -> Vec<FreeClass> {
        let last = self.classes.iter().rposition(|class| class.regions > 0).map_or(0, |last| last + 1);
        self.classes.truncate(last);
        let first = self.classes.iter().position(|class| class.regions > 0).unwrap_or_default();
        self.classes.split_off(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_regions_by_size() {
        let free = |sizes: &[u64]| {
            let mut space = FreeSpace::new();
            for size in sizes {
                space.add(*size);
            }
            space.classes()
        };
        assert_eq!(free(&[]), []);
        let classes = free(&[0x1000, 0x3fff, 0x4000, 0x10_0000, u64::MAX, 1 << 63]);
        assert_eq!((classes[0].from_bytes, classes[0].below_bytes), (0x1000, Some(0x4000)));
        assert_eq!(
            (classes[0].regions, classes[0].size_bytes, classes[0].largest_bytes),
            (2, 0x4fff, 0x3fff)
        );
        assert_eq!((classes[1].from_bytes, classes[1].regions), (0x4000, 1));
        let last = classes.last().expect("a class");
        assert_eq!((last.regions, last.below_bytes, last.size_bytes), (2, None, u64::MAX));
        // Small ones have a class too: they may be left by a repaired map.
        assert_eq!(free(&[1])[0].from_bytes, 0);
        // Without holes from first to last.
        assert!(classes.windows(2).all(|two| two[0].below_bytes == Some(two[1].from_bytes)));
    }
}
