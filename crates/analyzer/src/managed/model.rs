//! What is known of .NET runtimes as plain data, and how much is looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GcRefusal, HeldReport, LockReport, ManagedExceptionReport, StringsReport, TypeReport};

/// Everything that is known about a process's .NET runtimes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManagedReport {
    /// The runtimes, in the order of the module list.
    pub runtimes: Vec<RuntimeReport>,
    /// The types of the objects, the one with the most bytes first; empty if they were not counted.
    pub types: Vec<TypeReport>,
    /// How many types there are.
    pub type_count: u64,
    /// Statistics of the walk through the heaps; `None` if there was none.
    pub walk: Option<WalkReport>,
    /// What holds the objects; `None` if that was not examined: the heaps are too large for the question, were not
    /// walked completely, or objects were being moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holders: Option<Box<HeldReport>>,
    /// Duplicate strings; `None` if strings were not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strings: Option<StringsReport>,
    /// The exceptions that threads handle or threw last.
    pub exceptions: Vec<ManagedExceptionReport>,
    /// The last allocation that the collector refused; `None` if it refused none.
    pub refused: Option<GcRefusal>,
    /// Locks that are held or that threads wait for; empty if the heaps were not walked.
    pub locks: Vec<LockReport>,
    /// Thread IDs: each waits for a lock that the next one holds, and the last for one that the first holds.
    pub deadlocks: Vec<Vec<u32>>,
}

/// One runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuntimeReport {
    /// Path of its module.
    pub module: String,
    /// What it is: `.NET`, `.NET Framework`, `NativeAOT`, `Mono`.
    pub family: String,
    /// Its version; `None` if it is not known.
    pub version: Option<String>,
    /// Whether its memory is read.
    pub readable: bool,
    /// Why its memory is not read.
    pub refusal: Option<String>,
    /// `workstation` or `server`; `None` if it is not read.
    pub collector: Option<String>,
    /// Heaps of the collector.
    pub heap_count: u32,
    /// Whether objects were being marked or moved: counts are then approximate. `None` if it is not known.
    pub gc_in_progress: Option<bool>,
    /// Threads known to the runtime.
    pub thread_count: u64,
    /// The generations.
    pub generations: Vec<GenerationReport>,
}

/// One generation of a runtime's heaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GenerationReport {
    /// `gen0`, `gen1`, `gen2`, `LOH`, `POH`, `frozen`.
    pub name: String,
    /// Segments or regions.
    pub segments: u64,
    /// Bytes used by objects, including free space between them.
    pub size_bytes: u64,
    /// Committed bytes.
    pub committed_bytes: u64,
}

/// What a walk through the heaps met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalkReport {
    /// Objects, without free space.
    pub objects: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// Pieces of free space between them.
    pub free_objects: u64,
    /// Their bytes: fragmentation.
    pub free_bytes: u64,
    /// Places without an object where one was expected.
    pub breaks: u64,
    /// Bytes that were skipped for that.
    pub skipped_bytes: u64,
    /// Bytes that the dump does not keep.
    pub missing_bytes: u64,
    /// Whether all of the heaps was walked.
    pub complete: bool,
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of heaps that are walked; 0 for none.
    pub heap_bytes: u64,
    /// Types that are listed.
    pub types: usize,
    /// Whether exceptions are read.
    pub exceptions: bool,
    /// Bytes of heaps of which the references are followed; of larger ones none are.
    pub held_bytes: u64,
    /// Whether strings are compared.
    pub strings: bool,
}

impl Extent {
    /// The runtimes, and nothing in their heaps.
    pub const RUNTIMES: Extent =
        Extent { heap_bytes: 0, types: 0, exceptions: false, held_bytes: 0, strings: false };
    /// And the exceptions.
    pub const EXCEPTIONS: Extent = Extent { exceptions: true, ..Extent::RUNTIMES };
    /// The same, and objects, if that costs no more than the rest of a verdict.
    pub const VERDICT: Extent =
        Extent { heap_bytes: 256 << 20, types: 20, held_bytes: 32 << 20, ..Extent::EXCEPTIONS };
    /// What a report lists.
    pub const REPORT: Extent =
        Extent { heap_bytes: 2 << 30, types: 50, held_bytes: 256 << 20, ..Extent::EXCEPTIONS };
    /// What is compared with another dump.
    pub const COMPARED: Extent = Extent { types: 1 << 16, ..Extent::REPORT };
    /// Everything.
    pub const ALL: Extent = Extent {
        heap_bytes: u64::MAX,
        types: usize::MAX,
        exceptions: true,
        held_bytes: 4 << 30,
        strings: true,
    };
}

impl ManagedReport {
    /// The runtime that is read, or else the first.
    pub fn runtime(&self) -> Option<&RuntimeReport> {
        self.runtimes.iter().find(|runtime| runtime.readable).or(self.runtimes.first())
    }

    /// The exception of a thread.
    pub fn exception_of(&self, thread_id: u32) -> Option<&ManagedExceptionReport> {
        self.exceptions.iter().find(|exception| exception.thread_id == Some(thread_id))
    }
}
