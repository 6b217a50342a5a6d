//! Regions that follow one another without gaps, in less than half the memory: a base gives the end of the region before,
//! and what else there is to say is one of a few dozen combinations.

use super::numbered::Numbered;
use super::{Attributes, MemoryInfo, Numbers};

/// What a region has of its own, without the gaps that alignment would leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, packed(2))]
struct Entry {
    base: u64,
    allocation_base: u64,
    /// The place of what it is in `attributes`.
    attributes: u16,
}

/// A list of regions each of which begins where the one before it ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packed {
    /// One for each region, and one more that begins where the last region ends.
    entries: Vec<Entry>,
    attributes: Vec<Attributes>,
}

impl Packed {
    pub(super) fn len(&self) -> usize {
        self.entries.len().saturating_sub(1)
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<MemoryInfo> {
        let [entry, next, ..] = self.entries.get(index..)? else { return None };
        let attributes = self.attributes.get(usize::from(entry.attributes))?;
        Some(MemoryInfo {
            base: entry.base,
            size: next.base.wrapping_sub(entry.base),
            allocation_base: entry.allocation_base,
            allocation_protect: attributes.allocation_protect,
            state: attributes.state,
            protect: attributes.protect,
            kind: attributes.kind,
        })
    }

    /// Base, size and number of every region, and what the numbers stand for.
    pub(super) fn numbers(&self) -> Numbers<'_, impl Iterator<Item = (u64, u64, u16)>> {
        let regions = self.entries.windows(2).filter_map(|entries| {
            let &[entry, next] = entries else { return None };
            Some((entry.base, next.base.wrapping_sub(entry.base), entry.attributes))
        });
        Numbers { regions, attributes: &self.attributes }
    }

    /// How many regions begin at `address` or below.
    pub(super) fn behind(&self, address: u64) -> usize {
        let regions = self.entries.get(..self.len()).unwrap_or_default();
        regions.partition_point(|entry| entry.base <= address)
    }
}

/// Packs regions one after the other.
pub(super) struct Packer {
    packed: Packed,
    /// Where the last region ends.
    end: u64,
    attributes: Numbered<Attributes>,
}

impl Packer {
    /// For so many regions.
    pub(super) fn new(regions: usize) -> Packer {
        let entries = Vec::with_capacity(regions.saturating_add(1));
        let packed = Packed { entries, ..Packed::default() };
        Packer { packed, end: 0, attributes: Numbered::default() }
    }

    /// Adds a region; `false` if it cannot be packed behind the others.
    #[inline]
    pub(super) fn push(&mut self, region: &MemoryInfo) -> bool {
        let follows = self.end == region.base || self.packed.entries.is_empty();
        let Some(end) = region.end().filter(|end| follows && *end > region.base) else { return false };
        let Some(attributes) = self.number(region) else { return false };
        self.end = end;
        let (base, allocation_base) = (region.base, region.allocation_base);
        self.packed.entries.push(Entry { base, allocation_base, attributes });
        true
    }

    pub(super) fn finish(mut self) -> Packed {
        if !self.packed.entries.is_empty() {
            self.packed.entries.push(Entry { base: self.end, allocation_base: 0, attributes: 0 });
        }
        Packed { attributes: self.attributes.into_list(), ..self.packed }
    }

    /// `None` if there are too many: a damaged list can have as many combinations as regions.
    #[inline]
    fn number(&mut self, region: &MemoryInfo) -> Option<u16> {
        let MemoryInfo { allocation_protect, state, protect, kind, .. } = *region;
        let high = u64::from(state.0) << 32 ^ u64::from(allocation_protect.0) << 24;
        let bits = high ^ u64::from(kind.0) << 12 ^ u64::from(protect.0);
        let attributes = Attributes { allocation_protect, state, protect, kind };
        let number = match self.attributes.find(attributes, bits) {
            Some(number) => number,
            None if self.attributes.next() > usize::from(u16::MAX) => return None,
            None => self.attributes.add(attributes),
        };
        u16::try_from(number).ok()
    }
}
