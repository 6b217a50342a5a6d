//! Numbers for values of which a list of a million repeats a few dozen: found without a hash of the whole value, as a rule.

use std::collections::HashMap;
use std::hash::Hash;

/// Values that are found without a look into the map: one for each value of a byte.
const AT_HAND: usize = 256;

/// Values, each with the number of its place among them.
#[derive(Debug)]
pub(super) struct Numbered<V> {
    list: Vec<V>,
    numbers: HashMap<V, usize>,
    /// The number that was last asked for, by the place that a value's bits give.
    at_hand: [usize; AT_HAND],
}

impl<V> Default for Numbered<V> {
    fn default() -> Numbered<V> {
        Numbered { list: Vec::new(), numbers: HashMap::new(), at_hand: [0; AT_HAND] }
    }
}

impl<V: Copy + Eq + Hash> Numbered<V> {
    /// The number of a value that has one. `bits` say where to look first, and nothing else: those of values that come in
    /// turn should differ.
    #[inline]
    pub(super) fn find(&mut self, value: V, bits: u64) -> Option<usize> {
        // A hash that takes no time and resists nobody.
        let place = usize::from(bits.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]);
        let number = *self.at_hand.get(place)?;
        if self.list.get(number) == Some(&value) { Some(number) } else { self.look_up(value, place) }
    }

    #[cold]
    fn look_up(&mut self, value: V, place: usize) -> Option<usize> {
        let number = *self.numbers.get(&value)?;
        *self.at_hand.get_mut(place)? = number;
        Some(number)
    }

    /// Gives the next number to a value that has none. How many values there may be is the caller's to say.
    pub(super) fn add(&mut self, value: V) -> usize {
        let number = self.list.len();
        self.list.push(value);
        self.numbers.insert(value, number);
        number
    }

    /// The number that is next.
    pub(super) fn next(&self) -> usize {
        self.list.len()
    }

    /// The values in the order of their numbers.
    pub(super) fn into_list(self) -> Vec<V> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_whatever_their_bits() {
        let mut numbered = Numbered::default();
        for bits in [|value: u32| u64::from(value), |_| 0] {
            for value in 0..1000 {
                let known = numbered.find(value, bits(value));
                let number = known.unwrap_or_else(|| numbered.add(value));
                assert_eq!(number, value as usize);
                assert_eq!(numbered.find(value, bits(value)), Some(number));
            }
        }
        assert_eq!((numbered.find(1000, 0), numbered.next()), (None, 1000));
        assert!(numbered.into_list().into_iter().eq(0..1000));
    }
}
