//! Which module holds an address. A dump can list 65,536 modules and ask for each of 65,536 threads, so none is looked
//! through from the first to the last.

use std::collections::BTreeSet;

/// The address space as the modules divide it: pieces in ascending order, each of one module.
#[derive(Debug)]
pub(crate) struct ModuleMap {
    /// First address, first address behind, index of the module.
    pieces: Vec<(u64, u64, usize)>,
}

impl ModuleMap {
    /// Of the modules' extents, in the order of their list: where modules overlap, the first listed has the address.
    pub(crate) fn new(extents: &[(u64, u64)]) -> ModuleMap {
        let mut edges: Vec<(u64, bool, usize)> = Vec::with_capacity(2 * extents.len());
        for (index, (base, end)) in extents.iter().enumerate().filter(|(_, (base, end))| base < end) {
            edges.extend([(*base, true, index), (*end, false, index)]);
        }
        edges.sort_unstable();
        let mut here = BTreeSet::new();
        let mut pieces = Vec::with_capacity(extents.len());
        let mut from = 0;
        for (address, begins, index) in edges {
            if let Some(owner) = here.first().filter(|_| from < address) {
                pieces.push((from, address, *owner));
            }
            from = address;
            let _ = if begins { here.insert(index) } else { here.remove(&index) };
        }
        ModuleMap { pieces }
    }

    /// The module that holds `address`, by its index.
    pub(crate) fn at(&self, address: u64) -> Option<usize> {
        let behind = self.pieces.partition_point(|(base, ..)| *base <= address);
        let (_, end, index) = *self.pieces.get(behind.checked_sub(1)?)?;
        (address < end).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the map is to answer, looked for the plain way.
    fn first(extents: &[(u64, u64)], address: u64) -> Option<usize> {
        extents.iter().position(|(base, end)| (*base..*end).contains(&address))
    }

    #[test]
    fn the_first_listed_has_the_address() {
        let lists: [&[(u64, u64)]; 6] = [
            &[],
            &[(10, 20), (30, 40)],
            &[(30, 40), (10, 20), (20, 30)],
            &[(10, 40), (20, 30), (5, 50)],
            &[(20, 30), (10, 40), (10, 40), (40, 40), (45, 41)],
            &[(u64::MAX - 5, u64::MAX), (0, 3), (2, 60), (1, 2)],
        ];
        for extents in lists {
            let map = ModuleMap::new(extents);
            for address in (0..64).chain(u64::MAX - 10..=u64::MAX) {
                assert_eq!(map.at(address), first(extents, address), "{address} in {extents:?}");
            }
        }
    }
}
