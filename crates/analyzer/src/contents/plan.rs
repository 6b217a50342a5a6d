//! Which units of memory are read: all, or a random sample of each stratum. The seed comes from the dump.

use super::draw::{Draw, Reservoir};
use super::estimate::{LEAST, Read};
use super::ledger::{Charged, Place, charged};
use crate::process::Process;

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

/// What the dump keeps of the private commit, run by run.
pub(super) fn kept(process: &Process<'_>, mut each: impl FnMut(Charged)) {
    let mut ranges = process.dump.memory().ranges();
    let mut range = ranges.next();
    charged(process, |run| {
        while let Some(has) = range {
            let end = has.start.saturating_add(has.size);
            let (base, until) = (has.start.max(run.base), end.min(run.end));
            if base < until {
                each(Charged { base, end: until, ..run });
            }
            if end > run.end {
                return;
            }
            range = ranges.next();
        }
    });
}

/// A run cut where units end: at multiples of their size.
fn cut(from: u64, until: u64, stratum: usize, mut each: impl FnMut(Unit)) {
    let mut base = from;
    while base < until {
        let next = (base - base % UNIT).saturating_add(UNIT).min(until);
        each(Unit { base, bytes: next - base, stratum });
        base = next;
    }
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
pub(super) fn of(process: &Process<'_>, wish: Wish) -> Option<Plan> {
    let mut drawer = Drawer::new(wish);
    kept(process, |run| {
        if let Some(stratum) = stratum(run.place) {
            cut(run.base, run.end, stratum, |unit| drawer.add(unit));
        }
    });
    (drawer.kept >= wish.least).then(|| drawer.finish())
}

/// The units as they come: all of them as long as they are few, then some of each stratum, each with the same chance. One
/// pass is enough, and of 18 GB no list of 300,000 units is made.
struct Drawer {
    wish: Wish,
    strata: [Read; STRATA],
    /// Bytes of all units.
    kept: u64,
    all: Vec<Unit>,
    drawn: [Reservoir<Unit>; STRATA],
    state: u64,
}

impl Drawer {
    fn new(wish: Wish) -> Drawer {
        let most = usize::try_from(wish.units.max(2 * LEAST)).unwrap_or(usize::MAX);
        Drawer {
            wish,
            strata: [Read::default(); STRATA],
            kept: 0,
            all: Vec::new(),
            drawn: std::array::from_fn(|_| Reservoir::new(most)),
            state: wish.seed,
        }
    }

    fn add(&mut self, unit: Unit) {
        let stratum = &mut self.strata[unit.stratum];
        stratum.units += 1;
        stratum.bytes += unit.bytes;
        self.kept += unit.bytes;
        if self.kept <= self.wish.whole_below {
            self.all.push(unit);
            return;
        }
        for before in std::mem::take(&mut self.all) {
            self.drawn[before.stratum].add(before, &mut self.state);
        }
        self.drawn[unit.stratum].add(unit, &mut self.state);
    }

    /// Of each stratum as large a part of the sample as it is of all bytes, and enough for an interval.
    fn finish(mut self) -> Plan {
        let mut units = self.all;
        for (stratum, drawn) in self.strata.iter().zip(self.drawn) {
            let share =
                u128::from(self.wish.units) * u128::from(stratum.bytes) / u128::from(self.kept.max(1));
            let share = u64::try_from(share).unwrap_or(self.wish.units).max(2 * LEAST);
            let mut draw = Draw::new(drawn.held.len() as u64, share.min(stratum.units));
            units.extend(drawn.held.into_iter().filter(|_| draw.takes(&mut self.state)));
        }
        units.sort_unstable_by_key(|unit| unit.base);
        Plan { units, strata: self.strata }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is wished, no unit comes twice, and the shares are those of the bytes.
    #[test]
    fn a_sample_has_of_each_stratum_what_it_has_of_the_bytes() {
        let wish = Wish { least: 0, whole_below: 0, units: 400, seed: 5 };
        let plan = |wish| {
            let mut drawer = Drawer::new(wish);
            for n in 0..10_000 {
                drawer.add(Unit { base: n * UNIT, bytes: UNIT, stratum: usize::from(n % 4 == 0) });
            }
            drawer.finish()
        };
        let sample = plan(wish);
        let of = |stratum| sample.units.iter().filter(|unit| unit.stratum == stratum).count();
        assert_eq!((of(0), of(1), sample.all(), sample.is_whole()), (300, 100, 10_000, false));
        assert!(sample.units.windows(2).all(|two| two[0].base < two[1].base));
        let whole = plan(Wish { whole_below: 10_000 * UNIT, ..wish });
        assert_eq!((whole.units.len(), whole.is_whole()), (10_000, true));
    }

    #[test]
    fn runs_are_cut_at_multiples_of_a_unit() {
        let of = |from, until| {
            let mut units = Vec::new();
            cut(from, until, 1, |unit| units.push((unit.base, unit.bytes)));
            units
        };
        assert_eq!(
            of(0x1_8000, 0x4_1000),
            [(0x1_8000, 0x8000), (0x2_0000, 0x1_0000), (0x3_0000, 0x1_0000), (0x4_0000, 0x1000)]
        );
        assert_eq!(of(u64::MAX - 5, u64::MAX).len(), 1);
    }
}
