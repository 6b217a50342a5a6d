//! The address space, in tables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AllocationsReport, PlaceReport, ProgramSpaceReport, Warning, allocations, program_space};
use crate::process::Process;
use crate::space::{SpaceWarning, Totals, TotalsRow};

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowReport {
    /// WinDbg's or Windows' name.
    pub name: String,
    /// Regions, after splitting by usage.
    pub regions: u64,
    /// Bytes.
    pub size_bytes: u64,
    /// The largest region.
    pub largest: PlaceReport,
}

/// The address space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryReport {
    /// Whether the dump contains a complete memory map. If not, figures that need one are `None`, and the rows count
    /// only what is known: the remaining part of the map, or without any the memory in the dump and its modules.
    pub complete: bool,
    /// Regions of the map, or of its remaining part.
    pub regions: Option<u64>,
    /// Number of regions after splitting by usage, as the rows count them.
    pub classified_regions: u64,
    /// All of the address space, free or not.
    pub total_bytes: Option<u64>,
    /// What is not free.
    pub busy_bytes: Option<u64>,
    /// `MEM_COMMIT`.
    pub commit_bytes: Option<u64>,
    /// `MEM_RESERVE`.
    pub reserve_bytes: Option<u64>,
    /// `MEM_FREE`.
    pub free_bytes: Option<u64>,
    /// The largest free region; also `None` if nothing is free.
    pub largest_free: Option<PlaceReport>,
    /// The part that a 32-bit program can use, in a 64-bit dump; otherwise `None`.
    pub program_space: Option<ProgramSpaceReport>,
    /// The private commit according to the map: private pages, and copied or copy-on-write pages of images and
    /// mappings. Page tables, kernel memory and AWE pages are not in the map.
    pub private_commit_estimate_bytes: Option<u64>,
    /// The allocations; `None` if they were not requested.
    pub allocations: Option<AllocationsReport>,
    /// The share of free space outside the largest free region, 0 to 1.
    pub fragmentation: Option<f64>,
    /// Every region.
    pub usage: Vec<RowReport>,
    /// Regions that are not free.
    #[serde(rename = "type")]
    pub kind: Vec<RowReport>,
    /// Every region.
    pub state: Vec<RowReport>,
    /// Committed regions.
    pub protect: Vec<RowReport>,
}

/// What is known of the address space.
pub(super) fn of(process: &Process<'_>, listed: bool, warnings: &mut Vec<Warning>) -> MemoryReport {
    let totals = Totals::of(&process.space);
    if totals.odd_states > 0 {
        warnings.push(SpaceWarning::RegionsOddState { count: totals.odd_states }.into());
    }
    let (complete, mapped) = (process.space.is_complete(), process.space.is_mapped());
    let place = |(base, size_bytes): (u64, u64)| PlaceReport { base: base.into(), size_bytes };
    let row = |r: TotalsRow| RowReport {
        name: r.name,
        regions: r.regions,
        size_bytes: r.size,
        largest: place(r.largest),
    };
    // Without a map, type and protection are not known either.
    let table = |rows: Vec<TotalsRow>| if mapped { rows.into_iter().map(row).collect() } else { Vec::new() };
    let known = |bytes: u64| complete.then_some(bytes);
    MemoryReport {
        complete,
        regions: mapped.then_some(process.space.regions.len() as u64),
        classified_regions: totals.regions,
        total_bytes: known(totals.total),
        busy_bytes: known(totals.busy),
        commit_bytes: known(totals.commit),
        reserve_bytes: known(totals.reserve),
        free_bytes: known(totals.free),
        largest_free: totals.largest_free.filter(|_| complete).map(place),
        program_space: program_space::of(process),
        private_commit_estimate_bytes: known(totals.private_commit),
        allocations: (listed && mapped).then(|| allocations::all(process)),
        fragmentation: totals.fragmentation().filter(|_| complete),
        usage: totals.usage.into_iter().map(row).collect(),
        kind: table(totals.kind),
        state: table(totals.state),
        protect: table(totals.protect),
    }
}
