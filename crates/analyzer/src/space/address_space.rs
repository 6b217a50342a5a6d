//! The address space of the process: every region with its usage.

use std::borrow::Cow;

use dumplens_core::{Dump, MemoryInfo, MemoryState, MemoryType, Protection, Regions};

use super::SpaceWarning;
use super::contradiction;
use super::repair;
use super::usage::settle;
use super::{Span, Usage};

/// The regions of a process, sorted by address, and the spans that say what they are for.
#[derive(Debug)]
pub struct AddressSpace<'d> {
    /// Sorted, not overlapping; without gaps where the coverage is whole or repaired.
    pub regions: Cow<'d, Regions>,
    /// How much of the process the regions cover.
    pub coverage: Coverage,
    /// Sorted, not overlapping: the classes of everything except `Free` and `<unknown>`.
    pub spans: Vec<Span>,
}

/// How much of a process is known, from the most on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// The dump holds the memory map.
    Whole,
    /// It holds one that had to be repaired, or that other streams contradict: nothing is missing, but not all of it may
    /// be right.
    Repaired,
    /// The memory map is cut off, or has gaps: what it does not list is not known.
    Part,
    /// There is no memory map: the regions are the memory that the dump contains and its modules, their state is
    /// `MEM_COMMIT`, and nothing is known of free or reserved space.
    Kept,
}

/// A region, or the part of one that has a single usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// First address.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// The region that it is, or is a part of.
    pub region: MemoryInfo,
    /// The class.
    pub usage: Usage,
    /// The claim that gave the class; `None` for `Free` and `<unknown>`.
    pub span: Option<Span>,
}

impl Piece {
    /// First address behind the piece.
    pub fn end(&self) -> u64 {
        self.base.saturating_add(self.size)
    }

    /// Whether a new allocation begins here, or the region is free: WinDbg's `+`.
    pub fn begins_allocation(&self) -> bool {
        self.region.state.is_free() || self.base == self.region.allocation_base
    }
}

impl<'d> AddressSpace<'d> {
    /// The regions of a dump, before anything is known of their use. `modules` are their first and last addresses, `tebs`
    /// where the threads' are. `most`: the end of the addresses that the program can have, if that is known.
    pub(crate) fn of(
        dump: &'d Dump,
        modules: &[(u64, u64)],
        tebs: &[u64],
        most: Option<u64>,
        warnings: &mut Vec<SpaceWarning>,
    ) -> AddressSpace<'d> {
        let list = match dump.memory_info() {
            Ok(Some(list)) => list,
            Ok(None) => return Self::without_map(dump, modules, warnings),
            Err(damage) => {
                warnings.push(SpaceWarning::Damage(damage));
                return Self::without_map(dump, modules, warnings);
            }
        };
        warnings.extend(list.damage.iter().cloned().map(SpaceWarning::Damage));
        let (regions, repaired) = repair::repair(&list.regions, most, warnings);
        if regions.is_empty() {
            return Self::without_map(dump, modules, warnings);
        }
        // What lies behind a list that is cut off contradicts nothing.
        let others =
            if list.is_cut { Coverage::Part } else { contradiction::find(&regions, modules, tebs, warnings) };
        AddressSpace { regions, coverage: repaired.max(others), spans: Vec::new() }
    }

    /// What can be said without a MemoryInfoList: modules are images, kept memory was committed.
    fn without_map(
        dump: &'d Dump,
        modules: &[(u64, u64)],
        warnings: &mut Vec<SpaceWarning>,
    ) -> AddressSpace<'d> {
        warnings.push(SpaceWarning::NoMemoryMap);
        let committed = |base, end: u64, kind| MemoryInfo {
            base,
            size: end - base,
            allocation_base: base,
            allocation_protect: Protection(0),
            state: MemoryState::COMMIT,
            protect: Protection(0),
            kind,
        };
        let mut images: Vec<MemoryInfo> = Vec::new();
        let mut sorted = modules.to_vec();
        sorted.sort_unstable();
        for (base, end) in sorted {
            let base = base.max(images.last().map_or(0, |last| last.base + last.size));
            if base < end {
                images.push(committed(base, end, MemoryType::IMAGE));
            }
        }
        let mut regions = Vec::new();
        let mut next = 0;
        for range in dump.memory().ranges() {
            let (mut from, end) = (range.start, range.start.saturating_add(range.size));
            while next > 0 && images[next - 1].end() > Some(from) {
                next -= 1;
            }
            while let Some(image) = images.get(next).filter(|i| i.base < end) {
                if from < image.base {
                    regions.push(committed(from, image.base, MemoryType(0)));
                }
                from = from.max(image.base + image.size);
                next += 1;
            }
            if from < end {
                regions.push(committed(from, end, MemoryType(0)));
            }
        }
        regions.extend(images);
        regions.sort_unstable_by_key(|r| r.base);
        AddressSpace {
            regions: Cow::Owned(Regions::from_iter(regions)),
            coverage: Coverage::Kept,
            spans: Vec::new(),
        }
    }

    /// Whether every region is known.
    pub fn is_complete(&self) -> bool {
        self.coverage <= Coverage::Repaired
    }

    /// The first address that the map does not cover, and may have to.
    pub(crate) fn known_until(&self) -> u64 {
        if self.is_complete() {
            return u64::MAX;
        }
        let mut end = 0;
        for region in self.regions.iter() {
            if region.base > end {
                break;
            }
            end = region.base.saturating_add(region.size);
        }
        end
    }

    /// Whether the dump holds a memory map, if only a part of it.
    pub fn is_mapped(&self) -> bool {
        self.coverage != Coverage::Kept
    }

    /// Says what the regions are for.
    pub(crate) fn classify(&mut self, claims: &[Span]) {
        self.spans = settle(claims);
    }

    /// The region that holds `address`.
    pub fn region_at(&self, address: u64) -> Option<MemoryInfo> {
        self.regions.at(address)
    }

    /// Every region, split where its usage changes, in order of address. What is free is never split.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        self.split(self.regions.iter(), 0)
    }

    /// Calls `each` with every piece of the regions that are `wanted`, in order of address. Of a million regions this takes
    /// half the time of [`AddressSpace::pieces`].
    #[inline]
    pub(crate) fn each_piece(&self, wanted: impl Fn(&MemoryInfo) -> bool, mut each: impl FnMut(&Piece)) {
        let mut spans = self.spans.as_slice();
        for region in self.regions.iter().filter(wanted) {
            let (mut base, end) = (region.base, region.base.saturating_add(region.size));
            loop {
                let piece = first(&mut spans, region, base);
                base = piece.end();
                each(&piece);
                if base >= end {
                    break;
                }
            }
        }
    }

    /// The pieces of the region at a position in the list.
    pub(crate) fn pieces_of(&self, index: usize) -> impl Iterator<Item = Piece> + '_ {
        let (base, end) = self.regions.get(index).map_or((0, 0), |r| (r.base, r.base.saturating_add(r.size)));
        let span = self.spans.partition_point(|s| s.end <= base);
        self.split(self.regions.iter_from(index), span).take_while(move |piece| piece.base < end)
    }

    /// The claim that covers `address`.
    pub(crate) fn span_at(&self, address: u64) -> Option<&Span> {
        let span = self.spans.partition_point(|s| s.end <= address);
        self.spans.get(span).filter(|s| s.base <= address)
    }

    /// The piece that holds `address`.
    pub fn piece_at(&self, address: u64) -> Option<Piece> {
        self.pieces_of(self.regions.position(address)?).find(|piece| piece.end() > address)
    }

    /// Splits regions in order of address; no span before the one at position `span` reaches into them.
    fn split<I: Iterator<Item = MemoryInfo>>(&self, regions: I, span: usize) -> Split<'_, I> {
        Split { regions, current: None, spans: &self.spans[span..] }
    }
}

/// The pieces of regions, which come in order of address.
struct Split<'s, I> {
    regions: I,
    /// The region that is being split, and where its next piece begins.
    current: Option<(MemoryInfo, u64)>,
    spans: &'s [Span],
}

impl<I: Iterator<Item = MemoryInfo>> Iterator for Split<'_, I> {
    type Item = Piece;

    #[inline]
    fn next(&mut self) -> Option<Piece> {
        let (region, base) = if let Some(rest) = self.current.take() {
            rest
        } else {
            let region = self.regions.next()?;
            (region, region.base)
        };
        let piece = first(&mut self.spans, region, base);
        let rest = piece.end() < region.base.saturating_add(region.size);
        self.current = rest.then(|| (region, piece.end()));
        Some(piece)
    }
}

/// Leaves the spans behind that end at `base` or before it.
#[inline]
pub(super) fn leave(spans: &mut &[Span], base: u64) {
    while let [first, rest @ ..] = spans
        && first.end <= base
    {
        *spans = rest;
    }
}

/// The first piece of a region from `base` on. Spans that end before it are left behind.
#[inline]
fn first(spans: &mut &[Span], region: MemoryInfo, base: u64) -> Piece {
    leave(spans, base);
    let end = region.base.saturating_add(region.size);
    let unclaimed = |end, usage| Piece { base, size: end - base, region, usage, span: None };
    // A claim is rare; free regions and others come in any order, which no processor guesses.
    let is_free = region.state.is_free();
    match spans.first().filter(|span| span.base < end && !is_free) {
        None => unclaimed(end, if is_free { Usage::Free } else { Usage::Unknown }),
        Some(span) if span.base > base => unclaimed(span.base, Usage::Unknown),
        Some(span) => {
            Piece { base, size: span.end.min(end) - base, region, usage: span.usage, span: Some(*span) }
        }
    }
}
