//! The regions of an address space by usage, state, type and protection, added up in one pass.

use dumplens_core::{MemoryInfo, MemoryState, MemoryType, Numbered, Protection};

use super::{AddressSpace, Usage};

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
    pub(super) regions: u64,
    pub(super) size: u64,
    pub(super) largest: (u64, u64),
}

/// Sums by key: a few dozen, in a list that is not damaged.
#[derive(Debug, Default)]
struct Groups {
    list: Vec<Group>,
    numbers: Numbered<Key>,
}

/// What tells keys apart that come in turn.
#[inline]
fn bits((_, state, kind, protect): Key) -> u64 {
    u64::from(state.0) << 32 ^ u64::from(kind.0) << 16 ^ u64::from(protect.0)
}

impl Groups {
    fn add(&mut self, usage: Usage, region: &MemoryInfo, base: u64, size: u64) {
        let key = (usage, region.state, region.kind, region.protect);
        let number = self.numbers.find(key, bits(key)).unwrap_or_else(|| self.without_number(key));
        let group = &mut self.list[number];
        group.regions += 1;
        group.size += size;
        if size > group.largest.1 {
            group.largest = (base, size);
        }
    }

    /// The group of a key that has none yet. A damaged list can have as many keys as regions: once there are too many, what
    /// has none of its own joins a group of other values.
    #[cold]
    fn without_number(&mut self, mut key: Key) -> usize {
        if self.list.len() >= MOST_GROUPS {
            let (usage, state, kind, _) = key;
            let state = if state.is_known() { state } else { MemoryState(OTHER) };
            let kinds = [MemoryType::PRIVATE, MemoryType::MAPPED, MemoryType::IMAGE, MemoryType(0)];
            let kind = if kinds.contains(&kind) { kind } else { MemoryType(OTHER) };
            key = (usage, state, kind, Protection(OTHER));
            if let Some(number) = self.numbers.find(key, bits(key)) {
                return number;
            }
        }
        self.list.push(Group { key, regions: 0, size: 0, largest: (0, 0) });
        self.numbers.add(key)
    }
}

/// One group for each combination that occurs.
pub(super) fn group(space: &AddressSpace<'_>) -> Vec<Group> {
    let mut groups = Groups::default();
    let mut spans = space.spans.as_slice();
    for (index, region) in space.regions.iter().enumerate() {
        while spans.first().is_some_and(|span| span.end <= region.base) {
            spans = &spans[1..];
        }
        let end = region.base.saturating_add(region.size);
        let is_free = region.state.is_free();
        // The first is rarely so; free regions and others come in any order, which no processor guesses.
        if spans.first().is_some_and(|span| span.base < end) && !is_free {
            space.pieces_of(index).for_each(|p| groups.add(p.usage, &region, p.base, p.size));
            continue;
        }
        let usage = if is_free { Usage::Free } else { Usage::Unknown };
        groups.add(usage, &region, region.base, region.size);
    }
    groups.list
}
