//! The regions of a process, held in little memory.
//!
//! A list as Windows writes it has no gaps, so a region ends where the next begins; a few dozen combinations of
//! state, type and protection recur; and the allocation a region belongs to began a few regions before it. That
//! makes 12 bytes of a region instead of 40, and a list of a million of them costs 12 MB and the page faults for
//! 12 MB. A list that is not like that is held as it stands.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::vocabulary::{MemoryState, MemoryType, Protection};

/// One region: what `VirtualQueryEx` said of a run of pages.
///
/// For `MEM_FREE` only base, size and state mean anything; for `MEM_RESERVE` the protection does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryInfo {
    /// First address; sign extension of 32-bit dumps is undone.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// First address of the allocation that the region belongs to; zero for a free region.
    pub allocation_base: u64,
    /// Protection given when the allocation was made.
    pub allocation_protect: Protection,
    /// Committed, reserved or free.
    pub state: MemoryState,
    /// Protection now.
    pub protect: Protection,
    /// Private, mapped or image.
    pub kind: MemoryType,
}

impl MemoryInfo {
    /// First address behind the region; `None` when it wraps past 2^64.
    pub fn end(&self) -> Option<u64> {
        self.base.checked_add(self.size)
    }

    /// Whether the region holds `address`.
    pub fn holds(&self, address: u64) -> bool {
        address.checked_sub(self.base).is_some_and(|offset| offset < self.size)
    }

    fn attributes(&self) -> Attributes {
        (self.allocation_protect, self.state, self.protect, self.kind)
    }
}

type Attributes = (Protection, MemoryState, Protection, MemoryType);

/// A list of regions, in the order in which they were added.
#[derive(Debug, Clone)]
pub struct Regions(Form);

#[derive(Debug, Clone)]
enum Form {
    /// Sorted, without gaps, overlaps and empty regions.
    Contiguous(Contiguous),
    /// Anything else; the second field is the order by address, made when it is first needed.
    Plain(Vec<MemoryInfo>, OnceLock<Vec<u32>>),
}

#[derive(Debug, Clone, Default)]
struct Contiguous {
    bases: Vec<u64>,
    tags: Vec<Tag>,
    /// First address behind the last region.
    end: u64,
    palette: Vec<Attributes>,
    /// Allocation bases that [`Tag::back`] cannot express, by index of the region.
    far: HashMap<usize, u64>,
}

/// The rest of a region.
#[derive(Debug, Clone, Copy)]
struct Tag {
    /// Index into the palette.
    attributes: u16,
    /// How many regions before this one the allocation began; [`FAR`] if the base is elsewhere.
    back: u16,
}

const FAR: u16 = u16::MAX;

impl Regions {
    /// A list of regions that may be anything.
    pub fn plain(regions: Vec<MemoryInfo>) -> Regions {
        Regions(Form::Plain(regions, OnceLock::new()))
    }

    /// Whether the list is sorted and without gaps, overlaps and empty regions. Only a list that was read so is
    /// known to be.
    pub fn is_contiguous(&self) -> bool {
        matches!(self.0, Form::Contiguous(_))
    }

    /// How many regions there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Contiguous(list) => list.bases.len(),
            Form::Plain(list, _) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The region at a position in the list.
    pub fn get(&self, index: usize) -> Option<MemoryInfo> {
        match &self.0 {
            Form::Contiguous(list) => list.get(index),
            Form::Plain(list, _) => list.get(index).copied(),
        }
    }

    /// The regions in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = MemoryInfo> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Position of the region that holds `address`: the one with the highest base not above it, if it reaches
    /// that far.
    pub fn position(&self, address: u64) -> Option<usize> {
        let index = match &self.0 {
            Form::Contiguous(list) => list.bases.partition_point(|base| *base <= address).checked_sub(1)?,
            Form::Plain(list, order) => {
                let order = order.get_or_init(|| by_address(list));
                let base = |i: &u32| list.get(*i as usize).map_or(u64::MAX, |r| r.base);
                let after = order.partition_point(|i| base(i) <= address);
                *order.get(after.checked_sub(1)?)? as usize
            }
        };
        self.get(index).filter(|r| r.holds(address)).map(|_| index)
    }

    /// The region that holds `address`; see [`Regions::position`].
    pub fn at(&self, address: u64) -> Option<MemoryInfo> {
        self.get(self.position(address)?)
    }
}

fn by_address(list: &[MemoryInfo]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..u32::try_from(list.len()).unwrap_or(u32::MAX)).collect();
    if !list.is_sorted_by_key(|r| r.base) {
        order.sort_by_key(|i| list.get(*i as usize).map(|r| (r.base, r.size)));
    }
    order
}

impl Contiguous {
    fn get(&self, index: usize) -> Option<MemoryInfo> {
        let base = *self.bases.get(index)?;
        let tag = self.tags.get(index)?;
        let end = self.bases.get(index.wrapping_add(1)).copied().unwrap_or(self.end);
        let (allocation_protect, state, protect, kind) = *self.palette.get(usize::from(tag.attributes))?;
        let allocation_base = match tag.back {
            FAR => self.far.get(&index).copied().unwrap_or(0),
            back => self.bases.get(index.wrapping_sub(usize::from(back))).copied().unwrap_or(0),
        };
        let size = end.wrapping_sub(base);
        Some(MemoryInfo { base, size, allocation_base, allocation_protect, state, protect, kind })
    }
}

/// Takes regions one by one; holds them contiguously for as long as they are.
#[derive(Debug)]
pub(crate) struct Builder {
    regions: Regions,
    /// Combinations met last: their attributes and index in the palette.
    recent: [(Attributes, u16); 4],
    known: HashMap<Attributes, u16>,
    /// Position and base of the region that began the present allocation.
    allocation: (usize, u64),
}

impl Builder {
    /// For about so many regions.
    pub(crate) fn new(capacity: usize) -> Builder {
        let list = Contiguous {
            bases: Vec::with_capacity(capacity),
            tags: Vec::with_capacity(capacity),
            ..Contiguous::default()
        };
        let none = (Protection(0), MemoryState(0), Protection(0), MemoryType(0));
        Builder {
            regions: Regions(Form::Contiguous(list)),
            recent: [(none, u16::MAX); 4],
            known: HashMap::new(),
            allocation: (0, u64::MAX),
        }
    }

    pub(crate) fn push(&mut self, mut region: MemoryInfo) {
        if region.state.is_free() {
            // Meaningless there, and writers put anything in.
            region.allocation_base = 0;
        }
        let attributes = self.attributes(region.attributes());
        match (&mut self.regions.0, attributes, region.end()) {
            (Form::Plain(list, _), ..) => list.push(region),
            (Form::Contiguous(list), Some(attributes), Some(end))
                if region.size > 0 && (list.bases.is_empty() || list.end == region.base) =>
            {
                let index = list.bases.len();
                if region.allocation_base == region.base {
                    self.allocation = (index, region.base);
                }
                let (began, base) = self.allocation;
                let back = u16::try_from(index.wrapping_sub(began)).unwrap_or(FAR);
                let back = if base == region.allocation_base { back } else { FAR };
                if back == FAR && region.allocation_base != 0 {
                    list.far.insert(index, region.allocation_base);
                }
                list.bases.push(region.base);
                list.tags.push(Tag { attributes, back });
                list.end = end;
            }
            _ => {
                let mut plain: Vec<MemoryInfo> = self.regions.iter().collect();
                plain.push(region);
                self.regions = Regions::plain(plain);
            }
        }
    }

    /// The attributes' place in the palette; `None` when it is full, which only a damaged list brings about.
    fn attributes(&mut self, wanted: Attributes) -> Option<u16> {
        let Form::Contiguous(list) = &mut self.regions.0 else {
            return None;
        };
        if let Some((_, index)) =
            self.recent.iter().find(|(known, index)| *known == wanted && *index != u16::MAX)
        {
            return Some(*index);
        }
        let index = match self.known.get(&wanted) {
            Some(index) => *index,
            None => {
                let index = u16::try_from(list.palette.len()).ok().filter(|i| *i != u16::MAX)?;
                list.palette.push(wanted);
                self.known.insert(wanted, index);
                index
            }
        };
        self.recent.rotate_right(1);
        if let Some(first) = self.recent.first_mut() {
            *first = (wanted, index);
        }
        Some(index)
    }

    pub(crate) fn finish(self) -> Regions {
        self.regions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(base: u64, size: u64, allocation_base: u64, protect: u32) -> MemoryInfo {
        MemoryInfo {
            base,
            size,
            allocation_base,
            allocation_protect: Protection(4),
            state: MemoryState::COMMIT,
            protect: Protection(protect),
            kind: MemoryType::PRIVATE,
        }
    }

    fn build(regions: &[MemoryInfo]) -> Regions {
        let mut builder = Builder::new(regions.len());
        regions.iter().for_each(|r| builder.push(*r));
        builder.finish()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let list = [
            region(0x1000, 0x1000, 0x1000, 4),
            region(0x2000, 0x3000, 0x1000, 0x104),
            region(0x5000, 0x1000, 0x400, 4), // an allocation that began before the list
            region(0x6000, 0x1000, 0x6000, 2),
            region(0x7000, 0x1000, 0x6000, 2),
        ];
        let regions = build(&list);
        assert!(regions.is_contiguous());
        assert_eq!(regions.iter().collect::<Vec<_>>(), list);
        assert_eq!(regions.at(0x4fff), Some(list[1]));
        assert_eq!((regions.at(0xfff), regions.at(0x8000)), (None, None));
    }

    #[test]
    fn an_allocation_of_a_hundred_thousand_regions() {
        let list: Vec<_> = (0..100_000).map(|i| region(i * 0x1000, 0x1000, 0, 2 + (i as u32 & 2))).collect();
        assert_eq!(build(&list).iter().collect::<Vec<_>>(), list);
    }

    #[test]
    fn a_list_that_is_not_contiguous_is_held_as_it_stands() {
        let gap = [region(0x1000, 0x1000, 0x1000, 4), region(0x3000, 0x1000, 0x3000, 4)];
        let unsorted = [gap[1], gap[0], region(u64::MAX - 4, 0x1000, 0, 4)];
        for list in [&gap[..], &unsorted[..]] {
            let regions = build(list);
            assert!(!regions.is_contiguous());
            assert_eq!(regions.iter().collect::<Vec<_>>(), list);
            assert_eq!(regions.at(0x1fff), Some(gap[0]));
            assert_eq!(regions.at(0x2fff), None);
        }
    }

    #[test]
    fn seventy_thousand_kinds_of_protection() {
        let list: Vec<_> = (0..70_000).map(|i| region(i * 0x1000, 0x1000, 0, i as u32)).collect();
        assert_eq!(build(&list).iter().collect::<Vec<_>>(), list);
    }
}
