//! The .NET runtime in the process's memory: its heaps, types, objects, exceptions, threads and locks, without the
//! runtime's own debugging library and without symbols.
//!
//! CoreCLR describes itself: .NET 9 and newer by a contract (offsets and globals as JSON), older versions by a table of
//! their globals' addresses, in which each is found by its shape. What neither contains is in `layout`, by version.
//!
//! Everything here is bounded, and everything may be missing: what cannot be read is `None`, or counted.

mod code;
mod contract;
mod dac;
mod exception;
mod fields;
mod find;
mod gc;
mod layout;
mod locks;
mod metadata;
mod methods;
mod reader;
mod refs;
mod statics;
mod text;
mod threads;
mod types;
mod walk;

use std::collections::BTreeMap;
use std::rc::Rc;

use thiserror::Error;

pub use code::MethodSite;
pub use exception::{ManagedException, ManagedFrame};
pub use find::{Family, Found, find};
pub use gc::{GcHeap, Generation, OomRecord, Segment};
pub use locks::{Lock, LockState};
pub use refs::References;
pub use statics::StaticField;
pub use threads::ManagedThread;
pub use walk::{Object, Walked};

use crate::arch::Width;
use crate::memory::Memory;
use crate::pe::Image;
use crate::streams::modules::Module;
use contract::{Contract, NoContract};
use gc::Vars;
use gc::vars::NoVars;
use layout::Layout;
use reader::Reader;
use threads::Threads;
use types::Types;

/// Why a runtime's memory is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// .NET Framework, NativeAOT, Mono.
    #[error("this kind of runtime is not read")]
    Family,
    /// A version whose layout is not known.
    #[error("the layout of this version is not known")]
    Version,
    /// A version of the contract that is not known.
    #[error("the runtime's contract has a version that is not known")]
    Contract,
    /// The contract leaves out what is needed, or is damaged.
    #[error("the runtime's contract is not there, or not whole")]
    ContractLost,
    /// A version of the collector's interface that is not known.
    #[error("the collector's interface has version {0}, which is not known")]
    Collector(u8),
    /// Nothing leads to the heaps.
    #[error("the collector's variables are not in the dump, or not to be told from others")]
    CollectorLost,
    /// Its image is not there.
    #[error("the runtime's image is not in the dump")]
    ImageLost,
}

/// A runtime that can be read.
#[derive(Debug)]
pub struct Runtime<'d> {
    reader: Reader<'d>,
    layout: Layout,
    contract: Option<Contract>,
    dac: Vec<u64>,
    heap: GcHeap,
    threads: Threads,
    types: Types,
}

impl<'d> Runtime<'d> {
    /// Opens a runtime that was found in `module`.
    pub fn open(
        memory: Memory<'d>,
        module: &Module,
        found: &Found,
        width: Width,
    ) -> Result<Runtime<'d>, Refusal> {
        if found.family != Family::Core {
            return Err(Refusal::Family);
        }
        let image = Image::read(memory, module.base, module.size).map_err(|_| Refusal::ImageLost)?;
        let reader = Reader::new(memory, width);
        let contract = match image.export_named("DotNetRuntimeContractDescriptor") {
            Some(rva) => Some(Contract::read(&reader, module.base.wrapping_add(u64::from(rva))).map_err(
                |e| match e {
                    NoContract::Version => Refusal::Contract,
                    NoContract::Damaged => Refusal::ContractLost,
                },
            )?),
            None => None,
        };
        let layout = match (&contract, found.version) {
            (Some(contract), _) => Layout::of_contract(contract).ok_or(Refusal::ContractLost)?,
            (None, Some([major, minor, ..])) => {
                layout::of_version(major, minor, width.bits()).ok_or(Refusal::Version)?
            }
            (None, None) => return Err(Refusal::Version),
        };
        let dac = dac::candidates(&reader, &image, module.base, module.size);
        let vars = Vars::find(&reader, &dac, (module.base, module.size)).map_err(|e| match e {
            NoVars::Version(major) => Refusal::Collector(major),
            NoVars::Missing | NoVars::Several => Refusal::CollectorLost,
        })?;
        let heap = gc::read(&reader, &vars);
        let threads = threads::read(&reader, &layout, contract.as_ref(), &dac);
        let types = Types::new(&layout);
        Ok(Runtime { reader, layout, contract, dac, heap, threads, types })
    }

    /// The heaps.
    pub fn heap(&self) -> &GcHeap {
        &self.heap
    }

    /// The threads that the runtime knows, in the order of its list.
    pub fn threads(&self) -> &[ManagedThread] {
        &self.threads.list
    }

    /// Whether the list of threads is as long as its own count says.
    pub fn threads_are_whole(&self) -> bool {
        self.threads.whole
    }

    /// Whether objects were being moved or marked: counts are then approximate. `None` if it is not known.
    pub fn is_collecting(&self) -> Option<bool> {
        self.threads.gc_thread.map(|thread| thread != 0)
    }

    /// The name of the type whose method table lies at an address.
    pub fn type_name(&self, table: u64) -> Rc<str> {
        self.types.name(&self.reader, table)
    }

    /// Visits every object, in the order of addresses, until `visit` says that it is enough.
    pub fn walk(&self, visit: &mut dyn FnMut(&Object) -> bool) -> Walked {
        walk::Walk::new(self).run(&self.heap.segments, visit)
    }

    /// Visits the objects of the segment that holds an address, up to the one that holds it, which is returned.
    pub fn object_at(&self, address: u64) -> Option<Object> {
        let holds = |segment: &&Segment| segment.start <= address && address < segment.end;
        let segment = self.heap.segments.iter().find(holds)?;
        let mut found = None;
        walk::Walk::new(self).run(&[*segment], &mut |object| {
            if address < object.address.saturating_add(object.size) {
                found = (address >= object.address).then_some(*object);
                return false;
            }
            true
        });
        found
    }

    /// Whether an object has a length: an array, or a string.
    pub fn has_length(&self, object: &Object) -> bool {
        self.types.of_object(&self.reader, object.table).is_some_and(|table| table.has_components())
    }

    /// Where allocation contexts begin, and what lies behind them: an object of the least size fits behind each.
    fn gaps(&self) -> BTreeMap<u64, u64> {
        let least = types::least(self.reader.width());
        let contexts =
            self.threads.list.iter().filter_map(|t| threads::context(&self.reader, &self.layout, t));
        let all = contexts.chain(self.heap.contexts.iter().copied());
        let used = all.filter(|(pointer, limit)| *pointer != 0 && pointer <= limit);
        used.map(|(pointer, limit)| (pointer, limit.saturating_add(least))).collect()
    }
}
