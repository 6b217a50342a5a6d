//! The regions of a process.

mod numbered;
mod packed;
#[cfg(test)]
mod tests;

use self::packed::{Packed, Packer};
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
}

/// Everything of a region but its addresses, as in [`MemoryInfo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// Protection given when the allocation was made.
    pub allocation_protect: Protection,
    /// Committed, reserved or free.
    pub state: MemoryState,
    /// Protection now.
    pub protect: Protection,
    /// Private, mapped or image.
    pub kind: MemoryType,
}

/// A list of regions in which a number says what each is.
#[derive(Debug)]
pub struct Numbers<'r, I> {
    /// Base, size and number of each, in order of address.
    pub regions: I,
    /// What a number stands for: its place in this list.
    pub attributes: &'r [Attributes],
}

/// A list of regions, in the order in which it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    list: List,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum List {
    /// Each region begins where the one before it ends.
    Contiguous(Packed),
    /// By address.
    Sorted(Vec<MemoryInfo>),
    /// Anything, and positions in the order of the addresses.
    Any(Vec<MemoryInfo>, Vec<u32>),
}

impl Default for Regions {
    fn default() -> Regions {
        Regions { list: List::Contiguous(Packed::default()) }
    }
}

/// A list of regions that may be anything. Addresses are looked up among the first 2^32 of them.
impl FromIterator<MemoryInfo> for Regions {
    fn from_iter<I: IntoIterator<Item = MemoryInfo>>(regions: I) -> Regions {
        let regions: Vec<MemoryInfo> = regions.into_iter().collect();
        let mut builder = Builder::new(regions.len());
        builder.extend(regions.iter().copied());
        builder.finish()
    }
}

/// Makes a list of regions that come some at a time.
pub(crate) struct Builder {
    packer: Packer,
    /// All of them, once they cannot be packed.
    plain: Option<Vec<MemoryInfo>>,
}

impl Builder {
    /// For so many regions.
    pub(crate) fn new(regions: usize) -> Builder {
        Builder { packer: Packer::new(regions), plain: None }
    }

    #[inline]
    pub(crate) fn extend(&mut self, regions: impl ExactSizeIterator<Item = MemoryInfo> + Clone) {
        let count = regions.len();
        let packed = if self.plain.is_none() { self.packer.extend(regions.clone()) } else { 0 };
        if packed < count {
            self.unpacked().extend(regions.skip(packed));
        }
    }

    /// The list as it is, with what was packed before.
    fn unpacked(&mut self) -> &mut Vec<MemoryInfo> {
        self.plain.get_or_insert_with(|| {
            let packed = std::mem::replace(&mut self.packer, Packer::new(0)).finish();
            (0..packed.len()).filter_map(|index| packed.get(index)).collect()
        })
    }

    pub(crate) fn finish(self) -> Regions {
        Regions { list: self.plain.map_or_else(|| List::Contiguous(self.packer.finish()), in_order) }
    }
}

impl Regions {
    /// Whether the list is sorted and without gaps, overlaps and empty regions, as Windows writes it.
    pub fn is_contiguous(&self) -> bool {
        match &self.list {
            List::Contiguous(_) => true,
            // It may be of too many kinds to be packed.
            List::Sorted(list) => is_contiguous(list),
            List::Any(..) => false,
        }
    }

    /// How many regions there are.
    pub fn len(&self) -> usize {
        match &self.list {
            List::Contiguous(packed) => packed.len(),
            List::Sorted(list) | List::Any(list, _) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The region at a position in the list.
    #[inline]
    pub fn get(&self, index: usize) -> Option<MemoryInfo> {
        match &self.list {
            List::Contiguous(packed) => packed.get(index),
            List::Sorted(list) | List::Any(list, _) => list.get(index).copied(),
        }
    }

    /// The regions by number, where the list has numbers: if each region begins where the one before it ends, the first of
    /// an allocation at its base, and they are of at most 255 kinds. To add up a long list takes a third of the time then.
    pub fn numbers(&self) -> Option<Numbers<'_, impl Iterator<Item = (u64, u64, u8)>>> {
        match &self.list {
            List::Contiguous(packed) => Some(packed.numbers()),
            List::Sorted(_) | List::Any(..) => None,
        }
    }

    /// The regions in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = MemoryInfo> + '_ {
        self.iter_from(0)
    }

    /// Those from a position in the list on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = MemoryInfo> + '_ {
        (index..self.len()).map_while(|index| self.get(index))
    }

    /// Position of the region that holds `address`: the one with the highest base not above it, if it reaches
    /// that far.
    pub fn position(&self, address: u64) -> Option<usize> {
        let before = |behind: usize| behind.checked_sub(1);
        let index = match &self.list {
            List::Contiguous(packed) => before(packed.behind(address))?,
            List::Sorted(list) => before(list.partition_point(|region| region.base <= address))?,
            List::Any(list, order) => {
                let base = |index: u32| list.get(index as usize).map(|region| region.base);
                let behind = order.partition_point(|index| base(*index) <= Some(address));
                *order.get(before(behind)?)? as usize
            }
        };
        self.get(index).is_some_and(|region| region.holds(address)).then_some(index)
    }

    /// The region that holds `address`; see [`Regions::position`].
    pub fn at(&self, address: u64) -> Option<MemoryInfo> {
        self.get(self.position(address)?)
    }

    /// Position of the first region that ends behind `address`, in a list that is sorted and has no overlaps.
    pub fn first_behind(&self, address: u64) -> usize {
        let behind = match &self.list {
            List::Contiguous(packed) => packed.behind(address),
            List::Sorted(list) | List::Any(list, _) => list.partition_point(|region| region.base <= address),
        };
        let before = behind.saturating_sub(1);
        if self.get(before).is_some_and(|region| region.holds(address)) { before } else { behind }
    }
}

fn is_contiguous(list: &[MemoryInfo]) -> bool {
    let mut next = list.first().map(|first| first.base);
    list.iter().all(|region| {
        let follows = region.size > 0 && next == Some(region.base);
        next = region.end();
        follows && next.is_some()
    })
}

fn in_order(list: Vec<MemoryInfo>) -> List {
    let place = |region: &MemoryInfo| (region.base, region.size);
    if list.is_sorted_by_key(place) {
        return List::Sorted(list);
    }
    let mut order: Vec<u32> = (0..u32::try_from(list.len()).unwrap_or(u32::MAX)).collect();
    order.sort_by_key(|index| list.get(*index as usize).map(place));
    List::Any(list, order)
}
