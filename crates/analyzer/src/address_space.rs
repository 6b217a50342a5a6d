//! The process's address space: every region, and what it is for.

use std::borrow::Cow;

use dumplens_core::{Dump, MemoryInfo, MemoryState, MemoryType, Protection};

use crate::repair;
use crate::usage::{Span, Usage, settle};
use crate::warning::Warning;

/// The regions of a process, sorted by address, and the spans that say what they are for.
#[derive(Debug)]
pub struct AddressSpace<'d> {
    /// Sorted, not overlapping; without gaps when `complete`.
    pub regions: Cow<'d, [MemoryInfo]>,
    /// Whether the dump holds a memory map. If not, the regions are what it keeps and its modules, their state is
    /// `MEM_COMMIT` and nothing is known of free or reserved space.
    pub complete: bool,
    /// Sorted, not overlapping: the classes of what is not free and not `<unknown>`.
    pub spans: Vec<Span>,
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
    /// The regions of a dump, before anything is known of their use.
    pub(crate) fn of(
        dump: &'d Dump,
        modules: &[(u64, u64)],
        warnings: &mut Vec<Warning>,
    ) -> AddressSpace<'d> {
        let list = match dump.memory_info() {
            Ok(Some(list)) if !list.entries.is_empty() => list,
            Ok(_) => return Self::without_map(dump, modules, warnings),
            Err(damage) => {
                warnings.push(Warning::Damage(damage.clone()));
                return Self::without_map(dump, modules, warnings);
            }
        };
        warnings.extend(list.damage.iter().cloned().map(Warning::Damage));
        let regions = repair::repair(list, warnings);
        AddressSpace {
            regions,
            complete: true,
            spans: Vec::new(),
        }
    }

    /// What can be said without a MemoryInfoList: modules are images, kept memory was committed.
    fn without_map(dump: &'d Dump, modules: &[(u64, u64)], warnings: &mut Vec<Warning>) -> AddressSpace<'d> {
        warnings.push(Warning::NoMemoryMap);
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
            regions: Cow::Owned(regions),
            complete: false,
            spans: Vec::new(),
        }
    }

    /// Says what the regions are for.
    pub(crate) fn classify(&mut self, claims: &[Span]) {
        self.spans = settle(claims);
    }

    /// The region that holds `address`.
    pub fn region_at(&self, address: u64) -> Option<&MemoryInfo> {
        let after = self.regions.partition_point(|r| r.base <= address);
        self.regions
            .get(after.checked_sub(1)?)
            .filter(|r| address - r.base < r.size)
    }

    /// Every region, split where its usage changes, in order of address. What is free is never split.
    pub fn pieces(&self) -> Pieces<'_> {
        Pieces {
            regions: &self.regions,
            spans: &self.spans,
            at: 0,
        }
    }

    /// The piece that holds `address`.
    pub fn piece_at(&self, address: u64) -> Option<Piece> {
        let region = self
            .regions
            .partition_point(|r| r.base <= address)
            .checked_sub(1)?;
        let span = self.spans.partition_point(|s| s.end <= self.regions[region].base);
        let pieces = Pieces {
            regions: &self.regions[region..=region],
            spans: &self.spans[span..],
            at: 0,
        };
        pieces
            .into_iter()
            .find(|p| address >= p.base && address - p.base < p.size)
    }
}

/// The pieces of an address space; see [`AddressSpace::pieces`].
#[derive(Debug, Clone)]
pub struct Pieces<'s> {
    regions: &'s [MemoryInfo],
    spans: &'s [Span],
    /// Where in the first region the next piece begins.
    at: u64,
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let region = *self.regions.first()?;
        let base = self.at.max(region.base);
        let end = region.base.saturating_add(region.size);
        while self.spans.first().is_some_and(|s| s.end <= base) {
            self.spans = &self.spans[1..];
        }
        let claim = self
            .spans
            .first()
            .filter(|s| s.base < end && !region.state.is_free())
            .copied();
        let (until, usage, span) = match claim {
            None if region.state.is_free() => (end, Usage::Free, None),
            None => (end, Usage::Unknown, None),
            Some(span) if span.base > base => (span.base, Usage::Unknown, None),
            Some(span) => (span.end.min(end), span.usage, Some(span)),
        };
        if until >= end {
            self.regions = &self.regions[1..];
        }
        self.at = until;
        Some(Piece {
            base,
            size: until - base,
            region,
            usage,
            span,
        })
    }
}
