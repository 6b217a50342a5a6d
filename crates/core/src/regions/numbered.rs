//! Numbers for what regions are: a list of a million repeats a few dozen combinations, and most are found by one
//! comparison.

use std::collections::HashMap;

use super::Attributes;
use crate::vocabulary::{MemoryState, MemoryType, Protection};

/// Combinations that are found without a look into the map: one for each value of a byte.
const AT_HAND: usize = 256;

/// Combinations, each with the number of its place among them.
#[derive(Debug)]
pub(super) struct Numbered {
    /// The first is that in which every bit is 0, whether a region has it or not.
    list: Vec<Bits>,
    numbers: HashMap<Bits, u8>,
    /// What was last asked for, by a byte that is made of its bits.
    at_hand: [(Bits, u8); AT_HAND],
}

/// All that [`Attributes`] say, in two words that are compared at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Bits(u64, u64);

impl Bits {
    #[inline]
    fn of(attributes: &Attributes) -> Bits {
        let both = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let Attributes { allocation_protect, state, protect, kind } = attributes;
        Bits(both(state.0, protect.0), both(kind.0, allocation_protect.0))
    }

    fn attributes(self) -> Attributes {
        let low = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        Attributes {
            allocation_protect: Protection(low(self.1 >> 32)),
            state: MemoryState(low(self.0)),
            protect: Protection(low(self.0 >> 32)),
            kind: MemoryType(low(self.1)),
        }
    }

    /// A hash that takes no time and resists nobody.
    #[inline]
    fn byte(self) -> usize {
        let hash = (self.0 ^ self.1.rotate_left(8)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::from(hash.to_be_bytes()[0])
    }
}

impl Default for Numbered {
    fn default() -> Numbered {
        let first = (Bits::default(), 0);
        Numbered { list: vec![first.0], numbers: HashMap::from([first]), at_hand: [first; AT_HAND] }
    }
}

impl Numbered {
    /// The number of a combination, the next one if it is new; `None` once there are too many.
    #[inline]
    pub(super) fn number(&mut self, attributes: &Attributes) -> Option<u8> {
        let bits = Bits::of(attributes);
        match self.at_hand.get(bits.byte()) {
            Some((known, number)) if *known == bits => Some(*number),
            _ => self.look_up(bits),
        }
    }

    #[cold]
    fn look_up(&mut self, bits: Bits) -> Option<u8> {
        let number = match self.numbers.get(&bits) {
            Some(number) => *number,
            None => self.add(bits)?,
        };
        *self.at_hand.get_mut(bits.byte())? = (bits, number);
        Some(number)
    }

    fn add(&mut self, bits: Bits) -> Option<u8> {
        let number = u8::try_from(self.list.len()).ok()?;
        self.list.push(bits);
        self.numbers.insert(bits, number);
        Some(number)
    }

    /// The combinations in the order of their numbers.
    pub(super) fn into_list(self) -> Vec<Attributes> {
        self.list.into_iter().map(Bits::attributes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(n: u32) -> Attributes {
        Attributes {
            allocation_protect: Protection(n % 7),
            state: MemoryState(n),
            protect: Protection(n % 11),
            kind: MemoryType(n % 13),
        }
    }

    #[test]
    fn each_has_one_number_until_there_are_too_many() {
        let mut numbered = Numbered::default();
        for _ in 0..2 {
            for n in 0..=u8::MAX {
                assert_eq!(numbered.number(&odd(n.into())), Some(n));
            }
            assert_eq!(numbered.number(&odd(1 << 8)), None);
        }
        assert!(numbered.into_list().into_iter().eq((0..1 << 8).map(odd)));
    }

    #[test]
    fn what_differs_in_one_field_is_another() {
        let mut numbered = Numbered::default();
        let (protect, other) = (Protection(4), Protection(5));
        let (state, kind) = (MemoryState::COMMIT, MemoryType::PRIVATE);
        let first = Attributes { allocation_protect: protect, state, protect, kind };
        let all = [
            first,
            Attributes { allocation_protect: other, ..first },
            Attributes { state: MemoryState::RESERVE, ..first },
            Attributes { protect: other, ..first },
            Attributes { kind: MemoryType::IMAGE, ..first },
        ];
        for _ in 0..2 {
            assert_eq!(all.map(|a| numbered.number(&a)), [1, 2, 3, 4, 5].map(Some));
        }
    }
}
