//! The regions of an address space by usage, state, type and protection, added up in one pass.

use std::cmp::Reverse;

use dumplens_core::{Attributes, MemoryState, MemoryType, Numbers, Protection};
use foldhash::HashMap;

use super::address_space::leave;
use super::{AddressSpace, Piece, Usage};

/// Groups that are counted separately; a normal list has a few dozen.
const MOST_GROUPS: usize = 4096;
/// In a key: any other value than those that have a group of their own.
pub(super) const OTHER: u32 = u32::MAX;

/// Everything by which a table may tell regions apart.
pub(super) type Key = (Usage, MemoryState, MemoryType, Protection);

/// The pieces of one key, added up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) key: Key,
    pub(super) sum: Sum,
}

/// Regions, or parts of them, added up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) regions: u64,
    /// Bytes.
    pub(super) size: u64,
    /// Base and size of the largest; the lowest of equals.
    pub(super) largest: (u64, u64),
}

impl Sum {
    /// Adds what lies behind all that was added.
    #[inline]
    fn add(&mut self, base: u64, size: u64) {
        self.regions += 1;
        self.size += size;
        if size > self.largest.1 {
            self.largest = (base, size);
        }
    }

    /// Adds what may lie anywhere.
    pub(super) fn join(&mut self, other: &Sum) {
        self.regions += other.regions;
        self.size += other.size;
        self.largest = larger(self.largest, other.largest);
    }
}

/// The larger one of two places, the lower one of equals.
pub(super) fn larger(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    let order = |(base, size): (u64, u64)| (size, Reverse(base));
    if order(b) > order(a) { b } else { a }
}

/// Sums by key: a few dozen, in a list that is not damaged.
#[derive(Debug, Default)]
struct Groups {
    list: Vec<Group>,
    numbers: HashMap<Key, usize>,
}

impl Groups {
    /// The group of a key. A damaged list can have as many keys as regions: once there are too many, what has no group of
    /// its own joins one of other values.
    fn of(&mut self, mut key: Key) -> &mut Group {
        if self.list.len() >= MOST_GROUPS && !self.numbers.contains_key(&key) {
            let (usage, state, kind, _) = key;
            let state = if state.is_known() { state } else { MemoryState(OTHER) };
            let kinds = [MemoryType::PRIVATE, MemoryType::MAPPED, MemoryType::IMAGE, MemoryType(0)];
            let kind = if kinds.contains(&kind) { kind } else { MemoryType(OTHER) };
            key = (usage, state, kind, Protection(OTHER));
        }
        let number = *self.numbers.entry(key).or_insert_with(|| {
            self.list.push(Group { key, sum: Sum::default() });
            self.list.len() - 1
        });
        &mut self.list[number]
    }

    fn add(&mut self, piece: &Piece) {
        let region = &piece.region;
        self.of((piece.usage, region.state, region.kind, region.protect)).sum.add(piece.base, piece.size);
    }
}

/// One group for each combination that occurs.
pub(super) fn group(space: &AddressSpace<'_>) -> Vec<Group> {
    let mut groups = Groups::default();
    match space.regions.numbers() {
        Some(numbers) => by_number(space, numbers, &mut groups),
        None => space.each_piece(|_| true, |piece| groups.add(piece)),
    }
    groups.list
}

/// What has no claim is added up by its number.
fn by_number<I>(
    space: &AddressSpace<'_>,
    Numbers { regions, attributes }: Numbers<'_, I>,
    groups: &mut Groups,
) where
    I: Iterator<Item = (u64, u64, u8)>,
{
    let mut sums = vec![Sum::default(); attributes.len()];
    let (mut spans, mut claimed) = (space.spans.as_slice(), 0);
    for (index, (base, size, number)) in regions.enumerate() {
        let end = base.saturating_add(size);
        if end > claimed {
            leave(&mut spans, base);
            claimed = spans.first().map_or(u64::MAX, |span| span.base);
        }
        if end > claimed {
            space.pieces_of(index).for_each(|piece| groups.add(&piece));
        } else if let Some(sum) = sums.get_mut(usize::from(number)) {
            sum.add(base, size);
        }
    }
    for (sum, Attributes { state, kind, protect, .. }) in sums.iter().zip(attributes) {
        let usage = if state.is_free() { Usage::Free } else { Usage::Unknown };
        if sum.regions > 0 {
            groups.of((usage, *state, *kind, *protect)).sum.join(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use dumplens_core::{MemoryInfo, Regions};

    use super::*;
    use crate::space::{Coverage, Fact, Owner, Span};

    fn region(n: u32, size: u64, state: MemoryState, protect: u32) -> MemoryInfo {
        let (allocation_protect, protect) = (Protection(4), Protection(protect));
        let (base, kind) = (u64::from(n) * 0x10_000, MemoryType::PRIVATE);
        let allocation_base = if state.is_free() { 0 } else { base };
        MemoryInfo { base, size, allocation_base, allocation_protect, state, protect, kind }
    }

    /// Sums by group, sorted.
    fn sums(regions: &[MemoryInfo]) -> Vec<(Key, u64, u64, (u64, u64))> {
        let span = |from: u64, to: u64, usage| {
            let (base, end) = (from * 0x8000, to * 0x8000);
            Span { base, end, usage, owner: Owner::Process, fact: Fact::ModuleList }
        };
        let space = AddressSpace {
            regions: std::borrow::Cow::Owned(regions.iter().copied().collect::<Regions>()),
            coverage: Coverage::Part,
            // Half a region, and two and a half of which one is free.
            spans: vec![span(4, 5, Usage::Image), span(8, 13, Usage::Teb(crate::space::Bits::Native))],
        };
        let mut sums: Vec<_> =
            group(&space).iter().map(|g| (g.key, g.sum.regions, g.sum.size, g.sum.largest)).collect();
        sums.sort_unstable();
        sums
    }

    #[test]
    fn regions_with_numbers_are_added_up_as_those_without() {
        let states = [MemoryState::COMMIT, MemoryState::FREE, MemoryState::RESERVE];
        let regions: Vec<MemoryInfo> = (0..60)
            .zip(states.into_iter().cycle())
            .map(|(n, state)| region(n, 0x10_000, state, if n % 5 == 0 { 2 } else { 4 }))
            .collect();
        let numbered = sums(&regions);
        assert_eq!(numbered.iter().map(|sum| sum.2).sum::<u64>(), 60 * 0x10_000);
        assert_eq!(
            numbered.iter().filter(|sum| sum.0.0 == Usage::Image).map(|sum| sum.2).sum::<u64>(),
            0x8000
        );
        // With a gap before the last, there are no numbers.
        let mut odd = sums(&[regions, vec![region(100, 0x1000, MemoryState::COMMIT, 0x40)]].concat());
        odd.retain(|sum| sum.0.3 != Protection(0x40));
        assert_eq!(numbered, odd);
    }
}
