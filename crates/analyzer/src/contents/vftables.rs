//! Words that may be addresses of vftables, counted without knowing what they are: only the commonest are looked at.
//!
//! What proves it: later, the type information before the table or the code that its first entry points to. Here, that the
//! map has constants of an image there.
//! What fools it: pointers to other constants, such as texts; those are sorted out where the image is kept.

use std::collections::HashMap;

use dumplens_core::Width;

use super::estimate::Sums;
use super::lookup::Lookup;

/// Different words that are counted. Programs have some thousands of vftables; random words fill a table.
pub(super) const MOST: usize = 1 << 16;

/// Which words may be addresses of vftables.
#[derive(Debug)]
pub(super) struct Candidates<'l> {
    lookup: &'l Lookup,
    windows: [(u64, u64); 2],
    /// At least what the windows hold; one where one is enough.
    prefixes: (Prefix, Option<Prefix>),
}

/// Addresses that begin with the same bits: told by one comparison, of several words at once.
#[derive(Debug, Clone, Copy)]
struct Prefix {
    bits: u64,
    /// Which of an address's bits these are.
    mask: u64,
}

impl Prefix {
    /// The least that one prefix for two windows tells: programs and DLLs lie in the same 16 TB, and as a rule nothing else
    /// does.
    const LEAST: u64 = u64::MAX << 44;

    /// The narrowest one of all addresses from the first to the last.
    fn of(first: u64, last: u64) -> Prefix {
        let mask = u64::MAX.checked_shl(u64::BITS - (first ^ last).leading_zeros()).unwrap_or(0);
        Prefix { bits: first & mask, mask }
    }

    /// Of windows in order of address.
    fn of_both(windows: [(u64, u64); 2]) -> (Prefix, Option<Prefix>) {
        let last = |(base, size): (u64, u64)| base.saturating_add(size.saturating_sub(1));
        let [low, high] = windows.map(|window| Prefix::of(window.0, last(window)));
        let both = Prefix::of(windows[0].0, last(windows[1]));
        match windows[1].1 {
            0 => (low, None),
            _ if both.mask >= Prefix::LEAST => (both, None),
            _ => (low, Some(high)),
        }
    }

    #[inline]
    fn holds(self, word: u64) -> bool {
        word & self.mask == self.bits
    }
}

impl<'l> Candidates<'l> {
    pub(super) fn new(lookup: &'l Lookup) -> Candidates<'l> {
        let windows = lookup.constants();
        Candidates { lookup, windows, prefixes: Prefix::of_both(windows) }
    }

    /// Whether a word may be one.
    #[inline]
    pub(super) fn hold(&self, word: u64, width: Width) -> bool {
        let [low, high] = self.windows;
        let near = word.wrapping_sub(low.0) < low.1 || word.wrapping_sub(high.0) < high.1;
        near && word.is_multiple_of(width.bytes() as u64) && self.lookup.is_constant(word)
    }

    /// The candidates among the words of a run of bytes that begins at a multiple of a word's size.
    #[inline]
    pub(super) fn each(&self, bytes: &[u8], width: Width, mut found: impl FnMut(u64)) {
        let mut each = |bytes: &[u8]| {
            width.each_word(bytes, |word| {
                if self.hold(word, width) {
                    found(word);
                }
            });
        };
        match self.prefixes {
            // 32-bit modules lie close together.
            _ if width == Width::Bits32 => each(bytes),
            (one, None) => blocks(bytes, |word| one.holds(word), each),
            (low, Some(high)) => blocks(bytes, |word| low.holds(word) | high.holds(word), each),
        }
    }
}

/// The parts of a run of bytes that have a word which is `near` what is looked for, and the rest of it. Eight words are
/// looked at without a branch or a call.
#[inline]
fn blocks(bytes: &[u8], near: impl Fn(u64) -> bool, mut each: impl FnMut(&[u8])) {
    let (blocks, rest) = bytes.as_chunks::<64>();
    for block in blocks {
        let words = block.as_chunks::<8>().0.iter();
        if words.fold(false, |any, word| any | near(u64::from_le_bytes(*word))) {
            each(block);
        }
    }
    each(rest);
}

/// Objects by the word that they begin with: how many, and their bytes.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) of: HashMap<u64, (u64, u64)>,
}

impl Objects {
    pub(super) fn add(&mut self, word: u64, bytes: u64) {
        if self.of.len() < MOST || self.of.contains_key(&word) {
            let of = self.of.entry(word).or_default();
            *of = (of.0 + 1, of.1.saturating_add(bytes));
        }
    }
}

/// Pointers by stratum and word.
#[derive(Debug, Default)]
pub(super) struct Pointers {
    pub(super) of: HashMap<(usize, u64), Sums>,
}

impl Pointers {
    pub(super) fn add(&mut self, stratum: usize, word: u64, count: u64, unit: u64) {
        let key = (stratum, word);
        if self.of.len() < MOST || self.of.contains_key(&key) {
            self.of.entry(key).or_default().add(count, unit);
        }
    }

    pub(super) fn join(&mut self, other: Pointers) {
        for (key, sums) in other.of {
            if self.of.len() < MOST || self.of.contains_key(&key) {
                self.of.entry(key).or_default().join(&sums);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_all_addresses_of_its_window() {
        for (first, last) in [
            (0x7ff6_1234_5000, 0x7ffb_ffff_ffff),
            (0x1_4000_0000, 0x1_4000_0fff),
            (0x7fff_ffff_0000, 0x8000_0000_ffff),
            (5, 5),
            (0, u64::MAX),
        ] {
            let prefix = Prefix::of(first, last);
            assert!([first, last, first + (last - first) / 2].iter().all(|word| prefix.holds(*word)));
        }
        let narrow = Prefix::of(0x1_4000_0000, 0x1_4000_0fff);
        assert!(!narrow.holds(0x1_3fff_ffff) && !narrow.holds(0x1_4000_1000));
    }

    #[test]
    fn one_prefix_is_enough_where_modules_lie_near_each_other() {
        let (program, dlls) = ((0x7ff6_0000_0000, 0x1000), (0x7ffb_0000_0000, 0x100_0000));
        let (both, other) = Prefix::of_both([program, dlls]);
        assert!(other.is_none() && both.holds(0x7ff6_0000_0fff) && both.holds(0x7ffb_00ff_ffff));
        let (low, high) = Prefix::of_both([(0x1_4000_0000, 0x1000), dlls]);
        assert!(low.holds(0x1_4000_0fff) && !low.holds(0x7ffb_00ff_ffff));
        assert!(high.is_some_and(|high| high.holds(0x7ffb_00ff_ffff)));
        let (one, none) = Prefix::of_both([dlls, (0, 0)]);
        assert!(none.is_none() && one.holds(0x7ffb_00ff_ffff) && !one.holds(0));
    }
}
