//! How free regions are spread over sizes.

/// Free regions of similar size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeClass {
    /// Minimum size.
    pub from_bytes: u64,
    /// Upper limit of the size, exclusive; `None` for the last class.
    pub below_bytes: Option<u64>,
    /// How many.
    pub regions: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// The largest of them.
    pub largest_bytes: u64,
}

/// Classes of free regions, by powers of four from 4 kB on.
pub(super) struct FreeSpace {
    classes: Vec<FreeClass>,
}

impl FreeSpace {
    pub(super) fn new() -> FreeSpace {
        const CLASSES: u32 = 27;
        let from = |n: u32| if n == 0 { 0 } else { 1_u64 << (10 + 2 * n) };
        let class = |n: u32| FreeClass {
            from_bytes: from(n),
            below_bytes: (n + 1 < CLASSES).then(|| from(n + 1)),
            regions: 0,
            size_bytes: 0,
            largest_bytes: 0,
        };
        FreeSpace { classes: (0..CLASSES).map(class).collect() }
    }

    pub(super) fn add(&mut self, size: u64) {
        let class = &mut self.classes[(size.max(1).ilog2().saturating_sub(10) / 2) as usize];
        class.regions += 1;
        class.size_bytes = class.size_bytes.saturating_add(size);
        class.largest_bytes = class.largest_bytes.max(size);
    }

    /// Those before the first and behind the last that has any are left out.
    pub(super) fn classes(mut self) -> Vec<FreeClass> {
        let last = self.classes.iter().rposition(|class| class.regions > 0).map_or(0, |last| last + 1);
        self.classes.truncate(last);
        let first = self.classes.iter().position(|class| class.regions > 0).unwrap_or_default();
        self.classes.split_off(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_regions_by_size() {
        let free = |sizes: &[u64]| {
            let mut space = FreeSpace::new();
            for size in sizes {
                space.add(*size);
            }
            space.classes()
        };
        assert_eq!(free(&[]), []);
        let classes = free(&[0x1000, 0x3fff, 0x4000, 0x10_0000, u64::MAX, 1 << 63]);
        assert_eq!((classes[0].from_bytes, classes[0].below_bytes), (0x1000, Some(0x4000)));
        assert_eq!(
            (classes[0].regions, classes[0].size_bytes, classes[0].largest_bytes),
            (2, 0x4fff, 0x3fff)
        );
        assert_eq!((classes[1].from_bytes, classes[1].regions), (0x4000, 1));
        let last = classes.last().expect("a class");
        assert_eq!((last.regions, last.below_bytes, last.size_bytes), (2, None, u64::MAX));
        // Small ones have a class too: they may be left by a repaired map.
        assert_eq!(free(&[1])[0].from_bytes, 0);
        // Without holes from first to last.
        assert!(classes.windows(2).all(|two| two[0].below_bytes == Some(two[1].from_bytes)));
    }
}
