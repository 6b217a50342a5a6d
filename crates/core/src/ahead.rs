//! Passes over lists of which each item leads to a place in memory.

use crate::memory::Memory;

/// Reads ahead for a pass over such a list: what some items lead to comes in one round trip, 4 MiB at most.
#[derive(Debug)]
pub struct Ahead<'d> {
    memory: Memory<'d>,
    /// The first item whose place was not read ahead.
    until: usize,
}

impl<'d> Ahead<'d> {
    /// A pass that begins.
    pub fn new(memory: Memory<'d>) -> Ahead<'d> {
        Ahead { memory, until: 0 }
    }

    /// To be called before item `n` is read; `places` has those of the items from `n` on, one an item, each an address and a
    /// length, which may be 0.
    pub fn before(&mut self, n: usize, places: impl IntoIterator<Item = (u64, u64)>) {
        if n >= self.until {
            self.until = n.saturating_add(self.memory.read_ahead(places).max(1));
        }
    }
}
