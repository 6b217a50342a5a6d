//! An address: its region, and what lies there.

use dumplens_core::Absence;
use dumplens_core::pe::Image;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BlockPlace, HeapKind, Hex, SiteReport, Warning, WarningReport, blocks, symbols};
use crate::managed::{self, ObjectPlace};
use crate::process::{Process, RegionReport, extent, part_name};
use crate::space::{Owner, Span};
use crate::symbols::{Symbols, used_images};

/// An address: its region, and what lies there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddressReport {
    /// The address asked for.
    pub address: Hex,
    /// 32 or 64: how addresses are shown.
    pub pointer_bits: u32,
    /// Its region; `None` if it lies outside the map, or the dump has none that covers it.
    pub region: Option<RegionReport>,
    /// The module, if it lies in one.
    pub module: Option<ModulePlace>,
    /// The functions there, the innermost inline one first; empty before [`AddressReport::name`].
    pub symbol: Vec<SiteReport>,
    /// The thread, if it lies in a TEB or a stack.
    pub thread: Option<ThreadPlace>,
    /// The heap, if it lies in one.
    pub heap: Option<HeapPlace>,
    /// The block, if it lies in one of the heap's.
    #[serde(default)]
    pub block: Option<BlockPlace>,
    /// The .NET object, if it lies in one.
    #[serde(default)]
    pub object: Option<ObjectPlace>,
    /// How many bytes from the address on the dump keeps without a gap, up to the end of the region.
    pub kept_bytes: u64,
    /// Whether the byte there is read from an image file, which the dump lacks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_image_file: bool,
    /// Why the dump has no byte there; `None` if it has.
    pub absent: Option<String>,
    /// What went wrong with symbols.
    pub warnings: Vec<WarningReport>,
}

/// Where in a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeapPlace {
    /// Position in `PEB.ProcessHeaps`.
    pub index: usize,
    /// Its handle.
    pub handle: Hex,
    /// Its kind.
    pub kind: HeapKind,
    /// `Segment`, `Front End` or `Large Block`.
    pub part: String,
}

/// Which thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
        let kept = memory.of_dump().available(address, rest);
        let thread = piece.and_then(|p| p.span).and_then(|s| match s.owner {
            Owner::Thread(index) => process.threads.get(index),
            _ => None,
        });
        let heap = piece.and_then(|p| p.span).and_then(|s| heap_place(process, &s));
        let block = heap.as_ref().and_then(|_| blocks::place(process, address));
        AddressReport {
            address: address.into(),
            pointer_bits: process.dump.width().bits(),
            region: piece.map(|p| RegionReport::new(process, &p)),
            module: process.module_at(address).map(|i| module_place(process, i, address)),
            heap,
            block,
            object: managed::object_at(process, address),
            symbol: Vec::new(),
            thread: thread.map(|t| ThreadPlace { index: t.index, id: t.id, name: t.name.clone() }),
            kept_bytes: kept,
            in_image_file: memory.is_of_image_file(address),
            absent: (kept == 0).then(|| absence(process, address).to_string()),
            warnings: Vec::new(),
        }
    }

    /// Names the address.
    pub fn name(&mut self, symbols: &mut Symbols<'_, '_>) {
        self.symbol = symbols::sites(symbols, self.address.0);
        let used = used_images(symbols.dump());
        let warnings = symbols.take_warnings().into_iter().chain(used).map(Warning::from);
        self.warnings.extend(warnings.map(|warning| WarningReport::from(&warning)));
    }
}

/// The core asks the list as it stands in the file; where that was repaired, the map knows better.
fn absence(process: &Process<'_>, address: u64) -> Absence {
    match process.dump.memory().why_absent(address) {
        Absence::Unknown | Absence::NotMapped if process.space.is_mapped() => {
            match process.space.region_at(address) {
                Some(region) if region.state.is_free() => Absence::Free,
                _ => Absence::NotMapped,
            }
        }
        why => why,
    }
}

fn heap_place(process: &Process<'_>, span: &Span) -> Option<HeapPlace> {
    let Owner::Heap(index) = span.owner else { return None };
    let heap = process.heaps.list.get(index)?;
    let (kind, part) = (heap.kind.into(), part_name(span.fact).to_owned());
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
        path: module.name.clone(),
        base: base.into(),
        offset: offset.into(),
        section: section.map(|s| s.name.clone()),
    }
}
