//! The tables of `!address -summary`: totals by usage, type, state and protection.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Display;

use dumplens_core::MemoryState;

use super::AddressSpace;
use super::charge::private_commit;
use super::groups::{Group, OTHER, Sum, group, larger};

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

impl Totals {
    /// Adds up an address space, in one pass.
    pub fn of(space: &AddressSpace<'_>) -> Totals {
        let groups = group(space);
        let free = |g: &Group| g.key.1 == MemoryState::FREE;
        let sum = |wanted: MemoryState| groups.iter().filter(|g| g.key.1 == wanted).map(|g| g.sum.size).sum();
        let total = groups.iter().map(|g| g.sum.size).sum();
        let (commit, reserve, unused) =
            (sum(MemoryState::COMMIT), sum(MemoryState::RESERVE), sum(MemoryState::FREE));
        Totals {
            regions: groups.iter().map(|g| g.sum.regions).sum(),
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
            odd_states: groups.iter().filter(|g| !g.key.1.is_known()).map(|g| g.sum.regions).sum(),
            largest_free: groups.iter().filter(|g| free(g)).map(|g| g.sum.largest).reduce(larger),
        }
    }

    /// How much of the free space lies outside the largest free region, 0 to 1; `None` if nothing is free.
    pub fn fragmentation(&self) -> Option<f64> {
        let (_, largest) = self.largest_free?;
        (self.free > 0).then(|| (self.free - largest) as f64 / self.free as f64)
    }
}

/// Rows beyond this many are joined in one: only a damaged list has so many different values.
const MOST_ROWS: usize = 64;

/// Joins the groups that share a name; those for which `name` is `None` do not count.
fn table<N: Display + Ord>(
    groups: &[Group],
    name: impl Fn(&Group) -> Option<N>,
    is_other: impl Fn(&N) -> bool,
) -> Vec<TotalsRow> {
    let mut by_name: BTreeMap<N, Sum> = BTreeMap::new();
    for group in groups {
        if let Some(key) = name(group) {
            by_name.entry(key).or_default().join(&group.sum);
        }
    }
    let row = |(name, Sum { regions, size, largest }): (N, _)| TotalsRow {
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
        self.largest = larger(self.largest, row.largest);
        self
    }
}
