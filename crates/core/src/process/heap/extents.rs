//! From where to where an allocation reaches.

use std::collections::HashMap;

use crate::regions::Regions;
use crate::vocabulary::MemoryType;

/// The allocations of a memory map; each is measured once.
pub(super) struct Extents<'r> {
    map: &'r Regions,
    ends: HashMap<u64, u64>,
}

impl<'r> Extents<'r> {
    pub(super) fn new(map: &'r Regions) -> Extents<'r> {
        Extents { map, ends: HashMap::new() }
    }

    /// Base and end of the allocation that holds `address`; `None` if it is free or not in the map.
    pub(super) fn of(&mut self, address: u64) -> Option<(u64, u64)> {
        let position = self.map.position(address)?;
        let region = self.map.get(position).filter(|region| !region.state.is_free())?;
        let base = region.allocation_base;
        let end = *self.ends.entry(base).or_insert_with(|| {
            let rest = (position..self.map.len()).map_while(|index| self.map.get(index));
            let same = rest.take_while(|region| !region.state.is_free() && region.allocation_base == base);
            same.last().and_then(|region| region.end()).unwrap_or(base)
        });
        (base <= address && address < end).then_some((base, end))
    }

    /// Base and end of the allocation that holds `address`, if a heap may lie in it: in private memory, or in a section
    /// that processes share, as the heaps of the Windows subsystem do (Windows 7).
    pub(super) fn heap_memory(&mut self, address: u64) -> Option<(u64, u64)> {
        self.map.at(address).filter(|region| region.kind != MemoryType::IMAGE)?;
        self.of(address)
    }
}
