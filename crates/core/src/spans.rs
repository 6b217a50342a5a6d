//! Sets of addresses.

use std::collections::BTreeMap;

/// A set of addresses, as runs that neither overlap nor touch. The last address of all, 2^64 - 1, cannot be in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    /// Start and end, exclusive.
    runs: BTreeMap<u64, u64>,
}

impl Spans {
    /// Adds `len` addresses from `start` on, up to the end of the address space.
    pub fn add(&mut self, start: u64, len: u64) {
        let (mut start, mut end) = (start, start.saturating_add(len));
        if start == end {
            return;
        }
        while let Some((at, behind)) = self.runs.range(..=end).next_back().map(|(a, b)| (*a, *b)) {
            if behind < start {
                break;
            }
            if at <= start && behind >= end {
                return;
            }
            self.runs.remove(&at);
            (start, end) = (start.min(at), end.max(behind));
        }
        self.runs.insert(start, end);
    }

    /// The runs, in order: first address, and the first behind.
    pub fn runs(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.runs.iter().map(|(start, end)| (*start, *end))
    }

    /// The runs that reach into `start..end`, in order.
    pub fn within(&self, start: u64, end: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let first = self.runs.range(..=start).next_back().map_or(start, |(at, _)| *at);
        self.runs
            .range(first..end.max(first))
            .map(|(a, b)| (*a, *b))
            .filter(move |(a, b)| *b > start && *a < end)
    }

    /// Whether the set holds an address.
    pub fn holds(&self, address: u64) -> bool {
        self.end_at(address).is_some()
    }

    /// The end, exclusive, of the run that holds an address.
    pub(crate) fn end_at(&self, address: u64) -> Option<u64> {
        self.runs.range(..=address).next_back().map(|(_, end)| *end).filter(|end| address < *end)
    }

    /// The intersection of this set and another, up to `most` runs.
    #[must_use]
    pub fn common(&self, other: &Spans, most: usize) -> Spans {
        let parts = self.runs().flat_map(|(start, end)| {
            other.within(start, end).map(move |(from, until)| (start.max(from), end.min(until)))
        });
        Spans { runs: parts.take(most).collect() }
    }

    /// The set with every run widened to whole units of `unit` addresses.
    #[must_use]
    pub fn widened(&self, unit: u64) -> Spans {
        let mut wide = Spans::default();
        for (start, end) in self.runs() {
            let start = start.saturating_sub(start.checked_rem(unit).unwrap_or(0));
            let end = end.checked_next_multiple_of(unit).unwrap_or(u64::MAX);
            wide.add(start, end.saturating_sub(start));
        }
        wide
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_join_where_they_touch() {
        let mut spans = Spans::default();
        for (start, len) in [(10, 5), (30, 5), (15, 1), (0, 2), (0, 0), (12, 2), (u64::MAX - 1, 9)] {
            spans.add(start, len);
        }
        assert_eq!(spans.runs().collect::<Vec<_>>(), [(0, 2), (10, 16), (30, 35), (u64::MAX - 1, u64::MAX)]);
        assert_eq!(spans.within(15, 31).collect::<Vec<_>>(), [(10, 16), (30, 35)]);
        assert_eq!(spans.within(16, 30).count(), 0);
        assert_eq!([9, 10, 15, 16].map(|a| spans.holds(a)), [false, true, true, false]);
        spans.add(1, 40);
        assert_eq!(spans.runs().next(), Some((0, 41)));
        assert_eq!(spans.widened(16).runs().next(), Some((0, 48)));
        let mut other = Spans::default();
        for (start, len) in [(10, 5), (30, 100)] {
            other.add(start, len);
        }
        assert_eq!(spans.common(&other, 9).runs().collect::<Vec<_>>(), [(10, 15), (30, 41)]);
        assert_eq!(other.common(&spans, 1).runs().collect::<Vec<_>>(), [(10, 15)]);
        assert_eq!([9, 10, 14, 15].map(|at| other.end_at(at)), [None, Some(15), Some(15), None]);
    }
}
