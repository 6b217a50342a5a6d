//! Neighbours drawn as one: as few rows as a picture can hold, however many regions there are, in one pass over them.

/// Minimum size of the regions that stay alone, when the first neighbours are joined.
const FIRST: u64 = 1 << 13;

/// Neighbours that are one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) base: u64,
    pub(super) end: u64,
    /// Base and size of the largest.
    pub(super) largest: (u64, u64),
    pub(super) regions: u64,
}

/// Regions that come in order of address. Once they are too many, neighbours smaller than a power of two become one, up to
/// four times that together; and of a larger power, until they are few enough.
#[derive(Debug)]
pub(super) struct Neighbours {
    most: usize,
    groups: Vec<Group>,
    /// Those smaller than this are joined.
    below: u64,
}

impl Neighbours {
    /// At most so many, if no gaps lie between them.
    pub(super) fn new(most: usize) -> Neighbours {
        Neighbours { most, groups: Vec::new(), below: 0 }
    }

    pub(super) fn add(&mut self, base: u64, end: u64) {
        self.push(Group { base, end, largest: (base, end - base), regions: 1 });
        while self.groups.len() > self.most && self.below < u64::MAX {
            self.below = self.below.checked_mul(2).map_or(u64::MAX, |below| below.max(FIRST));
            let shorter = Vec::with_capacity(self.groups.len());
            let groups = std::mem::replace(&mut self.groups, shorter);
            for group in groups {
                self.push(group);
            }
        }
    }

    fn push(&mut self, next: Group) {
        let below = self.below;
        match self.groups.last_mut() {
            Some(group) if group.joins(&next, below) => {
                if next.largest.1 > group.largest.1 {
                    group.largest = next.largest;
                }
                group.end = next.end;
                group.regions += next.regions;
            }
            _ => self.groups.push(next),
        }
    }

    /// The groups, and below which size neighbours are one; `None` where every region is alone.
    pub(super) fn finish(self) -> (Vec<Group>, Option<u64>) {
        (self.groups, Some(self.below).filter(|below| *below > 0))
    }
}

impl Group {
    fn joins(&self, next: &Group, below: u64) -> bool {
        let small = self.largest.1 < below && next.largest.1 < below;
        // A hole between them would be drawn as memory.
        small && self.end == next.base && next.end - self.base <= below.saturating_mul(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(most: usize, sizes: &[u64]) -> (Vec<(u64, u64)>, Option<u64>) {
        let (mut neighbours, mut base) = (Neighbours::new(most), 0);
        for size in sizes {
            neighbours.add(base, base + size);
            base += size;
        }
        let (groups, below) = neighbours.finish();
        (groups.iter().map(|group| (group.end - group.base, group.regions)).collect(), below)
    }

    #[test]
    fn small_neighbours_are_one_and_large_ones_stay_alone() {
        let sizes = [0x1000, 0x1000, 0x10_0000, 0x1000, 0x1000, 0x1000];
        assert_eq!(of(6, &sizes), (sizes.map(|size| (size, 1)).to_vec(), None));
        assert_eq!(of(5, &sizes), (vec![(0x2000, 2), (0x10_0000, 1), (0x3000, 3)], Some(FIRST)));
        // Up to four times the limit together; then the limit doubles.
        assert_eq!(of(3, &[0x1000; 20]).0, [(0x8000, 8), (0x8000, 8), (0x4000, 4)]);
        assert_eq!(of(2, &[0x1000; 20]), (vec![(0x1_0000, 16), (0x4000, 4)], Some(2 * FIRST)));
    }

    #[test]
    fn what_does_not_touch_is_not_joined() {
        let mut neighbours = Neighbours::new(2);
        for base in [0, 0x2000, 0x4000] {
            neighbours.add(base, base + 0x1000);
        }
        assert_eq!(neighbours.finish().0.len(), 3);
    }
}
