//! What changed between two dumps of one program: what grew, by how much, how fast, and what it will run into.
//!
//! ```text
//! Side (Process, Facts) ×2 ─ Difference::between ─> Difference ─ render::{text, json, markdown} ─> text
//! ```
//!
//! Addresses are compared only within one process. Over runs they mean nothing (ASLR), and everything is matched by what
//! it is: usage, size, path, index.

mod allocations;
mod census;
mod change;
mod identity;
mod interval;
mod managed;
mod model;
mod owners;
mod projection;
mod sizes;
mod tables;
mod threads;
mod warning;

pub use census::CensusKey;
pub use change::Change;
pub use identity::{Check, Identity, Kind};
pub use interval::Interval;
pub use managed::TypeRow;
pub use model::{
    AllocationChange, AllocationGroup, AllocationsDifference, CensusRow, Grower, HeapRow, ModuleRow,
    Projection, Row, SideReport, SizeRow, StartRow, Table, ThreadsDifference, UsageRow,
};
pub use warning::DiffWarning;

use dumplens_core::Dump;
use schemars::JsonSchema;
use serde::Serialize;

use crate::contents::{self, CensusOptions, CensusReport, Reading};
use crate::facts::{Facts, Options, Question, WarningReport};
use crate::managed::{Extent, ManagedReport};
use crate::process::Process;
use crate::report::{SCHEMA_VERSION, Tool};

/// One of the two dumps.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a, 'd> {
    /// Its facts.
    pub process: &'a Process<'d>,
    /// Its facts, with lists: [`Question::Lists`].
    pub facts: &'a Facts,
}

/// What changed from an old dump to a new one. An unknown change is `None`, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// Version of this format.
    pub schema_version: u32,
    /// The program that made the comparison.
    pub tool: Tool,
    /// Whether the dumps are of one process, of one program, or of different programs.
    pub identity: Identity,
    /// The time between the dumps, which the rates are based on.
    pub interval: Interval,
    /// The first dump.
    pub old: SideReport,
    /// The second dump.
    pub new: SideReport,
    /// What grew most in bytes, and so fastest: usage classes, heaps, modules, sizes. The same bytes may be in
    /// several rows. Empty for different programs.
    pub fastest: Vec<Grower>,
    /// When limits would be reached at this rate, the nearest first.
    pub projections: Vec<Projection>,
    /// The address space as a whole.
    pub memory: Vec<Row>,
    /// The counters of the process, and of the machine.
    pub counters: Vec<Row>,
    /// By usage class; `None` unless both dumps contain a complete memory map, and show alike what memory is for.
    pub usage: Option<Vec<UsageRow>>,
    /// By heap; `None` unless both dumps contain heaps.
    pub heaps: Option<Table<HeapRow>>,
    /// By module: those that changed; `None` unless both dumps contain modules.
    pub modules: Option<Table<ModuleRow>>,
    /// Private allocations and large heap blocks by exact size: those that changed; `None` under the same conditions as
    /// `usage`.
    pub sizes: Option<Table<SizeRow>>,
    /// What fills the private memory, by use, class, heap block size and shape: the rows that changed; `None` unless
    /// it was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub census: Option<Table<CensusRow>>,
    /// Objects of .NET by type, those that changed; `None` unless the heaps of both dumps were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<Table<TypeRow>>,
    /// Threads and their stacks; `None` unless both dumps list threads.
    pub threads: Option<ThreadsDifference>,
    /// Handles by type; `None` unless both dumps list handles.
    pub handles: Option<Vec<Row>>,
    /// Allocations by address; `None` unless both dumps are of one process and contain a memory map.
    pub allocations: Option<AllocationsDifference>,
    /// What limits this comparison. Problems of each dump are in its own list.
    pub warnings: Vec<WarningReport>,
}

impl Difference {
    /// Compares an old dump and a new one, as `dumplens diff` does. With `census` what fills the private memory of both is read
    /// too.
    pub fn of(dumps: [&Dump; 2], options: &[Options; 2], census: bool) -> Difference {
        let [old, new] = dumps.map(Process::gather);
        let [before, after] = [(&old, &options[0]), (&new, &options[1])].map(|(process, options)| {
            let mut facts = Facts::gather(process, Question::Lists, options);
            facts.managed = counted(process, facts.managed);
            facts.census = if census { taken(process) } else { None };
            facts
        });
        Difference::between(&Side { process: &old, facts: &before }, &Side { process: &new, facts: &after })
    }

    /// Compares two dumps. Never fails: what cannot be compared is `None`, and said in a warning.
    pub fn between(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Difference {
        let mut warnings = Vec::new();
        let identity = identity::identify(old, new, &mut warnings);
        let interval = interval::between(old, new, identity.kind, &mut warnings);
        let sides = Sides { old, new, same: identity.kind == Kind::SameProcess, seconds: interval.rated() };
        sides.coverage(&mut warnings);
        let usage = tables::usage(&sides);
        let mut difference = Difference {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            old: SideReport::new(old),
            new: SideReport::new(new),
            fastest: Vec::new(),
            projections: projection::all(&sides, identity.kind),
            memory: tables::memory(&sides),
            counters: tables::counters(&sides),
            usage,
            heaps: owners::heaps(&sides),
            modules: owners::modules(&sides),
            sizes: sizes::sizes(&sides, &mut warnings),
            census: census::rows(&sides),
            managed: managed::rows(&sides),
            threads: threads::threads(&sides),
            handles: tables::handles(&sides),
            allocations: allocations::allocations(&sides, &mut warnings),
            identity,
            interval,
            warnings: warnings.iter().map(WarningReport::from).collect(),
        };
        if difference.identity.kind != Kind::DifferentPrograms {
            difference.fastest = tables::fastest(&difference);
        }
        difference
    }
}

/// The objects of .NET, if there is a runtime that can be read.
fn counted(process: &Process<'_>, known: Option<Box<ManagedReport>>) -> Option<Box<ManagedReport>> {
    let known = known?;
    let readable = known.runtimes.iter().any(|runtime| runtime.readable);
    let counted = || ManagedReport::of(process, Extent::COMPARED).map(Box::new);
    if readable { counted() } else { Some(known) }
}

/// What fills the private memory, with so many rows that what grew is among them.
fn taken(process: &Process<'_>) -> Option<Box<CensusReport>> {
    let wanted = CensusOptions { reading: Reading::Enough, rows: 4096, ..CensusOptions::default() };
    contents::census(process, &wanted).map(Box::new)
}

/// Both dumps, and what the comparison may do with them.
struct Sides<'s, 'a, 'd> {
    old: &'s Side<'a, 'd>,
    new: &'s Side<'a, 'd>,
    /// Whether addresses can be compared.
    same: bool,
    /// Seconds between them, if rates can be told.
    seconds: Option<u64>,
}

impl Sides<'_, '_, '_> {
    fn change(&self, old: Option<u64>, new: Option<u64>) -> Change {
        Change::new(old, new, self.seconds)
    }

    /// The change of a figure of the report.
    fn of(&self, figure: impl Fn(&Facts) -> Option<u64>) -> Change {
        self.change(figure(self.old.facts), figure(self.new.facts))
    }

    /// Whether both dumps hold a whole memory map, and show alike what memory is for.
    fn whole(&self) -> bool {
        self.old.facts.memory.complete && self.new.facts.memory.complete && self.unclassed().is_none()
    }

    /// The dump that does not show which memory is heaps, stacks, PEB or TEBs, although the other one does: it would be
    /// compared with nothing, and what is of unknown use with all of it.
    fn unclassed(&self) -> Option<&'static str> {
        let shows = |side: &Side<'_, '_>| {
            let process = side.process;
            let tebs = process.threads.iter().any(|thread| thread.tebs().next().is_some());
            [!process.heaps.list.is_empty(), tebs, !process.pebs.is_empty()]
        };
        let (old, new) = (shows(self.old), shows(self.new));
        let lacks =
            |these: [bool; 3], those: [bool; 3]| these.iter().zip(those).any(|(this, that)| !this && that);
        match (lacks(old, new), lacks(new, old)) {
            (true, _) => Some("old"),
            (_, true) => Some("new"),
            _ => None,
        }
    }

    /// Whether both dumps hold a memory map, if only a part of it.
    fn mapped(&self) -> bool {
        self.old.process.space.is_mapped() && self.new.process.space.is_mapped()
    }

    fn coverage(&self, warnings: &mut Vec<DiffWarning>) {
        for (which, side) in [("old", self.old), ("new", self.new)] {
            if !side.process.space.is_mapped() {
                warnings.push(DiffWarning::MapMissing { which });
            } else if !side.facts.memory.complete {
                warnings.push(DiffWarning::MapCut { which });
            }
        }
        if self.old.facts.memory.complete && self.new.facts.memory.complete {
            warnings.extend(self.unclassed().map(|which| DiffWarning::UsageLost { which }));
        }
    }
}
