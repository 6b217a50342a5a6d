//! The regions of a process.

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

/// A list of regions, in the order in which it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regions {
    list: Vec<MemoryInfo>,
    order: Order,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Order {
    /// Each region begins where the one before it ends.
    #[default]
    Contiguous,
    /// By address.
    Sorted,
    /// Anything: positions in the order of the addresses.
    Any(Vec<u32>),
}

impl Regions {
    /// A list of regions that may be anything. Addresses are looked up among the first 2^32 of them.
    pub fn new(list: Vec<MemoryInfo>) -> Regions {
        let order = if is_contiguous(&list) { Order::Contiguous } else { order_of(&list) };
        Regions { list, order }
    }

    /// Whether the list is sorted and without gaps, overlaps and empty regions, as Windows writes it.
    pub fn is_contiguous(&self) -> bool {
        matches!(self.order, Order::Contiguous)
    }

    /// How many regions there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The region at a position in the list.
    pub fn get(&self, index: usize) -> Option<MemoryInfo> {
        self.list.get(index).copied()
    }

    /// The regions in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = MemoryInfo> + '_ {
        self.list.iter().copied()
    }

    /// Position of the region that holds `address`: the one with the highest base not above it, if it reaches
    /// that far.
    pub fn position(&self, address: u64) -> Option<usize> {
        let index = match &self.order {
            Order::Contiguous | Order::Sorted => {
                self.list.partition_point(|region| region.base <= address).checked_sub(1)?
            }
            Order::Any(order) => {
                let base = |index: u32| self.list.get(index as usize).map(|region| region.base);
                let after = order.partition_point(|index| base(*index) <= Some(address));
                *order.get(after.checked_sub(1)?)? as usize
            }
        };
        self.list.get(index).is_some_and(|region| region.holds(address)).then_some(index)
    }

    /// The region that holds `address`; see [`Regions::position`].
    pub fn at(&self, address: u64) -> Option<MemoryInfo> {
        self.get(self.position(address)?)
    }

    /// Position of the first region that ends behind `address`, in a list that is sorted and has no overlaps.
    pub fn first_behind(&self, address: u64) -> usize {
        let after = self.list.partition_point(|region| region.base <= address);
        let before = after.saturating_sub(1);
        if self.list.get(before).is_some_and(|region| region.holds(address)) { before } else { after }
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

fn order_of(list: &[MemoryInfo]) -> Order {
    let place = |region: &MemoryInfo| (region.base, region.size);
    if list.is_sorted_by_key(place) {
        return Order::Sorted;
    }
    let mut order: Vec<u32> = (0..u32::try_from(list.len()).unwrap_or(u32::MAX)).collect();
    order.sort_by_key(|index| list.get(*index as usize).map(place));
    Order::Any(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(base: u64, size: u64) -> MemoryInfo {
        MemoryInfo {
            base,
            size,
            allocation_base: base,
            allocation_protect: Protection(4),
            state: MemoryState::COMMIT,
            protect: Protection(4),
            kind: MemoryType::PRIVATE,
        }
    }

    #[test]
    fn a_list_without_gaps() {
        let list = vec![region(0x1000, 0x1000), region(0x2000, 0x3000), region(0x5000, 0x1000)];
        let regions = Regions::new(list.clone());
        assert!(regions.is_contiguous());
        assert_eq!(regions.iter().collect::<Vec<_>>(), list);
        assert_eq!((regions.at(0x2000), regions.at(0x4fff)), (Some(list[1]), Some(list[1])));
        assert_eq!((regions.at(0xfff), regions.at(0x6000)), (None, None));
        assert_eq!([0, 0x1000, 0x4fff, 0x5000, 0x6000].map(|a| regions.first_behind(a)), [0, 0, 1, 2, 3]);
    }

    #[test]
    fn gaps_overlaps_empty_regions_and_the_end_of_all_addresses() {
        let first = region(0x1000, 0x1000);
        for next in [region(0x3000, 1), region(0x1800, 1), region(0x2000, 0), region(0x2000, u64::MAX)] {
            assert!(!Regions::new(vec![first, next]).is_contiguous(), "{next:x?}");
        }
        let regions = Regions::new(vec![first, region(0x3000, 0x1000)]);
        assert_eq!((regions.at(0x1fff), regions.at(0x2000)), (Some(first), None));
        assert_eq!((regions.first_behind(0x1fff), regions.first_behind(0x2000)), (0, 1));
    }

    #[test]
    fn a_list_in_any_order() {
        let (low, high, last) =
            (region(0x1000, 0x1000), region(0x3000, 0x1000), region(u64::MAX - 4, 0x1000));
        let list = vec![high, low, last, region(0x1000, 0)];
        let regions = Regions::new(list.clone());
        assert!(!regions.is_contiguous());
        assert_eq!(regions.iter().collect::<Vec<_>>(), list);
        assert_eq!([0x1fff, 0x3000, u64::MAX].map(|a| regions.position(a)), [Some(1), Some(0), Some(2)]);
        assert_eq!((regions.at(0x2fff), regions.at(0xfff)), (None, None));
    }
}
