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
}

impl<'l> Candidates<'l> {
    pub(super) fn new(lookup: &'l Lookup) -> Candidates<'l> {
        Candidates { lookup, windows: lookup.constants() }
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
        // The windows are for 64-bit modules, which lie far apart.
        if width == Width::Bits32 {
            return each(bytes);
        }
        let [low, high] = self.windows;
        let near = |word: u64| (word.wrapping_sub(low.0) < low.1) | (word.wrapping_sub(high.0) < high.1);
        let (blocks, rest) = bytes.as_chunks::<64>();
        for block in blocks {
            // Eight words without a branch or a call: few blocks hold an address of a constant.
            let words = block.as_chunks::<8>().0.iter();
            if words.fold(false, |any, word| any | near(u64::from_le_bytes(*word))) {
                each(block);
            }
        }
        each(rest);
    }
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
