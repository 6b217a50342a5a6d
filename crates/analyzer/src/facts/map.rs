//! The address space as a picture needs it: every region, or in a very large process neighbours drawn as one, and how
//! the free ones are spread over sizes.

use std::cmp::Reverse;

use dumplens_core::{MemoryState, MemoryType, Protection};
use foldhash::HashMap;

use super::free_classes::{FreeClass, FreeSpace};
use super::neighbours::{Group, Neighbours};
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
    /// What the rows are: of those that differ only in their place, the first.
    pub kinds: Vec<RegionReport>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapRow {
    /// First address.
    pub base: u64,
    /// First address behind it.
    pub end: u64,
    /// First address of the allocation; `None` if free or not known.
    pub allocation_base: Option<u64>,
    /// What it is, or the largest of them: its place in [`SpaceMap::kinds`].
    pub kind: usize,
    /// How many regions it stands for.
    pub regions: u64,
}

impl SpaceMap {
    /// The address space of a process.
    pub fn new(process: &Process<'_>) -> SpaceMap {
        SpaceMap::with_at_most(process, MOST_ROWS)
    }

    /// As [`SpaceMap::new`], with another bound.
    pub fn with_at_most(process: &Process<'_>, most: usize) -> SpaceMap {
        let (mut regions, mut free, mut neighbours) = (0, FreeSpace::new(), Neighbours::new(most));
        let mut committed: Vec<(Usage, u64)> = Vec::new();
        // What a 32-bit program cannot use is no room for it.
        let limit = program_space::of(process).map_or(u64::MAX, |program| program.limit_bytes);
        let count = |piece: &Piece| {
            regions += 1;
            neighbours.add(piece.base, piece.end());
            match piece.region.state {
                MemoryState::FREE if piece.base < limit => free.add(piece.size.min(limit - piece.base)),
                MemoryState::COMMIT => match committed.iter_mut().find(|(usage, _)| *usage == piece.usage) {
                    Some((_, sum)) => *sum = sum.saturating_add(piece.size),
                    None => committed.push((piece.usage, piece.size)),
                },
                _ => {}
            }
        };
        process.space.each_piece(|_| true, count);
        let (groups, merged_below) = neighbours.finish();
        let mut kinds = Kinds::default();
        SpaceMap {
            rows: groups.iter().filter_map(|group| kinds.row(process, group)).collect(),
            kinds: kinds.list,
            regions,
            merged_below,
            free: free.classes(),
            committed: by_size(committed),
            complete: process.space.is_complete(),
        }
    }
}

/// What each usage class has committed, the most first.
fn by_size(mut rows: Vec<(Usage, u64)>) -> Vec<(String, u64)> {
    rows.retain(|(_, bytes)| *bytes > 0);
    rows.sort_unstable_by_key(|(usage, bytes)| (Reverse(*bytes), *usage));
    rows.into_iter().map(|(usage, bytes)| (usage.to_string(), bytes)).collect()
}

/// By what kinds differ; a claim is told by where it begins.
type Key = (Usage, MemoryState, MemoryType, Protection, Option<u64>);

/// What rows are, each kind once.
#[derive(Default)]
struct Kinds {
    list: Vec<RegionReport>,
    numbers: HashMap<Key, usize>,
}

impl Kinds {
    fn row(&mut self, process: &Process<'_>, group: &Group) -> Option<MapRow> {
        let piece = process.space.piece_at(group.largest.0)?;
        let region = &piece.region;
        let has_allocation = !region.state.is_free() && process.space.is_mapped();
        let &Group { base, end, regions, .. } = group;
        let allocation_base = has_allocation.then_some(region.allocation_base);
        Some(MapRow { base, end, allocation_base, kind: self.number(process, &piece), regions })
    }

    fn number(&mut self, process: &Process<'_>, piece: &Piece) -> usize {
        let region = &piece.region;
        let key = (piece.usage, region.state, region.kind, region.protect, piece.span.map(|span| span.base));
        *self.numbers.entry(key).or_insert_with(|| {
            self.list.push(RegionReport::new(process, piece));
            self.list.len() - 1
        })
    }
}
