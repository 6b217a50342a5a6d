//! The order of exports in the debugger's table: dbghelp sorts them by address with the C library's `qsort`, which does not
//! keep the order of equals. `x` lists them so, and of several names of one address the last one is shown.
//!
//! The steps are those of Microsoft's `qsort` (the middle of three as the pivot, a selection sort of up to eight), as its
//! source in the Windows SDK has them.

/// Short parts are sorted by selection.
const SHORT: usize = 8;
/// Comparisons for each entry. More than a table of an honest image takes; a hostile one is sorted otherwise.
const MOST_FOR_EACH: usize = 256;

/// Sorts as `qsort` does.
pub(super) fn sort<T>(items: &mut [T], key: impl Fn(&T) -> u32) {
    let mut sort = Sort { left: items.len().saturating_mul(MOST_FOR_EACH), items, key };
    if sort.whole().is_none() {
        sort.items.sort_by_key(|item| (sort.key)(item));
    }
}

struct Sort<'s, T, K> {
    items: &'s mut [T],
    key: K,
    /// Comparisons that may still be made.
    left: usize,
}

impl<T, K: Fn(&T) -> u32> Sort<'_, T, K> {
    /// Whether one entry stands behind another; `None` once there were too many comparisons.
    fn above(&mut self, a: usize, b: usize) -> Option<bool> {
        self.left = self.left.checked_sub(1)?;
        Some((self.key)(self.items.get(a)?) > (self.key)(self.items.get(b)?))
    }

    fn equal(&mut self, a: usize, b: usize) -> Option<bool> {
        self.left = self.left.checked_sub(1)?;
        Some((self.key)(self.items.get(a)?) == (self.key)(self.items.get(b)?))
    }

    fn whole(&mut self) -> Option<()> {
        let Some(last) = self.items.len().checked_sub(1) else { return Some(()) };
        let mut parts = vec![(0, last)];
        while let Some((low, high)) = parts.pop() {
            if high - low < SHORT {
                self.select(low, high)?;
                continue;
            }
            let (below, above) = self.partition(low, high)?;
            // The larger part waits.
            let parts_of = [(low, below), (above, high)];
            let larger = usize::from(below.saturating_sub(low) < high.saturating_sub(above));
            for part in [parts_of[larger], parts_of[1 - larger]] {
                if part.0 < part.1 {
                    parts.push(part);
                }
            }
        }
        Some(())
    }

    /// The largest goes to the end, as long as there are two.
    fn select(&mut self, low: usize, mut high: usize) -> Option<()> {
        while high > low {
            let mut most = low;
            for place in low + 1..=high {
                if self.above(place, most)? {
                    most = place;
                }
            }
            self.items.swap(most, high);
            high -= 1;
        }
        Some(())
    }

    /// Where the lower part ends and where the upper one begins.
    fn partition(&mut self, low: usize, high: usize) -> Option<(usize, usize)> {
        let mut middle = low + (high - low).div_ceil(2);
        for (a, b) in [(low, middle), (low, high), (middle, high)] {
            if self.above(a, b)? {
                self.items.swap(a, b);
            }
        }
        let (mut up, mut down) = (low, high);
        loop {
            if middle > up {
                up += 1;
                while up < middle && !self.above(up, middle)? {
                    up += 1;
                }
            }
            if middle <= up {
                up += 1;
                while up <= high && !self.above(up, middle)? {
                    up += 1;
                }
            }
            down -= 1;
            while down > middle && self.above(down, middle)? {
                down -= 1;
            }
            if down < up {
                break;
            }
            self.items.swap(up, down);
            if middle == down {
                middle = up;
            }
        }
        // What equals the pivot belongs to no part.
        down += 1;
        if middle < down {
            down -= 1;
            while down > middle && self.equal(down, middle)? {
                down -= 1;
            }
        }
        if middle >= down {
            down = down.checked_sub(1)?;
            while down > low && self.equal(down, middle)? {
                down -= 1;
            }
        }
        Some((down, up))
    }
}

#[cfg(test)]
mod tests {
    use super::sort;

    fn sorted(keys: &[u32]) -> Vec<(u32, usize)> {
        let mut items: Vec<(u32, usize)> = keys.iter().copied().zip(0..).collect();
        sort(&mut items, |(key, _)| *key);
        items
    }

    #[test]
    fn everything_is_in_order() {
        let mut seed = 1u32;
        for length in [0usize, 1, 2, 8, 9, 17, 100, 1000] {
            let keys: Vec<u32> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    seed >> 24
                })
                .collect();
            let items = sorted(&keys);
            assert!(items.is_sorted_by_key(|(key, _)| *key), "{length}");
            let mut places: Vec<usize> = items.iter().map(|(_, place)| *place).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..length), "{length}");
        }
    }

    /// Selection moves the last of the largest to the end: by hand.
    #[test]
    fn equals_do_not_keep_their_order() {
        assert_eq!(sorted(&[5, 5, 1]), [(1, 2), (5, 1), (5, 0)]);
    }

    #[test]
    fn many_equals_end_in_time() {
        assert!(sorted(&vec![7; 100_000]).is_sorted_by_key(|(key, _)| *key));
    }
}
