//! Regions that follow one another without gaps, in less than half the memory: a base gives the end of the region before,
//! and what else there is to say is one of a few dozen combinations.

use super::MemoryInfo;
use crate::numbered::Numbered;
use crate::vocabulary::{MemoryState, MemoryType, Protection};

/// Everything of a region but its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Attributes {
    allocation_protect: Protection,
    state: MemoryState,
    protect: Protection,
    kind: MemoryType,
}

/// A list of regions each of which begins where the one before it ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packed {
    bases: Vec<u64>,
    /// Where the last region ends.
    end: u64,
    allocations: Vec<u64>,
    /// Of each region the place of what it is in `attributes`.
    numbers: Vec<u16>,
    attributes: Vec<Attributes>,
}

impl Packed {
    pub(super) fn len(&self) -> usize {
        self.bases.len()
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<MemoryInfo> {
        let base = *self.bases.get(index)?;
        let end = self.bases.get(index.wrapping_add(1)).copied().unwrap_or(self.end);
        let attributes = *self.attributes.get(usize::from(*self.numbers.get(index)?))?;
        Some(MemoryInfo {
            base,
            size: end.wrapping_sub(base),
            allocation_base: *self.allocations.get(index)?,
            allocation_protect: attributes.allocation_protect,
            state: attributes.state,
            protect: attributes.protect,
            kind: attributes.kind,
        })
    }

    /// How many regions begin at `address` or below.
    pub(super) fn behind(&self, address: u64) -> usize {
        self.bases.partition_point(|base| *base <= address)
    }
}

/// Packs regions one after the other.
pub(super) struct Packer {
    packed: Packed,
    attributes: Numbered<Attributes>,
}

impl Packer {
    /// For so many regions.
    pub(super) fn new(regions: usize) -> Packer {
        let packed = Packed {
            bases: Vec::with_capacity(regions),
            allocations: Vec::with_capacity(regions),
            numbers: Vec::with_capacity(regions),
            ..Packed::default()
        };
        Packer { packed, attributes: Numbered::default() }
    }

    /// Adds a region; `false` if it cannot be packed behind the others.
    #[inline]
    pub(super) fn push(&mut self, region: &MemoryInfo) -> bool {
        let follows = self.packed.end == region.base || self.packed.bases.is_empty();
        let Some(end) = region.end().filter(|end| follows && *end > region.base) else { return false };
        let Some(number) = self.number(region) else { return false };
        self.packed.end = end;
        self.packed.bases.push(region.base);
        self.packed.allocations.push(region.allocation_base);
        self.packed.numbers.push(number);
        true
    }

    pub(super) fn finish(self) -> Packed {
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
