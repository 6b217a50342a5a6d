//! Items drawn at random, each with the same chance, by a seed that gives the same every time.

/// So many items of a list whose length nobody knows, each with the same chance (Vitter's algorithm R).
pub(super) struct Reservoir<T> {
    most: usize,
    pub(super) held: Vec<T>,
    seen: u64,
}

impl<T> Reservoir<T> {
    pub(super) fn new(most: usize) -> Reservoir<T> {
        Reservoir { most, held: Vec::new(), seen: 0 }
    }

    pub(super) fn add(&mut self, item: T, state: &mut u64) {
        self.seen += 1;
        if self.held.len() < self.most {
            self.held.push(item);
            return;
        }
        let place = (u128::from(next(state)) * u128::from(self.seen)) >> 64;
        if let Some(held) = usize::try_from(place).ok().and_then(|place| self.held.get_mut(place)) {
            *held = item;
        }
    }
}

/// Draws a number of items from a list, each with the same chance, in one pass (Knuth's algorithm S).
pub(super) struct Draw {
    left: u64,
    wanted: u64,
}

impl Draw {
    pub(super) fn new(left: u64, wanted: u64) -> Draw {
        Draw { left, wanted }
    }

    pub(super) fn takes(&mut self, state: &mut u64) -> bool {
        let takes = self.left > 0 && next(state) % self.left < self.wanted;
        self.left = self.left.saturating_sub(1);
        self.wanted -= u64::from(takes);
        takes
    }
}

/// The next number of a series that a seed gives: splitmix64.
pub(super) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_drawn_as_are_wanted() {
        for seed in 0..50 {
            let (mut draw, mut state) = (Draw::new(1000, 60), seed);
            assert_eq!((0..1000).filter(|_| draw.takes(&mut state)).count(), 60);
        }
    }

    #[test]
    fn every_item_has_the_same_chance_however_long_the_list_is() {
        let mut counts = [0; 100];
        let mut state = 1;
        for _ in 0..2000 {
            let mut reservoir = Reservoir::new(20);
            (0..100).for_each(|item| reservoir.add(item, &mut state));
            assert_eq!(reservoir.held.len(), 20);
            reservoir.held.iter().for_each(|item| counts[*item] += 1);
        }
        // 400 are expected, with a standard deviation of 18.
        assert!(counts.iter().all(|count| (310..490).contains(count)), "{counts:?}");
    }
}
