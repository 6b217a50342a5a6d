//! Allocations: the regions that one call of `VirtualAlloc`, `MapViewOfFile` or the loader made.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use dumplens_core::{MemoryInfo, MemoryType, Regions};
use foldhash::HashMap;

use super::AddressSpace;

/// Neighbouring regions of one `AllocationBase`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// First address of the first region.
    pub base: u64,
    /// First address behind the last region.
    pub end: u64,
    /// `MEM_COMMIT` bytes.
    pub committed: u64,
    /// `MEM_RESERVE` bytes.
    pub reserved: u64,
    /// Type of the first region.
    pub kind: MemoryType,
    /// Positions of the regions in the list.
    pub regions: Range<usize>,
}

impl Allocation {
    /// Bytes from its first address to its end.
    pub fn size(&self) -> u64 {
        self.end - self.base
    }

    /// Every allocation of an address space, in order of address. What is free belongs to none.
    pub fn all<'s>(space: &'s AddressSpace<'_>) -> impl Iterator<Item = Allocation> + 's {
        Self::all_from(space, 0)
    }

    /// Those that begin at an address or behind it, which no allocation may hold inside.
    pub(crate) fn all_from<'s>(
        space: &'s AddressSpace<'_>,
        address: u64,
    ) -> impl Iterator<Item = Allocation> + 's {
        let regions: &Regions = &space.regions;
        let mut index = regions.first_behind(address);
        std::iter::from_fn(move || {
            let mut region = regions.get(index)?;
            while region.state.is_free() {
                index += 1;
                region = regions.get(index)?;
            }
            let (mut allocation, of) = (Allocation::new(index, &region), region.allocation_base);
            index += 1;
            while let Some(next) = regions.get(index).filter(|next| {
                next.allocation_base == of && next.base == allocation.end && !next.state.is_free()
            }) {
                allocation.add(index, &next);
                index += 1;
            }
            Some(allocation)
        })
    }

    fn new(index: usize, region: &MemoryInfo) -> Allocation {
        let (base, kind) = (region.base, region.kind);
        let mut allocation =
            Allocation { base, end: base, committed: 0, reserved: 0, kind, regions: index..index };
        allocation.add(index, region);
        allocation
    }

    fn add(&mut self, index: usize, region: &MemoryInfo) {
        self.end = region.base.saturating_add(region.size);
        self.regions.end = index + 1;
        let sum = if region.state.is_commit() { &mut self.committed } else { &mut self.reserved };
        *sum += region.size;
    }
}

/// Private allocations of sizes within a power of sixteen of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeClass {
    /// Least size in bytes.
    pub from: u64,
    /// Size in bytes that none of them reaches; `None` for the last class.
    pub below: Option<u64>,
    /// How many there are.
    pub allocations: u64,
    /// Their bytes, committed and reserved.
    pub bytes: u64,
    /// Their committed bytes.
    pub committed: u64,
}

/// What a process's allocations look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocations {
    /// How many there are.
    pub count: u64,
    /// The largest, in descending order of size; the lowest of equals first.
    pub largest: Vec<Allocation>,
    /// A histogram of the private ones; classes without any are left out.
    pub private_sizes: Vec<SizeClass>,
    /// Private ones of equal size that have the most committed bytes together, in descending order of these.
    pub private_equals: Vec<Equals>,
}

/// Private allocations of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Equals {
    /// Bytes of each.
    pub size: u64,
    /// How many there are.
    pub count: u64,
    /// Committed bytes of all.
    pub committed: u64,
    /// Base of the first that has any.
    pub first: u64,
}

/// Allocations that are named.
const NAMED: usize = 10;

impl Allocations {
    /// Looks at every allocation once.
    pub fn of(space: &AddressSpace<'_>) -> Allocations {
        let mut count = 0;
        let mut largest = BinaryHeap::new();
        let mut classes = size_classes();
        let mut equals: HashMap<u64, Equals> = HashMap::default();
        for allocation in Allocation::all(space) {
            count += 1;
            if allocation.kind == MemoryType::PRIVATE {
                let fits = |class: &&mut SizeClass| class.below.is_none_or(|below| allocation.size() < below);
                if let Some(class) = classes.iter_mut().find(fits) {
                    class.allocations += 1;
                    class.bytes += allocation.size();
                    class.committed += allocation.committed;
                }
                if allocation.committed > 0 {
                    let (size, first) = (allocation.size(), allocation.base);
                    let of = equals.entry(size).or_insert(Equals { size, count: 0, committed: 0, first });
                    of.count += 1;
                    of.committed += allocation.committed;
                }
            }
            let Range { start, end } = allocation.regions;
            let one = (Reverse(allocation.end - allocation.base), allocation.base, start, end);
            if largest.len() < NAMED {
                largest.push(one);
            } else if let Some(mut least) = largest.peek_mut().filter(|least| one < **least) {
                *least = one;
            }
        }
        let named = largest.into_sorted_vec();
        let again = |(_, _, start, end)| {
            let mut infos = (start..end).filter_map(|index| Some((index, space.regions.get(index)?)));
            let (first, region) = infos.next()?;
            let mut allocation = Allocation::new(first, &region);
            infos.for_each(|(index, region)| allocation.add(index, &region));
            Some(allocation)
        };
        classes.retain(|class| class.allocations > 0);
        let mut equals: Vec<Equals> = equals.into_values().collect();
        equals.sort_unstable_by_key(|of| (Reverse(of.committed), of.first));
        equals.truncate(NAMED);
        Allocations {
            count,
            largest: named.into_iter().filter_map(again).collect(),
            private_sizes: classes,
            private_equals: equals,
        }
    }
}

/// Below 64 KiB, 1 MiB, 16 MiB, 256 MiB, 4 GiB, 64 GiB, and the rest.
fn size_classes() -> Vec<SizeClass> {
    let borders: [u64; 6] = [16, 20, 24, 28, 32, 36].map(|shift| 1 << shift);
    let class = |n: usize| SizeClass {
        from: n.checked_sub(1).map_or(0, |before| borders[before]),
        below: borders.get(n).copied(),
        allocations: 0,
        bytes: 0,
        committed: 0,
    };
    (0..=borders.len()).map(class).collect()
}
