//! The report: plain data, in the shape that `dumplens report --format json` prints.
//!
//! Field names are a contract with other programs. Addresses, codes and flags are [`Hex`]; sizes are in bytes;
//! times are RFC 3339 in UTC; what is not known is `None`, never zero.

mod analysis;
mod build;
mod earlier;
mod exception;
mod hex;
pub mod map;
pub mod region;
mod schema;
mod space;
mod stack;
mod symbols;

pub use analysis::{AdjustedReport, AnalysisReport, BitFlipReport, OperandReport};
pub use earlier::EarlierReport;
pub use exception::{AccessReport, CppReport, ExceptionReport};

pub use hex::Hex;
pub use schema::{diff_schema, schema};
use schemars::JsonSchema;
use serde::Serialize;
pub use space::{AllocationReport, AllocationsReport, HeapCountersReport, HeapReport, SizeClassReport};
pub use stack::{BlameReport, FrameReport, Stacks};
pub use symbols::SiteReport;

use crate::findings::Finding;
use crate::request::Request;
use crate::signature::SignatureReport;
use crate::verdict::VerdictReport;
use crate::warning::Warning;

/// Version of the shape: raised when a field changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// What a report may hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Path of the dump, as it is to be shown.
    pub path: String,
    /// Whether the command line may be shown.
    pub include_secrets: bool,
    /// Whether the verdict is wanted; it needs details.
    pub verdict: bool,
    /// Whether threads, modules and handles are listed; some questions need none of them.
    pub details: bool,
    /// Whose call stacks are walked; none without details.
    pub stacks: Stacks,
}

/// Everything known about a dump.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The file.
    pub dump: DumpReport,
    /// The machine.
    pub system: SystemReport,
    /// The process.
    pub process: ProcessReport,
    /// The exception; `None` if the dump has none that can be read.
    pub exception: Option<ExceptionReport>,
    /// The threads, in the order of the thread list; empty without details.
    pub threads: Vec<ThreadReport>,
    /// The modules, in the order of the module list; empty without details.
    pub modules: Vec<ModuleReport>,
    /// The heaps, those of the first PEB first; empty without details.
    pub heaps: Vec<HeapReport>,
    /// The address space.
    pub memory: MemoryReport,
    /// What happened, and why; `None` if it was not asked for.
    pub verdict: Option<VerdictReport>,
    /// Under which cause the dump is counted; `None` without a verdict, or if the exception's stack was not wanted.
    pub signature: Option<SignatureReport>,
    /// What was found, in the order in which a person would check; empty without a verdict.
    pub findings: Vec<Finding>,
    /// What was dropped, repaired or guessed.
    pub warnings: Vec<WarningReport>,
    /// What the exception's thread asked for, before it is judged; `None` without a verdict.
    #[serde(skip)]
    pub request: Option<Request>,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DumpReport {
    /// As given by the caller.
    pub path: String,
    /// Length of the file.
    pub size_bytes: u64,
    /// `MINIDUMP_TYPE`.
    pub flags: Hex,
    /// When it was written.
    pub created: Option<String>,
    /// `x86`, `x86_64`, `arm64`, `arm`; `None` if not known.
    pub arch: Option<String>,
    /// 32 or 64; guessed (with a warning) if the processor is not known.
    pub pointer_bits: u32,
    /// Whether memory that the dump lists is not in the file.
    pub truncated: bool,
    /// How much of it.
    pub missing_bytes: u64,
    /// Bytes of the process's memory that the file holds.
    pub kept_bytes: u64,
    /// The writer's comment.
    pub comment: Option<String>,
    /// The streams, in the order of the directory.
    pub streams: Vec<StreamReport>,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StreamReport {
    /// `MINIDUMP_STREAM_TYPE`.
    #[serde(rename = "type")]
    pub kind: u32,
    /// Its name.
    pub name: String,
    /// Its length as listed.
    pub size_bytes: u64,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SystemReport {
    /// Family and version, such as `Windows NT 10.0.19045`.
    pub os: Option<String>,
    /// Build number.
    pub build: Option<u32>,
    /// The build's full name, where MiscInfo has one.
    pub build_string: Option<String>,
    /// Service pack, or what Linux writers put in its place.
    pub service_pack: Option<String>,
    /// Logical processors.
    pub processors: Option<u32>,
    /// Seconds since the system started, to the millisecond.
    pub uptime_seconds: Option<f64>,
    /// Its clock at dump time, from KUSER_SHARED_DATA.
    pub time: Option<String>,
    /// RAM and commit.
    pub memory: Option<SystemMemoryReport>,
}

/// The machine's memory at dump time.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SystemMemoryReport {
    /// RAM.
    pub physical_bytes: Option<u64>,
    /// RAM that was free or could be freed at once.
    pub available_bytes: Option<u64>,
    /// Commit charge of the whole system.
    pub commit_bytes: Option<u64>,
    /// What it may not exceed.
    pub commit_limit_bytes: Option<u64>,
    /// Its highest value since the system started.
    pub commit_peak_bytes: Option<u64>,
}

/// The process.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProcessReport {
    /// Process ID.
    pub id: Option<u32>,
    /// Path of the program.
    pub image: Option<String>,
    /// Only if secrets were asked for.
    pub command_line: Option<String>,
    /// When it started.
    pub created: Option<String>,
    /// Seconds from then to the dump.
    pub uptime_seconds: Option<u64>,
    /// Seconds of processor time in user mode, all threads.
    pub user_seconds: Option<u32>,
    /// Seconds of processor time in kernel mode, all threads.
    pub kernel_seconds: Option<u32>,
    /// Whether a 32-bit program ran on 64-bit Windows.
    pub wow64: Option<bool>,
    /// Addresses of its PEBs, the 64-bit one first.
    pub pebs: Vec<Hex>,
    /// Handles of each type, most frequent first; `None` without a handle stream or without details.
    pub handles: Option<Vec<HandleCount>>,
    /// ProcessVmCounters.
    pub counters: Option<CountersReport>,
}

/// How many handles of one type.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HandleCount {
    /// Type name, such as `Event`; empty if the dump does not say.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// Memory counters of the process.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[allow(missing_docs)] // the names of PROCESS_MEMORY_COUNTERS_EX2 and of the job's limits
pub struct CountersReport {
    pub private_bytes: Option<u64>,
    pub pagefile_bytes: u64,
    pub peak_pagefile_bytes: u64,
    pub working_set_bytes: u64,
    pub peak_working_set_bytes: u64,
    pub private_working_set_bytes: Option<u64>,
    pub virtual_bytes: Option<u64>,
    pub peak_virtual_bytes: Option<u64>,
    pub shared_commit_bytes: Option<u64>,
    pub job_private_commit_bytes: Option<u64>,
    pub job_private_commit_limit_bytes: Option<u64>,
    pub job_total_commit_limit_bytes: Option<u64>,
    pub page_faults: u32,
}

/// A code and its name.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CodeReport {
    /// The number.
    pub code: Hex,
    /// Windows' name for it, if it has one.
    pub name: Option<String>,
}

/// A stack's bounds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StackReport {
    /// `StackBase`: the end, exclusive.
    pub base: Hex,
    /// `StackLimit`: the lowest committed address.
    pub limit: Hex,
    /// `DeallocationStack`: the lowest reserved address.
    pub reserved_from: Option<Hex>,
    /// Bytes reserved but not committed.
    pub reserved_bytes: Option<u64>,
    /// Bytes committed, guard pages too.
    pub committed_bytes: Option<u64>,
    /// Bytes of guard pages.
    pub guard_bytes: Option<u64>,
    /// Bytes from the lowest one that was ever written to the base; `None` if the dump does not keep them.
    pub deepest_bytes: Option<u64>,
    /// Bytes from the stack pointer to the base; `None` if it does not point into this stack.
    pub in_use_bytes: Option<u64>,
}

/// One thread.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ThreadReport {
    /// Thread ID.
    pub id: u32,
    /// Position in the thread list.
    pub index: usize,
    /// Its name.
    pub name: Option<String>,
    /// Address of the TEB.
    pub teb: Hex,
    /// Address of the 32-bit TEB of a WOW64 thread.
    pub teb32: Option<Hex>,
    /// The stack that the program uses: the 32-bit one in a WOW64 thread.
    pub stack: Option<Box<StackReport>>,
    /// The stack of the 64-bit half of a WOW64 thread.
    pub stack64: Option<Box<StackReport>>,
    /// `LastErrorValue`; any later call overwrites it.
    pub last_error: Option<CodeReport>,
    /// `LastStatusValue`; any later call overwrites it.
    pub last_status: Option<CodeReport>,
    /// How often it was suspended.
    pub suspend_count: u32,
    /// Instruction pointer.
    pub ip: Option<Hex>,
    /// Stack pointer.
    pub sp: Option<Hex>,
    /// Where it started.
    pub start_address: Option<Hex>,
    /// The functions there; empty before [`Report::symbolise`].
    pub start_symbol: Vec<SiteReport>,
    /// What it was executing: module and offset, without a walk; with [`Report::symbolise`] the function too.
    pub top: Option<String>,
    /// Where that is.
    #[serde(skip)]
    pub top_ip: Option<u64>,
    /// The call stack, the innermost frame first; `None` if it was not asked for.
    pub frames: Option<Vec<FrameReport>>,
    /// Why the walk ended there.
    pub stopped: Option<String>,
    /// The first frame outside system and runtime.
    pub blame: Option<Box<BlameReport>>,
    /// Exceptions that happened before, by what is left of them on the stack; `None` if it was not searched.
    pub exceptions: Option<Vec<EarlierReport>>,
}

/// One module.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ModuleReport {
    /// First address.
    pub base: Hex,
    /// Bytes.
    pub size_bytes: u64,
    /// Path as the loader had it.
    pub path: String,
    /// File version, where the dump has one.
    pub version: Option<String>,
    /// `TimeDateStamp` of the image.
    pub time_date_stamp: Hex,
    /// The PDB's name, from the CodeView record.
    pub pdb: Option<String>,
    /// GUID and age, as a symbol server wants them.
    pub debug_id: Option<String>,
    /// Committed bytes that are private to the process: pages that were written, and copied for that. `None` without a
    /// memory map.
    pub private_bytes: Option<u64>,
    /// Committed bytes that will be copied when they are written.
    pub write_copy_bytes: Option<u64>,
}

/// A region's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlaceReport {
    /// First address.
    pub base: Hex,
    /// Bytes.
    pub size_bytes: u64,
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MemoryReport {
    /// Whether the dump holds a whole memory map. If not, the figures that need one are `None`, and the rows count
    /// only what is known: the part of the map that is left, or without any what the dump keeps and its modules.
    pub complete: bool,
    /// Regions of the map, or of the part that is left of it.
    pub regions: Option<u64>,
    /// Regions after splitting by usage: what the rows count.
    pub classified_regions: u64,
    /// All of it, free or not.
    pub total_bytes: Option<u64>,
    /// What is not free.
    pub busy_bytes: Option<u64>,
    /// `MEM_COMMIT`.
    pub commit_bytes: Option<u64>,
    /// `MEM_RESERVE`.
    pub reserve_bytes: Option<u64>,
    /// `MEM_FREE`.
    pub free_bytes: Option<u64>,
    /// The largest free region; `None` also when nothing is free.
    pub largest_free: Option<PlaceReport>,
    /// What the process is charged for by the map: private pages, and copied or copy-on-write pages of images and
    /// mappings. Page tables, kernel memory and AWE pages are not in the map.
    pub private_commit_estimate_bytes: Option<u64>,
    /// The allocations; `None` without details.
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

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WarningReport {
    /// Stable name.
    pub code: String,
    /// For people.
    pub message: String,
}

impl From<&Warning> for WarningReport {
    fn from(warning: &Warning) -> WarningReport {
        WarningReport { code: warning.code().to_owned(), message: warning.to_string() }
    }
}
