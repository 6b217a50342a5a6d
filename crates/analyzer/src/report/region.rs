//! Single regions: a line of the list, and the details of an address.

use dumplens_core::Absence;
use dumplens_core::minidump::Module;
use dumplens_core::pe::Image;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Hex, SiteReport, WarningReport, space};
use crate::address_space::Piece;
use crate::module_names::{listed_path, module_name};
use crate::process::{Process, extent};
use crate::symbols::Symbols;
use crate::usage::{Fact, Owner, Span};

/// A region, or the part of one that has a single usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegionReport {
    /// First address.
    pub base: Hex,
    /// First address behind.
    pub end: Hex,
    /// Bytes.
    pub size_bytes: u64,
    /// Whether a new allocation begins here, or the region is free.
    pub begins_allocation: bool,
    /// First address of the allocation; `None` if free or not known.
    pub allocation_base: Option<Hex>,
    /// Its protection when it was made.
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
    /// What WinDbg shows in brackets behind the class, without the brackets; it may be hostile.
    pub detail: Option<String>,
    /// By which fact the class is known.
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

/// An address: its region, and what lies there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddressReport {
    /// The address asked for.
    pub address: Hex,
    /// 32 or 64: how addresses are shown.
    pub pointer_bits: u32,
    /// Its region; `None` if it lies outside the map, or the dump has none that covers it.
    pub region: Option<RegionReport>,
    /// The module, if it lies in one.
    pub module: Option<ModulePlace>,
    /// The functions there, the innermost inline one first; empty before [`AddressReport::symbolise`].
    pub symbol: Vec<SiteReport>,
    /// The thread, if it lies in a TEB or a stack.
    pub thread: Option<ThreadPlace>,
    /// The heap, if it lies in one.
    pub heap: Option<HeapPlace>,
    /// How many bytes from the address on the dump keeps without a gap, up to the end of the region.
    pub kept_bytes: u64,
    /// Why the dump has no byte there; `None` if it has.
    pub absent: Option<String>,
    /// What went wrong with symbols.
    pub warnings: Vec<WarningReport>,
}

/// Where in a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModulePlace {
    /// Path of the module.
    pub path: String,
    /// Its base.
    pub base: Hex,
    /// From there to the address.
    pub offset: Hex,
    /// The section; `None` if it lies in none, or the dump does not keep the headers.
    pub section: Option<String>,
}

/// Which heap, and which part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeapPlace {
    /// Position in `PEB.ProcessHeaps`.
    pub index: usize,
    /// Its handle.
    pub handle: Hex,
    /// `nt`, `segment`, `xp` or `unknown`.
    pub kind: &'static str,
    /// `Segment`, `Front End` or `Large Block`.
    pub part: &'static str,
}

/// Which thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ThreadPlace {
    /// Position in the thread list.
    pub index: usize,
    /// Thread ID.
    pub id: u32,
    /// Its name.
    pub name: Option<String>,
}

impl AddressReport {
    /// Looks an address up.
    pub fn new(process: &Process<'_>, address: u64) -> AddressReport {
        let piece = process.space.piece_at(address);
        let memory = process.dump.memory();
        let rest = piece.map_or(1, |p| p.end() - address);
        let kept = memory.available(address, rest);
        let thread = piece.and_then(|p| p.span).and_then(|s| match s.owner {
            Owner::Thread(index) => process.threads.get(index),
            _ => None,
        });
        AddressReport {
            address: address.into(),
            pointer_bits: process.dump.width().bits(),
            region: piece.map(|p| RegionReport::new(process, &p)),
            module: process.module_at(address).map(|i| module_place(process, i, address)),
            heap: piece.and_then(|p| p.span).and_then(|s| heap_place(process, &s)),
            symbol: Vec::new(),
            thread: thread.map(|t| ThreadPlace { index: t.index, id: t.id, name: t.name.clone() }),
            kept_bytes: kept,
            absent: (kept == 0).then(|| absence(process, address).to_string()),
            warnings: Vec::new(),
        }
    }

    /// Names the address.
    pub fn symbolise(&mut self, symbols: &mut Symbols<'_, '_>) {
        self.symbol = super::symbols::sites(symbols, self.address.0);
        self.warnings.extend(super::symbols::warnings(symbols));
    }
}

/// The core asks the list as it stands in the file; where that was repaired, the map knows better.
fn absence(process: &Process<'_>, address: u64) -> Absence {
    match process.dump.memory().why_absent(address) {
        Absence::Unknown if process.space.is_mapped() => match process.space.region_at(address) {
            Some(region) if region.state.is_free() => Absence::Free,
            _ => Absence::Unknown,
        },
        why => why,
    }
}

fn heap_place(process: &Process<'_>, span: &Span) -> Option<HeapPlace> {
    let Owner::Heap(index) = span.owner else { return None };
    let heap = process.heaps.list.get(index)?;
    let (kind, part) = (space::heap_kind(heap.kind), part_name(span.fact));
    Some(HeapPlace { index: heap.index, handle: heap.handle.into(), kind, part })
}

fn module_place(process: &Process<'_>, index: usize, address: u64) -> ModulePlace {
    let module = &process.modules[index];
    let (base, end) = extent(module);
    let offset = address - base;
    let image =
        u32::try_from(end - base).ok().and_then(|size| Image::read(process.dump.memory(), base, size).ok());
    let section =
        image.as_ref().zip(u32::try_from(offset).ok()).and_then(|(image, rva)| image.section_at(rva));
    ModulePlace {
        path: module.code_file().into_owned(),
        base: base.into(),
        offset: offset.into(),
        section: section.map(|s| s.name.clone()),
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
            let path = m.code_file();
            format!("{}; \"{}\"", module_name(&path), listed_path(&path))
        }),
        (_, Fact::PageHeapHandle(_) | Fact::PageHeapPattern) => None,
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
fn part_name(fact: Fact) -> &'static str {
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
        Fact::ThreadList => "TEB address in the thread list".to_owned(),
        Fact::TebStack(teb) => format!("DeallocationStack to StackBase of the TEB at {teb:#x}"),
        Fact::TebStackAllocation(teb) => {
            format!("the allocation that ends at StackBase of the TEB at {teb:#x}")
        }
        Fact::TebPeb(teb) => format!("ProcessEnvironmentBlock of the TEB at {teb:#x}"),
        Fact::TebWow64(teb) => format!("the 32-bit twin of the TEB at {teb:#x}"),
        Fact::PebField(peb, field) => format!("{} of the PEB at {peb:#x} points into it", field.name()),
        Fact::HeapHeader(heap) => format!("the allocation of the heap at {heap:#x}"),
        Fact::HeapSegment(segment) => format!("the heap segment at {segment:#x}"),
        Fact::HeapFrontEnd(field) => format!("the allocation that FrontEndHeap, at {field:#x}, points into"),
        Fact::HeapLargeBlock(entry) => format!("the large block's entry at {entry:#x}"),
        Fact::PageHeapHandle(handle) => format!("page heap is enabled, and {handle:#x} is a heap handle"),
        Fact::PageHeapPattern => {
            "page heap is enabled, and an inaccessible page stands behind each block (a guess by pattern)"
                .to_owned()
        }
        Fact::UserSharedData => "KUSER_SHARED_DATA, at the same address in every process".to_owned(),
    }
}
