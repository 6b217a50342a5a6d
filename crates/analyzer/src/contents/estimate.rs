//! Estimates: from a random sample of units to a figure for all of them, with its 95% interval.
//!
//! The sum of a stratum is estimated by the ratio of what was found to what was read, and its variance by how far the units
//! lie from that ratio: the number of units decides, not their share of all. Below [`LEAST`] units an interval is not worth
//! its name: 27 to 83% of them held the truth where 66 units were read.

/// With fewer units of a stratum than this, no interval is given.
pub(super) const LEAST: u64 = 30;
/// Half of a 95% interval, in standard deviations.
const DEVIATIONS: f64 = 1.96;

/// A figure, and how far off it may be: of a sample, the half of its 95% interval; `None` where too few units were read to
/// tell. Zero where all was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) value: u64,
    pub(super) margin: Option<u64>,
}

impl Figure {
    pub(super) fn exact(value: u64) -> Figure {
        Figure { value, margin: Some(0) }
    }
}

/// What was found in the units of a stratum, as sums: enough for the variance.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    /// Of what was found.
    y: f64,
    yy: f64,
    xy: f64,
}

/// What was read of a stratum, and what there is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Read {
    /// Bytes of all its units.
    pub(super) bytes: u64,
    /// All its units.
    pub(super) units: u64,
    /// Units that were read.
    pub(super) done: u64,
    /// Bytes that were read.
    x: f64,
    xx: f64,
}

impl Read {
    /// Counts a unit of this many bytes as read.
    pub(super) fn add(&mut self, bytes: u64) {
        let x = bytes as f64;
        self.done += 1;
        self.x += x;
        self.xx += x * x;
    }

    pub(super) fn join(&mut self, other: &Read) {
        self.done += other.done;
        self.x += other.x;
        self.xx += other.xx;
    }

    /// Bytes that were read.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // sums of bytes
    pub(super) fn read_bytes(&self) -> u64 {
        self.x as u64
    }
}

impl Sums {
    /// Adds what was found in a unit of this many bytes.
    pub(super) fn add(&mut self, found: u64, bytes: u64) {
        let (y, x) = (found as f64, bytes as f64);
        self.y += y;
        self.yy += y * y;
        self.xy += x * y;
    }

    pub(super) fn join(&mut self, other: &Sums) {
        self.y += other.y;
        self.yy += other.yy;
        self.xy += other.xy;
    }

    /// The figure for the whole stratum, and the variance of that; `None` where too few units were read for one.
    fn total(&self, of: &Read) -> (f64, Option<f64>) {
        if of.x <= 0.0 {
            return (0.0, (of.units == 0).then_some(0.0));
        }
        let ratio = self.y / of.x;
        let total = ratio * of.bytes as f64;
        if of.done >= of.units {
            return (self.y, Some(0.0));
        }
        if of.done < LEAST {
            return (total, None);
        }
        let (all, read) = (of.units as f64, of.done as f64);
        let squares = (self.yy - 2.0 * ratio * self.xy + ratio * ratio * of.xx).max(0.0);
        let variance = all * all * (1.0 - read / all) / read * squares / (read - 1.0);
        // Nothing found is not nothing there: at most three in so many units, as often as 95 times in 100.
        let unseen = if self.y == 0.0 { (3.0 / read * of.bytes as f64 / DEVIATIONS).powi(2) } else { 0.0 };
        (total, Some(variance.max(unseen)))
    }
}

/// The figure over all strata.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates, and is never negative
pub(super) fn figure<'a>(strata: impl Iterator<Item = (&'a Sums, &'a Read)>) -> Figure {
    let (mut sum, mut variance) = (0.0, Some(0.0));
    for (sums, read) in strata {
        let (total, of) = sums.total(read);
        sum += total;
        variance = variance.zip(of).map(|(a, b)| a + b);
    }
    let margin = variance.map(|variance| (DEVIATIONS * variance.sqrt()).ceil() as u64);
    Figure { value: sum.round() as u64, margin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_read_is_exact() {
        let (mut read, mut sums) = (Read { bytes: 300, units: 3, ..Read::default() }, Sums::default());
        for found in [1, 2, 3] {
            read.add(100);
            sums.add(found, 100);
        }
        assert_eq!(figure([(&sums, &read)].into_iter()), Figure::exact(6));
    }

    #[test]
    fn few_units_have_no_interval_and_what_was_not_seen_has_one() {
        let mut read = Read { bytes: 1000 << 16, units: 1000, ..Read::default() };
        let mut sums = Sums::default();
        for _ in 0..29 {
            read.add(1 << 16);
            sums.add(1 << 15, 1 << 16);
        }
        assert_eq!(figure([(&sums, &read)].into_iter()), Figure { value: 500 << 16, margin: None });
        read.add(1 << 16);
        sums.add(1 << 15, 1 << 16);
        assert_eq!(figure([(&sums, &read)].into_iter()), Figure { value: 500 << 16, margin: Some(0) });
        let none = Sums::default();
        let unseen = figure([(&none, &read)].into_iter());
        assert_eq!((unseen.value, unseen.margin), (0, Some(100 << 16)));
    }
}
