//! One figure, before and after.

use schemars::JsonSchema;
use serde::Serialize;

/// The largest difference that every reader of JSON keeps.
const MOST_EXACT: i128 = 1 << 53;

/// One figure in both dumps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// In the old dump; `None` if it is not known.
    pub old: Option<u64>,
    /// In the new dump; `None` if it is not known.
    pub new: Option<u64>,
    /// New minus old; `None` if one of them is not known, or if it is beyond 2^53.
    pub delta: Option<i64>,
    /// Change per hour; `None` without a time between the dumps.
    pub per_hour: Option<f64>,
}

impl Change {
    /// The change in `seconds`, which are not zero.
    #[allow(clippy::cast_precision_loss)] // at most 2^53
    pub fn new(old: Option<u64>, new: Option<u64>, seconds: Option<u64>) -> Change {
        let delta = old.zip(new).map(|(old, new)| i128::from(new) - i128::from(old));
        let delta = delta.filter(|d| d.abs() <= MOST_EXACT).and_then(|d| i64::try_from(d).ok());
        let rate = |(delta, seconds): (i64, u64)| delta as f64 * 3600.0 / seconds as f64;
        Change { old, new, delta, per_hour: delta.zip(seconds.filter(|s| *s > 0)).map(rate) }
    }

    /// Whether it is known to have changed.
    pub fn changed(&self) -> bool {
        self.delta.is_some_and(|delta| delta != 0)
    }

    /// The change without its sign; 0 if it is not known. To sort by.
    pub(super) fn magnitude(&self) -> u64 {
        self.delta.map_or(0, i64::unsigned_abs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_signed_and_unknown_is_not_zero() {
        let up = Change::new(Some(100), Some(400), Some(1800));
        assert_eq!((up.delta, up.per_hour), (Some(300), Some(600.0)));
        let down = Change::new(Some(400), Some(100), Some(7200));
        assert_eq!((down.delta, down.per_hour), (Some(-300), Some(-150.0)));
        for (old, new) in [(None, Some(1)), (Some(1), None), (None, None)] {
            let unknown = Change::new(old, new, Some(3600));
            assert_eq!((unknown.delta, unknown.per_hour), (None, None));
        }
        assert_eq!(Change::new(Some(1), Some(2), None).per_hour, None);
        assert_eq!(Change::new(Some(1), Some(2), Some(0)).per_hour, None);
    }

    #[test]
    fn what_no_reader_keeps_is_left_out() {
        assert_eq!(Change::new(Some(0), Some(1 << 53), None).delta, Some(1 << 53));
        for (old, new) in [(0, (1 << 53) + 1), (0, u64::MAX), (u64::MAX, 0)] {
            assert_eq!(
                Change::new(Some(old), Some(new), Some(1)),
                Change { old: Some(old), new: Some(new), ..Change::default() }
            );
        }
    }
}
