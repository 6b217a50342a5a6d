//! By which types objects are reached, as a tree: bounded by the types and not by the objects.

use std::collections::HashMap;

use super::held::HeldSum;

/// A way: what holds it, or one type more than another way.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Itself of what holds all.
    parent: u32,
    /// The method table; of what holds all, its number.
    table: u64,
    depth: u8,
    sum: HeldSum,
}

/// All ways that were met.
#[derive(Debug, Default)]
pub(super) struct Paths {
    ways: Vec<Way>,
    next: HashMap<(u32, u64), u32>,
    full: bool,
}

/// Paths that are kept apart, and types on one path.
const WAYS: usize = 1 << 17;
const DEPTH: u8 = 32;

impl Paths {
    /// The way of something that holds objects.
    pub(super) fn root(&mut self, number: u64) -> u32 {
        let at = u32::try_from(self.ways.len()).unwrap_or(u32::MAX);
        self.ways.push(Way { parent: at, table: number, depth: 0, sum: HeldSum::default() });
        at
    }

    /// An object that is reached by a way: the way that it then is.
    pub(super) fn step(&mut self, from: u32, table: u64, bytes: u64) -> u32 {
        let known = self.next.get(&(from, table)).copied();
        let to = known.unwrap_or_else(|| self.way_to(from, table));
        if let Some(way) = self.ways.get_mut(to as usize) {
            way.sum.objects += 1;
            way.sum.size_bytes = way.sum.size_bytes.saturating_add(bytes);
        }
        to
    }

    fn way_to(&mut self, from: u32, table: u64) -> u32 {
        let to = self.above(from, table).unwrap_or_else(|| self.new_way(from, table));
        if self.next.len() < 2 * WAYS {
            self.next.insert((from, table), to);
        }
        to
    }

    /// A type that stands on the way already: a list refers to itself, a tree to itself by its children's array.
    fn above(&self, from: u32, table: u64) -> Option<u32> {
        let mut at = from;
        loop {
            let way = self.ways.get(at as usize)?;
            if way.parent == at {
                return None;
            }
            if way.table == table {
                return Some(at);
            }
            at = way.parent;
        }
    }

    fn new_way(&mut self, from: u32, table: u64) -> u32 {
        let depth = self.ways.get(from as usize).map_or(0, |way| way.depth);
        if self.ways.len() >= WAYS || depth >= DEPTH {
            self.full = true;
            return from;
        }
        let at = u32::try_from(self.ways.len()).unwrap_or(u32::MAX);
        self.ways.push(Way { parent: from, table, depth: depth + 1, sum: HeldSum::default() });
        at
    }

    /// What each of those that hold something holds, by its number.
    pub(super) fn by_root(&self) -> HashMap<u64, HeldSum> {
        let mut sums: HashMap<u64, HeldSum> = HashMap::new();
        // A way stands behind those that it goes on from.
        let mut roots: Vec<u64> = Vec::with_capacity(self.ways.len());
        for (n, way) in self.ways.iter().enumerate() {
            let root = if way.parent as usize == n { way.table } else { roots[way.parent as usize] };
            roots.push(root);
            let sum = sums.entry(root).or_default();
            sum.objects += way.sum.objects;
            sum.size_bytes = sum.size_bytes.saturating_add(way.sum.size_bytes);
        }
        sums
    }

    /// The way to the tables that `is` takes by which the most bytes are held.
    pub(super) fn largest(&self, is: &dyn Fn(u64) -> bool) -> Option<(u32, HeldSum)> {
        let ways = self.ways.iter().zip(0u32..).filter(|(way, n)| way.parent != *n && is(way.table));
        ways.map(|(way, n)| (n, way.sum)).max_by_key(|(n, sum)| (sum.size_bytes, std::cmp::Reverse(*n)))
    }

    /// The number of what holds it, and the types on the way.
    pub(super) fn way(&self, to: u32) -> (u64, Vec<u64>) {
        let (mut at, mut tables) = (to, Vec::new());
        loop {
            let Some(way) = self.ways.get(at as usize) else { return (0, tables) };
            if way.parent == at {
                tables.reverse();
                return (way.table, tables);
            }
            tables.push(way.table);
            at = way.parent;
        }
    }

    /// Whether each way was told apart.
    pub(super) fn is_whole(&self) -> bool {
        !self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_refers_to_itself_is_one_step() {
        let mut paths = Paths::default();
        let root = paths.root(7);
        let list = paths.step(root, 0x10, 24);
        let array = paths.step(list, 0x20, 100);
        let node = paths.step(array, 0x30, 40);
        let array_below = paths.step(node, 0x20, 100);
        let node_below = paths.step(array_below, 0x30, 40);
        assert_eq!((array_below, node_below), (array, node));
        let (place, sum) = paths.largest(&|table| table == 0x30).expect("a way");
        assert_eq!(
            (paths.way(place), sum),
            ((7, vec![0x10, 0x20, 0x30]), HeldSum { objects: 2, size_bytes: 80 })
        );
        assert_eq!(paths.by_root()[&7], HeldSum { objects: 5, size_bytes: 304 });
    }
}
