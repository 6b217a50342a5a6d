//! Which units of memory are read: all, or a random sample of each stratum. The seed comes from the dump.

use dumplens_core::Memory;

use super::estimate::{LEAST, Read};
use super::ledger::{Charged, Place};

/// Bytes of a unit. Smaller ones need more seeks for the same interval, larger ones lie too close together.
pub(super) const UNIT: u64 = 64 << 10;

/// The strata, by use: what is alike varies less.
pub(super) const STRATA: usize = 4;

/// The stratum of a run of the private commit; `None` of what is not read: stacks, page heaps and environment blocks.
pub(super) fn stratum(place: Place) -> Option<usize> {
    match place {
        Place::Heap(_) => Some(0),
        Place::Unclaimed => Some(1),
        Place::Managed | Place::Other => Some(2),
        Place::Images => Some(3),
        Place::Stacks | Place::Environment | Place::PageHeap => None,
    }
}

/// Whether words of a stratum are taken for vftables' addresses: those in static data of images are not objects' own.
pub(super) fn has_objects(stratum: usize) -> bool {
    stratum != 3
}

/// A run of memory that is read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) base: u64,
    pub(super) bytes: u64,
    pub(super) stratum: usize,
}

/// What is to be read.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) units: Vec<Unit>,
    /// What there is of each stratum.
    pub(super) strata: [Read; STRATA],
}

impl Plan {
    /// Bytes that the dump keeps of all strata.
    pub(super) fn kept(&self) -> u64 {
        self.strata.iter().map(|stratum| stratum.bytes).sum()
    }

    /// Whether the plan covers everything.
    pub(super) fn is_whole(&self) -> bool {
        self.units.len() as u64 == self.all()
    }

    /// Number of units in total.
    pub(super) fn all(&self) -> u64 {
        self.strata.iter().map(|stratum| stratum.units).sum()
    }
}

/// What the dump keeps of the private commit.
pub(super) fn kept<'a>(
    memory: Memory<'a>,
    mut charged: impl Iterator<Item = Charged> + 'a,
) -> impl Iterator<Item = Charged> + 'a {
    let mut ranges = memory.ranges();
    let (mut range, mut run) = (ranges.next(), charged.next());
    std::iter::from_fn(move || {
        loop {
            let (of, has) = (run?, range?);
            let end = has.start.saturating_add(has.size);
            let (base, until) = (has.start.max(of.base), end.min(of.end));
            if end > of.end {
                run = charged.next();
            } else {
                range = ranges.next();
            }
            if base < until {
                return Some(Charged { base, end: until, ..of });
            }
        }
    })
}

/// The units of all that the dump keeps and that is read.
fn units<'a>(
    memory: Memory<'a>,
    charged: impl Iterator<Item = Charged> + 'a,
) -> impl Iterator<Item = Unit> + 'a {
    let strata = kept(memory, charged).filter_map(|run| Some((run, stratum(run.place)?)));
    strata.flat_map(|(run, stratum)| cut(run.base, run.end, stratum))
}

/// A run cut where units end: at multiples of their size.
fn cut(from: u64, until: u64, stratum: usize) -> impl Iterator<Item = Unit> {
    let next = move |base: u64| (base - base % UNIT).saturating_add(UNIT).min(until);
    std::iter::successors(Some(from), move |base| Some(next(*base)).filter(|base| *base < until))
        .map(move |base| Unit { base, bytes: next(base) - base, stratum })
}

/// What there is, without a list of it: of 18 GB there are 300,000 units.
fn measure(units: impl Iterator<Item = Unit>) -> [Read; STRATA] {
    let mut strata = [Read::default(); STRATA];
    for unit in units {
        let stratum = &mut strata[unit.stratum];
        stratum.units += 1;
        stratum.bytes += unit.bytes;
    }
    strata
}

/// How much is planned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// Bytes below which there is no plan.
    pub(super) least: u64,
    /// Bytes up to which all is read.
    pub(super) whole_below: u64,
    /// Units of a sample.
    pub(super) units: u64,
    /// What a sample is drawn by.
    pub(super) seed: u64,
}

/// All of it, or a sample; `None` where the dump keeps less than is wished.
pub(super) fn of<'a, I>(memory: Memory<'a>, charged: impl Fn() -> I, wish: Wish) -> Option<Plan>
where
    I: Iterator<Item = Charged> + 'a,
{
    let strata = measure(units(memory, charged()));
    let kept: u64 = strata.iter().map(|stratum| stratum.bytes).sum();
    if kept < wish.least {
        return None;
    }
    let all = units(memory, charged());
    if kept <= wish.whole_below {
        return Some(Plan { units: all.collect(), strata });
    }
    let mut draws = strata.map(|stratum| {
        let share = u128::from(wish.units) * u128::from(stratum.bytes) / u128::from(kept.max(1));
        let share = u64::try_from(share).unwrap_or(wish.units).max(2 * LEAST);
        Draw::new(stratum.units, share.min(stratum.units))
    });
    let mut state = wish.seed;
    let units = all.filter(|unit| draws[unit.stratum].takes(&mut state)).collect();
    Some(Plan { units, strata })
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
    fn runs_are_cut_at_multiples_of_a_unit() {
        let units: Vec<_> = cut(0x1_8000, 0x4_1000, 1).map(|unit| (unit.base, unit.bytes)).collect();
        assert_eq!(
            units,
            [(0x1_8000, 0x8000), (0x2_0000, 0x1_0000), (0x3_0000, 0x1_0000), (0x4_0000, 0x1000)]
        );
        assert_eq!(cut(u64::MAX - 5, u64::MAX, 0).count(), 1);
    }
}
