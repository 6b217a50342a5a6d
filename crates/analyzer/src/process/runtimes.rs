//! The .NET runtimes of a process, and what memory is theirs.

use dumplens_core::clr::{self, Family, Found, MethodSite, Refusal, Runtime, Segment};
use dumplens_core::unwind::FunctionTable;
use dumplens_core::{Dump, MemoryType, Module};

use super::Process;
use crate::space::{AddressSpace, Allocation, Fact, GcPart, Owner, PAGE, Span, Usage};

/// A runtime that is loaded, and what came of opening it.
#[derive(Debug)]
pub struct LoadedRuntime<'d> {
    /// Which module it is, and its version.
    pub found: Found,
    /// The runtime, or why it is not read.
    pub reading: Result<Box<Runtime<'d>>, Refusal>,
}

impl<'d> LoadedRuntime<'d> {
    /// The runtime, if it is read.
    pub fn readable(&self) -> Option<&Runtime<'d>> {
        self.reading.as_ref().ok().map(AsRef::as_ref)
    }
}

/// Finds the runtimes, and opens those of .NET Core.
pub(super) fn gather<'d>(dump: &'d Dump, modules: &[Module]) -> Vec<LoadedRuntime<'d>> {
    let memory = dump.memory();
    let open = |found: Found| {
        let reading = match (found.family, modules.get(found.module)) {
            (Family::Core, Some(module)) => Runtime::open(memory, module, &found, dump.width()).map(Box::new),
            _ => Err(Refusal::Family),
        };
        LoadedRuntime { found, reading }
    };
    clr::find(memory, modules, dump.width()).into_iter().map(open).collect()
}

impl Process<'_> {
    /// The managed method at an address outside all modules; `None` if no runtime has code there.
    pub fn method_at(&self, address: u64) -> Option<MethodSite> {
        self.of_runtimes(address, |runtime| runtime.method_at(address))
    }

    /// The unwind data of managed code at an address outside all modules.
    pub(crate) fn managed_functions(&self, address: u64) -> Option<FunctionTable> {
        self.of_runtimes(address, |runtime| runtime.functions_at(address))
    }

    fn of_runtimes<T>(&self, address: u64, ask: impl Fn(&Runtime<'_>) -> Option<T>) -> Option<T> {
        let mut runtimes = self.runtimes.iter().filter(|_| self.module_at(address).is_none());
        runtimes.find_map(|loaded| ask(loaded.readable()?))
    }

    /// Committed bytes of the private allocation that holds an address; `None` if there is none.
    pub(crate) fn committed_around(&self, address: u64) -> Option<u64> {
        let base = allocation_of(&self.space, address)?;
        Allocation::all_from(&self.space, base).next().map(|allocation| allocation.committed)
    }

    /// What the garbage collectors have: their segments, and the rest of the allocations that these lie in.
    pub(super) fn claim_runtimes(&self, claims: &mut Vec<Span>) {
        for runtime in self.runtimes.iter().filter_map(LoadedRuntime::readable) {
            let heap = runtime.heap();
            claims.extend(heap.segments.iter().filter_map(of_segment));
            let mut bases: Vec<u64> =
                heap.segments.iter().filter_map(|s| allocation_of(&self.space, s.start)).collect();
            bases.sort_unstable();
            bases.dedup();
            let bookkeeping = heap.bookkeeping.and_then(|at| allocation_of(&self.space, at));
            if bases.is_empty() && bookkeeping.is_none() {
                continue;
            }
            for Allocation { base, end, .. } in Allocation::all(&self.space) {
                let reserved = bases.binary_search(&base).is_ok();
                let part = match bookkeeping == Some(base) {
                    _ if reserved => GcPart::Reserved,
                    true => GcPart::Bookkeeping,
                    false => continue,
                };
                let (usage, owner) = (Usage::Gc(part), Owner::Process);
                claims.push(Span { base, end, usage, owner, fact: Fact::GcAllocation(base) });
            }
        }
    }
}

/// The pages of a segment, up to the last committed one.
fn of_segment(segment: &Segment) -> Option<Span> {
    let (base, end) = (segment.start / PAGE * PAGE, segment.committed.checked_next_multiple_of(PAGE)?);
    let usage = Usage::Gc(GcPart::Objects(segment.generation));
    let fact = Fact::GcSegment(segment.start);
    Some(Span { base, end, usage, owner: Owner::Process, fact })
}

/// The base of the private allocation that holds an address.
fn allocation_of(space: &AddressSpace<'_>, address: u64) -> Option<u64> {
    let region = space.region_at(address).filter(|_| space.is_mapped())?;
    (!region.state.is_free() && region.kind == MemoryType::PRIVATE).then_some(region.allocation_base)
}
