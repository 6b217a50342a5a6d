//! Regions that follow one another without gaps, in a sixth of the memory: a base gives the end of the region before and,
//! if an allocation begins there, that of others; what else there is to say is one of a few dozen combinations.

use super::numbered::Numbered;
use super::{Attributes, MemoryInfo, Numbers};

/// Bits of an address inside a page.
const PAGE_BITS: u32 = 12;
/// Bits that a base cannot have: pages are looked at, and addresses have 48 bits.
const UNFIT: u64 = !(((1 << 36) - 1) << PAGE_BITS);
/// Where the page begins in an [`Entry`].
const PAGE_AT: u32 = 28;
/// The number of regions that an allocation can have before one of it.
const BACK: u64 = (1 << 20) - 1;

/// What a region has of its own: in the upper 36 bits the page of its base, then in 20 how many regions before it its
/// allocation begins, and in the lower 8 the place of what it is in `attributes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry(u64);

impl Entry {
    #[inline]
    fn new(base: u64, back: u64, number: u8) -> Entry {
        Entry(base << (PAGE_AT - PAGE_BITS) | back << 8 | u64::from(number))
    }

    #[inline]
    fn base(self) -> u64 {
        self.0 >> PAGE_AT << PAGE_BITS
    }

    #[inline]
    fn back(self) -> usize {
        usize::try_from(self.0 >> 8 & BACK).unwrap_or(usize::MAX)
    }

    #[inline]
    fn number(self) -> u8 {
        self.0.to_le_bytes()[0]
    }
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
        let attributes = self.attributes.get(usize::from(entry.number()))?;
        let allocation = self.entries.get(index.checked_sub(entry.back())?)?;
        Some(MemoryInfo {
            base: entry.base(),
            size: next.base().wrapping_sub(entry.base()),
            allocation_base: if attributes.state.is_free() { 0 } else { allocation.base() },
            allocation_protect: attributes.allocation_protect,
            state: attributes.state,
            protect: attributes.protect,
            kind: attributes.kind,
        })
    }

    /// Base, size and number of every region, and what the numbers stand for.
    pub(super) fn numbers(&self) -> Numbers<'_, impl Iterator<Item = (u64, u64, u8)>> {
        let regions = self.entries.windows(2).filter_map(|entries| {
            let &[entry, next] = entries else { return None };
            Some((entry.base(), next.base().wrapping_sub(entry.base()), entry.number()))
        });
        Numbers { regions, attributes: &self.attributes }
    }

    /// How many regions begin at `address` or below.
    pub(super) fn behind(&self, address: u64) -> usize {
        let regions = self.entries.get(..self.len()).unwrap_or_default();
        regions.partition_point(|entry| entry.base() <= address)
    }
}

/// Packs regions one after the other.
pub(super) struct Packer {
    packed: Packed,
    /// Where the last region ends.
    end: u64,
    /// The last allocation: its base, which no region can have before there is one, and the position of its first region.
    allocation: (u64, usize),
    numbers: Numbered,
}

impl Packer {
    /// For so many regions.
    pub(super) fn new(regions: usize) -> Packer {
        let entries = Vec::with_capacity(regions.saturating_add(1));
        let packed = Packed { entries, ..Packed::default() };
        Packer { packed, end: 0, allocation: (u64::MAX, 0), numbers: Numbered::default() }
    }

    /// Adds regions up to the first that cannot be packed behind the others; how many these are.
    ///
    /// That is one behind a gap, an empty one, one that is not of whole pages, one whose allocation does not begin with a
    /// region that was listed, or one of too many kinds.
    #[inline(never)]
    pub(super) fn extend(&mut self, regions: impl Iterator<Item = MemoryInfo>) -> usize {
        let entries = &mut self.packed.entries;
        let before = entries.len();
        let (mut end, (mut allocation, mut first)) = (self.end, self.allocation);
        for MemoryInfo { base, size, allocation_base, allocation_protect, state, protect, kind } in regions {
            let follows = base == end || entries.is_empty();
            let behind = base.wrapping_add(size);
            if !follows || behind <= base || (base | behind | allocation_base) & UNFIT != 0 {
                break;
            }
            // Without branches: whether a region begins an allocation, and whether it is free, no processor guesses.
            if allocation_base == base {
                (allocation, first) = (base, entries.len());
            }
            let (of, back) =
                if state.is_free() { (0, 0) } else { (allocation, entries.len().wrapping_sub(first) as u64) };
            if allocation_base != of || back > BACK {
                break;
            }
            let attributes = Attributes { allocation_protect, state, protect, kind };
            let Some(number) = self.numbers.number(&attributes) else { break };
            entries.push(Entry::new(base, back, number));
            end = behind;
        }
        (self.end, self.allocation) = (end, (allocation, first));
        entries.len().saturating_sub(before)
    }

    pub(super) fn finish(mut self) -> Packed {
        if !self.packed.entries.is_empty() {
            self.packed.entries.push(Entry::new(self.end, 0, 0));
        }
        Packed { attributes: self.numbers.into_list(), ..self.packed }
    }
}
