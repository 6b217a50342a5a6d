//! Facts: the plain data that a report is made of, and how it is filled. No judgement is made here; what the rooms
//! before this one found is joined, given its names, and put into the report's shape.
//!
//! Field names are a contract with other programs. Addresses, codes and flags are [`Hex`]; sizes are in bytes;
//! times are RFC 3339 in UTC; what is not known is `None`, never zero.

mod address;
mod allocations;
mod block_count;
mod blocks;
pub(crate) mod broken_blocks;
mod census;
pub(crate) mod clock;
mod cpp;
mod delay_load;
mod dump;
mod earlier;
mod engine;
mod evidence;
mod exception;
mod exit;
mod figures;
mod free_classes;
mod heaps;
pub(crate) mod managed;
mod map;
mod memory;
mod modules;
mod monitors;
mod neighbours;
pub mod number;
mod process;
mod program_space;
mod question;
mod request;
mod stack;
mod symbols;
mod system;
mod threads;
mod waits;
mod warning;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use address::{AddressReport, HeapPlace, ModulePlace, ThreadPlace};
pub use allocations::{AllocationReport, AllocationsReport, EqualsReport, SizeClassReport};
pub use block_count::{BlockSizeReport, HeapBlocksReport};
pub use blocks::{BlockBackend, BlockPlace, BlockReport, BlockState, LayoutProof};
pub use broken_blocks::BrokenBlockReport;
pub use census::census;
pub use cpp::CppReport;
pub use delay_load::DelayLoadReport;
pub use dump::{AnnotationReport, BreakpadReport, CrashpadReport, DumpReport, StreamReport};
pub use engine::{AssertionReport, UnrealReport};
pub use exception::{Chance, ExceptionReport, OriginalReport, StoredCall};
pub use free_classes::FreeClass;
pub use heaps::{HeapCountersReport, HeapKind, HeapReport};
pub use map::{MapRow, SpaceMap};
pub use memory::{MemoryReport, RowReport};
pub use modules::{ModuleReport, UnloadedModuleReport};
pub use process::{CountersReport, HandleCount, ProcessReport};
pub use program_space::ProgramSpaceReport;
pub use question::{Options, Question, Stacks};
pub(crate) use request::refused_before;
pub use stack::{BlameReport, FrameReport, NativeReport, RaisedReport};
pub use symbols::SiteReport;
pub use system::{SystemMemoryReport, SystemReport};
pub use threads::{StackReport, ThreadReport};
pub use warning::{Warning, WarningReport};

pub use crate::exceptions::{
    AccessKind, AccessReport, AdjustedKind, AdjustedReport, AnalysisReport, BitFlipReport, CodeReport,
    Contradiction, EarlierReport, FaultReport, OpenedBy, OperandKind, OperandReport, RegisterReport,
    UnloadedReport,
};
pub use crate::process::RegionReport;
pub use crate::space::Hex;
pub use crate::waits::WaitsReport;

use crate::contents::{self, CensusReport};
use crate::managed::{ManagedReport, ManagedWarning};
use crate::process::Process;
use crate::request::{RefusedPointer, Request};
use crate::space::{Holdings, Owner, Usage, holdings};
use crate::stack::{Trust, Walker};
use crate::symbols::{Symbols, used_images};

/// Everything known about a dump before it is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// The file.
    pub dump: DumpReport,
    /// The machine.
    pub system: SystemReport,
    /// The process.
    pub process: ProcessReport,
    /// The exception; `None` if the dump has none that can be read.
    pub exception: Option<ExceptionReport>,
    /// The failed assertion, from the stream of Breakpad and Crashpad; `None` if there is none.
    pub assertion: Option<AssertionReport>,
    /// What Unreal Engine recorded about the crash; `None` for other programs.
    pub unreal: Option<UnrealReport>,
    /// Why it is not known whether the dump had an exception, or which one; `None` if it has one or was written
    /// without one.
    #[serde(default)]
    pub exception_lost: Option<String>,
    /// The threads, in the order of the thread list; empty if no lists were requested.
    pub threads: Vec<ThreadReport>,
    /// Which threads wait for what, and for whom; `None` if the answer does not need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Box<WaitsReport>>,
    /// The modules, in the order of the module list; empty if no lists were requested.
    pub modules: Vec<ModuleReport>,
    /// The modules that were unloaded before, in the order of their list.
    #[serde(default)]
    pub unloaded_modules: Vec<UnloadedModuleReport>,
    /// The heaps, those of the first PEB first; empty if no lists were requested.
    pub heaps: Vec<HeapReport>,
    /// Where the heaps are corrupt; filled if the program ended because a heap detected corruption.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken_blocks: Vec<BrokenBlockReport>,
    /// The address space.
    pub memory: MemoryReport,
    /// What fills the private memory, in at most twenty rows per table; `None` without a verdict, or without a memory
    /// map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub census: Option<Box<CensusReport>>,
    /// The .NET runtimes, their heaps, exceptions and locks; `None` if there is no runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<Box<ManagedReport>>,
    /// What is missing, was repaired or was guessed.
    pub warnings: Vec<WarningReport>,
    /// What the exception's thread asked for, by its code and stack; `None` also if no stack was wanted.
    #[serde(skip)]
    pub request: Option<Request>,
    /// The call that returned the null pointer by which the exception's thread accessed memory.
    #[serde(skip)]
    pub refused_pointer: Option<RefusedPointer>,
}

impl Facts {
    /// What a dump says, as far as `question` wants it.
    pub fn gather(process: &Process<'_>, question: Question, options: &Options) -> Facts {
        let mut warnings: Vec<Warning> = process.warnings.iter().cloned().map(Warning::from).collect();
        let misc = process.dump.misc_info().ok().flatten();
        let listed = question != Question::Summary;
        let owned = if listed { holdings(&process.space) } else { HashMap::new() };
        let symbols = Rc::new(RefCell::new(Symbols::new(process, options.search.clone())));
        let mut walker = Walker::new(process);
        if question.is_named() {
            walker = walker.with_symbols(Rc::clone(&symbols));
        }
        let request = question.stacks().and_then(|_| request::own(&walker));
        let mut waits = waits::reader(process, question);
        let mut threads = if listed {
            threads::all(&walker, question, &owned, request.as_ref(), waits.as_mut(), &mut warnings)
        } else {
            Vec::new()
        };
        let request = request.or_else(|| request::earlier(&walker, &mut threads));
        let refused_pointer = question.stacks().and_then(|_| request::refused(&walker));
        let exception = exception::of(process, listed, &threads, &mut warnings);
        let managed = managed::of(process, question, exception.as_ref());
        let damaged = managed.as_deref().and_then(|managed| ManagedWarning::all(process, managed));
        warnings.extend(damaged.map(Warning::from));
        let waits = waits.map(|reader| waits::join(process, reader, managed.as_deref(), &threads));
        let mut facts = Facts {
            dump: dump::of(process, options, &mut warnings),
            system: system::of(process, misc.as_ref(), &mut warnings),
            process: process::of(process, misc.as_ref(), listed, options, &mut warnings),
            exception,
            exception_lost: process.dump.exception().err().map(|damage| damage.to_string()),
            assertion: engine::assertion(process.dump, &mut warnings),
            unreal: engine::unreal(process, &mut warnings),
            threads,
            waits,
            modules: if listed { modules::all(process, &owned, options) } else { Vec::new() },
            unloaded_modules: if listed { modules::unloaded(process, &mut warnings) } else { Vec::new() },
            heaps: if listed { heaps::heaps(process, &owned) } else { Vec::new() },
            broken_blocks: Vec::new(),
            memory: memory::of(process, listed, &mut warnings),
            census: None,
            managed,
            warnings: Vec::new(),
            request,
            refused_pointer,
        };
        let failed = facts.exception.as_ref().is_some_and(|e| broken_blocks::heap_failure(e).is_some());
        if question.is_judged() {
            let record = contents::recorded(process).err();
            warnings.extend(record.map(|why| Warning::CensusRecordUnusable { why }));
        }
        if question.is_judged() && failed {
            facts.broken_blocks = broken_blocks::broken(process);
        }
        warnings.extend(figures::contradictions(&facts));
        if question.is_judged() {
            warnings.extend(evidence::missing(process.dump));
        }
        if question.is_named() {
            facts.name(&mut symbols.borrow_mut(), &mut warnings);
        }
        warnings.extend(used_images(process.dump).into_iter().map(Warning::from));
        facts.warnings = warnings.iter().map(WarningReport::from).collect();
        facts
    }

    /// The exception that matters: the one that the dump's own stands for, or else this itself.
    pub(crate) fn exception_meant(&self) -> Option<&ExceptionReport> {
        let own = self.exception.as_ref()?;
        Some(own.original.as_deref().map_or(own, |original| &original.exception))
    }

    /// The exception, if it happened in the code of a 32-bit program and the dump is a 64-bit one: its thread's stack is
    /// then that of the code that switches processors.
    pub(crate) fn exception_of_program(&self) -> Option<&ExceptionReport> {
        let narrower = self.process.wow64 == Some(true) && self.dump.pointer_bits == 64;
        let exception = self.exception.as_ref().filter(|_| narrower)?;
        let innermost = self.crashed_frames().first().map(|frame| frame.ip);
        (exception.address.0 < 1 << 32 && innermost != Some(exception.address)).then_some(exception)
    }

    /// Whether a frame was found that would not be without PDBs.
    pub(crate) fn needed_pdbs(&self) -> bool {
        let frames = self.threads.iter().filter_map(|thread| thread.frames.as_ref()).flatten();
        frames.into_iter().any(|frame| frame.trust == Trust::FrameData)
    }

    /// The thread of the exception.
    pub fn crashed_thread(&self) -> Option<&ThreadReport> {
        let id = self.exception.as_ref()?.thread_id;
        self.threads.iter().find(|thread| thread.id == id)
    }
}

/// What every owner has.
type Owned = HashMap<(Owner, Usage), Holdings>;

/// Says that a stream holds only zeros, unless its damage was reported already.
fn stream_empty(stream: &'static str, warnings: &mut Vec<Warning>) {
    let told = |w: &Warning| w.damage().is_some_and(|damage| damage.to_string().starts_with(stream));
    if !warnings.iter().any(told) {
        warnings.push(Warning::StreamEmpty { stream });
    }
}

/// A region's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceReport {
    /// First address.
    pub base: Hex,
    /// Bytes.
    pub size_bytes: u64,
}
