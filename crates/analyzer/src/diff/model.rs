//! The rows of a comparison: plain data.

use schemars::JsonSchema;
use serde::Serialize;

use super::census::CensusKey;
use super::{Change, Side};
use crate::facts::{HeapKind, Hex, WarningReport};

/// What a table lists at most; of the rest it says how many there are.
pub(super) const ROWS: usize = 20;

/// One of the dumps.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SideReport {
    /// As given by the caller.
    pub path: String,
    /// When it was written.
    pub created: Option<String>,
    /// `x86`, `x86_64`, `arm64`, `arm`; `None` if not known.
    pub arch: Option<String>,
    /// 32 or 64.
    pub pointer_bits: u32,
    /// Whether memory that the dump lists is not in the file.
    pub truncated: bool,
    /// Process ID.
    pub process_id: Option<u32>,
    /// Path of the program.
    pub image: Option<String>,
    /// When the process started.
    pub process_created: Option<String>,
    /// Seconds from its start to the dump.
    pub uptime_seconds: Option<u64>,
    /// What is missing, was repaired or was guessed in this dump.
    pub warnings: Vec<WarningReport>,
}

impl SideReport {
    pub(super) fn new(side: &Side<'_, '_>) -> SideReport {
        let (dump, process) = (&side.facts.dump, &side.facts.process);
        SideReport {
            path: dump.path.clone(),
            created: dump.created.clone(),
            arch: dump.arch.clone(),
            pointer_bits: dump.pointer_bits,
            truncated: dump.truncated,
            process_id: process.id,
            image: process.image.clone(),
            process_created: process.created.clone(),
            uptime_seconds: process.uptime_seconds,
            warnings: side.facts.warnings.clone(),
        }
    }
}

/// A table whose rows are those that changed most.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "TableOf{T}")]
pub struct Table<T> {
    /// How rows of the two dumps were matched.
    pub matched_by: String,
    /// The rows, those that changed most first; at most twenty.
    pub rows: Vec<T>,
    /// Number of rows that are left out.
    pub left_out: u64,
}

impl<T> Table<T> {
    /// The rows that changed most; equals stay in their order.
    pub(super) fn new(matched_by: &str, mut rows: Vec<T>, weight: impl Fn(&T) -> u64) -> Table<T> {
        rows.sort_by_key(|row| std::cmp::Reverse(weight(row)));
        let left_out = rows.len().saturating_sub(ROWS) as u64;
        rows.truncate(ROWS);
        Table { matched_by: matched_by.to_owned(), rows, left_out }
    }
}

/// A figure with its name.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// `bytes` or `count`.
    pub unit: String,
    /// Before and after.
    pub change: Change,
}

/// Something that grew.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Grower {
    /// `usage`, `heap`, `module`, `heap_block_size` or `allocation_size`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Change,
    /// Their number, if they are counted.
    pub count: Option<Change>,
}

/// A limit, and when it would be reached.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Projection {
    /// `commit_limit` of the machine, `job_private_commit_limit` or `address_space`.
    pub limit: String,
    /// Whose growth is assumed: `process`, `machine` or `job`.
    pub by: String,
    /// Bytes that were left in the new dump.
    pub left_bytes: u64,
    /// Growth in bytes per hour.
    pub per_hour: f64,
    /// Hours after the new dump, at this rate.
    pub hours: f64,
    /// When that would be; `None` if the time of the dump is not known, or if it is too far in the future.
    pub at: Option<String>,
}

/// A usage class.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct UsageRow {
    /// WinDbg's name.
    pub name: String,
    /// Bytes, committed and reserved.
    pub size: Change,
    /// Committed bytes.
    pub committed: Change,
    /// Regions, after splitting by usage.
    pub regions: Change,
}

/// A heap.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HeapRow {
    /// `both`, `new` or `gone`.
    pub presence: String,
    /// Position in `PEB.ProcessHeaps`.
    pub index: usize,
    /// 32 or 64: which PEB it belongs to.
    pub bits: u32,
    /// `nt`, `segment`, `xp` or `unknown`.
    pub kind: HeapKind,
    /// Its handle in the old dump.
    pub old_handle: Option<Hex>,
    /// Its handle in the new dump.
    pub new_handle: Option<Hex>,
    /// Committed bytes of all its parts; zero if it does not exist.
    pub committed: Change,
    /// Reserved bytes of all its parts.
    pub reserved: Change,
    /// Large blocks.
    pub large_blocks: Change,
    /// Bytes of the large blocks.
    pub large_bytes: Change,
}

/// A module.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ModuleRow {
    /// `both`, `new` or `gone`.
    pub presence: String,
    /// Its path.
    pub path: String,
    /// Bytes of the image.
    pub size: Change,
    /// Committed bytes that are private to the process: pages that were copied because they were written to.
    pub private: Change,
}

/// Private allocations, or large heap blocks, of one size.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SizeRow {
    /// `allocation` (of `VirtualAlloc`, reserved and committed), or `heap_block` (large blocks, by requested size if
    /// the heap records it).
    pub what: String,
    /// Their usage class.
    pub usage: String,
    /// Bytes of each.
    pub size_bytes: u64,
    /// How many.
    pub count: Change,
    /// Their bytes in total.
    pub bytes: Change,
    /// Their committed bytes.
    pub committed: Change,
}

/// A row of the census.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CensusRow {
    /// What the row counts.
    pub what: CensusKey,
    /// The name of the use, class, size or shape.
    pub name: String,
    /// Number of objects or blocks.
    pub count: Option<Change>,
    /// Their bytes.
    pub bytes: Change,
}

/// Threads with the same start address.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StartRow {
    /// Module and offset; an address outside modules; `None` if it is not known.
    pub start: Option<String>,
    /// How many.
    pub count: Change,
}

/// The threads.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ThreadsDifference {
    /// How many.
    pub count: Change,
    /// Committed bytes of their stacks; unknown if that of one stack is.
    pub stacks_committed: Change,
    /// Reserved bytes of their stacks; unknown if that of one stack is.
    pub stacks_reserved: Change,
    /// Threads whose ID only the new dump has; `None` for different runs, where IDs mean nothing.
    pub new: Option<u64>,
    /// Threads whose ID only the old dump has.
    pub gone: Option<u64>,
    /// By start address: those whose number changed.
    pub by_start: Table<StartRow>,
}

/// An allocation that changed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AllocationChange {
    /// First address.
    pub base: Hex,
    /// `MEM_PRIVATE`, `MEM_MAPPED` or `MEM_IMAGE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Usage of its first part with a known usage, or `<unknown>`.
    pub usage: String,
    /// Bytes; zero if it does not exist.
    pub size: Change,
    /// Committed bytes; zero if it does not exist.
    pub committed: Change,
}

/// Allocations that changed in the same way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct AllocationGroup {
    /// How many.
    pub count: u64,
    /// Change of their bytes, in total.
    pub size_delta: i64,
    /// Change of their committed bytes, in total.
    pub committed_delta: i64,
    /// The ten that changed most.
    pub largest: Vec<AllocationChange>,
}

/// The allocations of one process at two times, by address.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AllocationsDifference {
    /// Only in the new dump, or of another type there.
    pub new: AllocationGroup,
    /// Only in the old dump, or of another type there.
    pub gone: AllocationGroup,
    /// At the same address and larger, or of the same size with more committed.
    pub grown: AllocationGroup,
    /// At the same address and smaller, or of the same size with less committed.
    pub shrunk: AllocationGroup,
    /// Unchanged allocations.
    pub same: u64,
}
