//! The tables of `!address -summary`: totals by usage, type, state and protection.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Display;

use dumplens_core::process::kuser;
use dumplens_core::{MemoryInfo, MemoryState, MemoryType, Protection};
use foldhash::HashMap;

use super::AddressSpace;
use super::Usage;
use super::owners::{WRITABLE, WRITE_COPY};

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalsRow {
    /// WinDbg's or Windows' name.
    pub name: String,
    /// Regions, after splitting by usage.
    pub regions: u64,
    /// Bytes.
    pub size: u64,
    /// Base and size of the largest region; the lowest of equals.
    pub largest: (u64, u64),
}

/// The address space, added up. Rows are in descending order of size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Regions, after splitting by usage.
    pub regions: u64,
    /// All bytes, free or not.
    pub total: u64,
    /// Bytes that are not free.
    pub busy: u64,
    /// Every region.
    pub usage: Vec<TotalsRow>,
    /// Regions that are not free.
    pub kind: Vec<TotalsRow>,
    /// Every region.
    pub state: Vec<TotalsRow>,
    /// Committed regions.
    pub protect: Vec<TotalsRow>,
    /// Bytes committed, reserved and free.
    pub commit: u64,
    /// Bytes reserved.
    pub reserve: u64,
    /// Bytes free.
    pub free: u64,
    /// What the process is charged for by the map (F.3).
    pub private_commit: u64,
    /// The largest free region, base and size; the lowest of equals.
    pub largest_free: Option<(u64, u64)>,
    /// Regions whose state is none of commit, reserve and free.
    pub odd_states: u64,
}

/// Everything by which a table may tell regions apart.
type Key = (Usage, MemoryState, MemoryType, Protection);

/// The pieces of one key, added up.
#[derive(Debug, Clone, Copy)]
struct Group {
    key: Key,
    regions: u64,
    size: u64,
    largest: (u64, u64),
}

impl Totals {
    /// Adds up an address space, in one pass.
    pub fn of(space: &AddressSpace<'_>) -> Totals {
        let groups = group(space);
        let free = |g: &Group| g.key.1 == MemoryState::FREE;
        let sum = |wanted: MemoryState| groups.iter().filter(|g| g.key.1 == wanted).map(|g| g.size).sum();
        let total = groups.iter().map(|g| g.size).sum();
        let (commit, reserve, unused) =
            (sum(MemoryState::COMMIT), sum(MemoryState::RESERVE), sum(MemoryState::FREE));
        Totals {
            regions: groups.iter().map(|g| g.regions).sum(),
            total,
            busy: total - unused,
            usage: table(&groups, |g| Some(g.key.0), |_| false),
            kind: table(&groups, |g| (!free(g)).then_some(g.key.2), |kind| kind.0 == OTHER),
            state: table(&groups, |g| Some(g.key.1), |state| state.0 == OTHER),
            protect: table(&groups, |g| g.key.1.is_commit().then_some(g.key.3), |protect| protect.0 == OTHER),
            commit,
            reserve,
            free: unused,
            private_commit: private_commit(&groups, space),
            odd_states: groups.iter().filter(|g| !g.key.1.is_known()).map(|g| g.regions).sum(),
            largest_free: groups
                .iter()
                .filter(|g| free(g))
                .map(|g| g.largest)
                .fold(None, |a, b| Some(larger(a, b))),
        }
    }

    /// How much of the free space lies outside the largest free region, 0 to 1; `None` if nothing is free.
    pub fn fragmentation(&self) -> Option<f64> {
        let (_, largest) = self.largest_free?;
        (self.free > 0).then(|| (self.free - largest) as f64 / self.free as f64)
    }
}

/// What a commit charge consists of (Windows Internals, Memory management): private pages, except those that the kernel shares with
/// every process, and image and mapped pages that were copied or can be copied on write.
fn private_commit(groups: &[Group], space: &AddressSpace<'_>) -> u64 {
    let charged = |g: &&Group| {
        let (_, state, kind, protect) = g.key;
        is_charged(state, kind, protect)
    };
    let sum: u64 = groups.iter().filter(charged).map(|g| g.size).sum();
    sum.saturating_sub(shared_with_kernel(space))
}

/// Whether pages are part of the process's commit charge.
pub(crate) fn is_charged(state: MemoryState, kind: MemoryType, protect: Protection) -> bool {
    state.is_commit()
        && match kind {
            MemoryType::PRIVATE => true,
            MemoryType::IMAGE => protect.0 & (WRITABLE | WRITE_COPY) != 0,
            MemoryType::MAPPED => protect.0 & WRITE_COPY != 0,
            _ => false,
        }
}

/// Whether a region is one of the pages that the kernel shares with every process, which are charged to nobody.
pub(crate) fn is_shared_with_kernel(region: &MemoryInfo) -> bool {
    (kuser::ADDRESS..kuser::ADDRESS + 0x1_0000).contains(&region.base)
        && region.state.is_commit()
        && region.kind == MemoryType::PRIVATE
        && region.size <= 0x1000
}

/// KUSER_SHARED_DATA and the hypervisor's page behind it: private by type, charged to nobody.
fn shared_with_kernel(space: &AddressSpace<'_>) -> u64 {
    let pages = kuser::ADDRESS..kuser::ADDRESS + 0x1_0000;
    let regions = (space.regions.first_behind(pages.start)..).map_while(|index| space.regions.get(index));
    let inside = regions.take_while(|r| r.base < pages.end);
    inside.filter(is_shared_with_kernel).map(|r| r.size).sum()
}

fn larger(a: Option<(u64, u64)>, b: (u64, u64)) -> (u64, u64) {
    match a {
        Some(a) if a.1 > b.1 || (a.1 == b.1 && a.0 <= b.0) => a,
        _ => b,
    }
}

/// Groups that are counted separately; a normal list has a few dozen.
const MOST_GROUPS: usize = 4096;
/// In a key: any other value than those that have a group of their own.
const OTHER: u32 = u32::MAX;

/// Groups that are found without a look into the map: one for each value of a byte.
const AT_HAND: usize = 256;

/// Sums by key: a few dozen, in a list that is not damaged.
#[derive(Debug)]
struct Groups {
    list: Vec<Group>,
    numbers: HashMap<Key, usize>,
    /// The group that was last asked for, by the place that its key gives.
    at_hand: [usize; AT_HAND],
}

impl Default for Groups {
    fn default() -> Groups {
        Groups { list: Vec::new(), numbers: HashMap::default(), at_hand: [0; AT_HAND] }
    }
}

/// Where to look first for a group: a hash that takes no time and resists nobody.
#[inline]
fn place((_, state, kind, protect): Key) -> usize {
    let key = u64::from(state.0) << 32 ^ u64::from(kind.0) << 16 ^ u64::from(protect.0);
    usize::from(key.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0])
}

impl Groups {
    fn add(&mut self, usage: Usage, region: &MemoryInfo, base: u64, size: u64) {
        let key = (usage, region.state, region.kind, region.protect);
        let place = place(key);
        let mut number = self.at_hand[place];
        if self.list.get(number).is_none_or(|group| group.key != key) {
            number = self.look_up(key);
            self.at_hand[place] = number;
        }
        let group = &mut self.list[number];
        group.regions += 1;
        group.size += size;
        if size > group.largest.1 {
            group.largest = (base, size);
        }
    }

    /// The group of a key. A damaged list can have as many keys as regions: once there are too many, what has none
    /// of its own joins a group of other values.
    #[cold]
    fn look_up(&mut self, mut key: Key) -> usize {
        if self.list.len() >= MOST_GROUPS && !self.numbers.contains_key(&key) {
            let (usage, state, kind, _) = key;
            let state = if state.is_known() { state } else { MemoryState(OTHER) };
            let kinds = [MemoryType::PRIVATE, MemoryType::MAPPED, MemoryType::IMAGE, MemoryType(0)];
            let kind = if kinds.contains(&kind) { kind } else { MemoryType(OTHER) };
            key = (usage, state, kind, Protection(OTHER));
        }
        *self.numbers.entry(key).or_insert_with(|| {
            self.list.push(Group { key, regions: 0, size: 0, largest: (0, 0) });
            self.list.len() - 1
        })
    }
}

/// One group for each combination that occurs.
fn group(space: &AddressSpace<'_>) -> Vec<Group> {
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

/// Rows beyond this many are joined in one: only a damaged list has so many different values.
const MOST_ROWS: usize = 64;

/// Joins the groups that share a name; those for which `name` is `None` do not count.
fn table<N: Display + Ord>(
    groups: &[Group],
    name: impl Fn(&Group) -> Option<N>,
    is_other: impl Fn(&N) -> bool,
) -> Vec<TotalsRow> {
    let mut by_name: BTreeMap<N, (u64, u64, (u64, u64))> = BTreeMap::new();
    for group in groups {
        let Some(key) = name(group) else { continue };
        let row = by_name.entry(key).or_insert((0, 0, group.largest));
        *row = (row.0 + group.regions, row.1 + group.size, larger(Some(row.2), group.largest));
    }
    let row = |(name, (regions, size, largest)): (N, _)| TotalsRow {
        name: if is_other(&name) { TotalsRow::others().name } else { name.to_string() },
        regions,
        size,
        largest,
    };
    let mut rows: Vec<TotalsRow> = by_name.into_iter().map(row).collect();
    // WinDbg's order: by size. The sort is stable, so of equals 64-bit structures precede 32-bit ones, as the enum
    // has them.
    rows.sort_by_key(|row| Reverse(row.size));
    if rows.len() > MOST_ROWS {
        let others = TotalsRow::others();
        let (rest, mut kept): (Vec<_>, Vec<_>) =
            rows.into_iter().enumerate().partition(|(n, row)| *n >= MOST_ROWS - 1 || row.name == others.name);
        let rest = rest.iter().fold(others, |sum, (_, row)| sum.join(row));
        return kept.drain(..).map(|(_, row)| row).chain([rest]).collect();
    }
    rows
}

impl TotalsRow {
    fn others() -> TotalsRow {
        TotalsRow { name: "(other values)".to_owned(), regions: 0, size: 0, largest: (0, 0) }
    }

    fn join(mut self, row: &TotalsRow) -> TotalsRow {
        self.regions += row.regions;
        self.size += row.size;
        self.largest = larger(Some(self.largest), row.largest);
        self
    }
}
