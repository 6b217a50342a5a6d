//! A region as lists show it: its usage, its owner, and the fact by which that is known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Process;
use super::module_names::{listed_path, module_name};
use crate::space::{Fact, Hex, Owner, Piece, Span};

/// A region, or the part of one that has a single usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegionReport {
    /// First address.
    pub base: Hex,
    /// First address after it.
    pub end: Hex,
    /// Bytes.
    pub size_bytes: u64,
    /// Whether a new allocation begins here, or the region is free.
    pub begins_allocation: bool,
    /// First address of the allocation; `None` if free or not known.
    pub allocation_base: Option<Hex>,
    /// Its protection when it was allocated.
    pub allocation_protect: Option<String>,
    /// `MEM_PRIVATE`, `MEM_MAPPED`, `MEM_IMAGE`; `None` if free or not known.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `MEM_COMMIT`, `MEM_RESERVE`, `MEM_FREE`.
    pub state: String,
    /// `PAGE_…`; `None` for reserved regions, which have none, or if not known.
    pub protect: Option<String>,
    /// The four values as numbers, for those without a name.
    #[serde(skip)]
    pub state_raw: u32,
    /// `Protect`.
    #[serde(skip)]
    pub protect_raw: u32,
    /// `Type`.
    #[serde(skip)]
    pub type_raw: u32,
    /// `AllocationProtect`.
    #[serde(skip)]
    pub allocation_protect_raw: u32,
    /// WinDbg's usage class.
    pub usage: String,
    /// What WinDbg shows in brackets after the class, without the brackets; the text may be hostile.
    pub detail: Option<String>,
    /// The fact that determined the class.
    pub fact: Option<String>,
}

impl RegionReport {
    /// A piece of a process's address space.
    pub fn new(process: &Process<'_>, piece: &Piece) -> RegionReport {
        let region = &piece.region;
        let busy = !region.state.is_free() && process.space.is_mapped();
        RegionReport {
            base: piece.base.into(),
            end: piece.end().into(),
            size_bytes: piece.size,
            begins_allocation: piece.begins_allocation(),
            allocation_base: busy.then_some(region.allocation_base.into()),
            allocation_protect: busy.then(|| region.allocation_protect.to_string()),
            kind: (!region.state.is_free() && region.kind.0 != 0).then(|| region.kind.to_string()),
            state: region.state.to_string(),
            protect: (region.protect.0 != 0).then(|| region.protect.to_string()),
            state_raw: region.state.0,
            protect_raw: region.protect.0,
            type_raw: region.kind.0,
            allocation_protect_raw: region.allocation_protect.0,
            usage: piece.usage.to_string(),
            detail: piece.span.and_then(|s| detail(process, &s)),
            fact: piece.span.map(|s| fact(s.fact)),
        }
    }
}

/// WinDbg's text in brackets: `~N; pid.tid`, `pid`, `name; "path"`, `ID: n; Handle: …; Type: …`, or a title.
fn detail(process: &Process<'_>, span: &Span) -> Option<String> {
    let pid = process.id.map_or_else(|| "?".to_owned(), |pid| format!("{pid:x}"));
    match (span.owner, span.fact) {
        (Owner::Thread(index), _) => {
            process.threads.get(index).map(|t| format!("~{}; {pid}.{:x}", t.index, t.id))
        }
        (Owner::Module(index), _) => process.modules.get(index).map(|m| {
            let path = &m.name;
            format!("{}; \"{}\"", module_name(path), listed_path(path))
        }),
        (_, Fact::PageHeapHandle(_) | Fact::PageHeapPattern | Fact::GcSegment(_) | Fact::GcAllocation(_)) => {
            None
        }
        (Owner::Heap(index), fact) => process.heaps.list.get(index).map(|heap| {
            let digits = process.dump.width().bytes() * 2;
            let kind = part_name(fact);
            format!("ID: {}; Handle: {:0digits$x}; Type: {kind}", heap.index, heap.handle)
        }),
        (Owner::Process, Fact::UserSharedData) => Some("User Shared Data".to_owned()),
        (Owner::Process, Fact::PebField(_, field)) => Some(field.title().to_owned()),
        (Owner::Process, _) => Some(pid),
    }
}

/// WinDbg's name for a part of a heap.
pub(crate) fn part_name(fact: Fact) -> &'static str {
    match fact {
        Fact::HeapFrontEnd(_) => "Front End",
        Fact::HeapLargeBlock(_) => "Large Block",
        Fact::PageHeapHandle(_) => "Page Heap",
        _ => "Segment",
    }
}

fn fact(fact: Fact) -> String {
    match fact {
        Fact::ModuleList => "base and size in the module list".to_owned(),
        Fact::ThreadListStack => "the stack's end in the thread list".to_owned(),
        Fact::ThreadList => "TEB address in the thread list".to_owned(),
        Fact::TebStack(teb) => format!("DeallocationStack to StackBase of the TEB at {teb:#x}"),
        Fact::TebStackAllocation(teb) => {
            format!("the allocation that ends at StackBase of the TEB at {teb:#x}")
        }
        Fact::TebPeb(teb) => format!("ProcessEnvironmentBlock of the TEB at {teb:#x}"),
        Fact::TebWow64(teb) => format!("the 32-bit twin of the TEB at {teb:#x}"),
        Fact::PebField(peb, field) => format!("{} of the PEB at {peb:#x} points into it", field.name()),
        Fact::HeapHeader(heap) => format!("the header of the heap at {heap:#x}"),
        Fact::HeapSegment(segment) => format!("the heap segment at {segment:#x}"),
        Fact::HeapFrontEnd(field) => format!("the allocation that FrontEndHeap, at {field:#x}, points into"),
        Fact::HeapLargeBlock(entry) => format!("the large block's entry at {entry:#x}"),
        Fact::PageHeapHandle(handle) => format!("page heap is enabled, and {handle:#x} is a heap handle"),
        Fact::PageHeapPattern => {
            "page heap is enabled, and an inaccessible page stands behind each block (a guess by pattern)"
                .to_owned()
        }
        Fact::GcSegment(first) => {
            format!("a segment of the .NET collector, whose first object is at {first:#x}")
        }
        Fact::GcAllocation(base) => {
            format!("the allocation at {base:#x}, in which the .NET collector has segments or card tables")
        }
        Fact::UserSharedData => "KUSER_SHARED_DATA, at the same address in every process".to_owned(),
    }
}
