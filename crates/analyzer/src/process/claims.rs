//! Who uses which addresses: every claim that a process's structures make. The structures are
//! those that `!address` uses for its usage classes.

use dumplens_core::Width;
use dumplens_core::process::heap::HeapKind;
use dumplens_core::process::{Peb, Teb, heap, kuser};

use super::heaps;
use super::page_heap;
use super::{Process, Thread, extent};
use crate::space::Allocation;
use crate::space::PAGE;
use crate::space::{Bits, Fact, Owner, PebField, Span, Usage};

/// No stack is larger: the linker and `CreateThread` take a 32-bit size on x86, and 64 GiB is beyond any use.
const MOST_STACK: u64 = 1 << 36;

impl Process<'_> {
    /// The claims, which may overlap.
    pub(crate) fn claims(&self) -> Vec<Span> {
        let mut claims = Vec::new();
        for peb in &self.pebs {
            self.claim_peb(peb, &mut claims);
        }
        for (address, width) in &self.unkept_pebs {
            self.claim_peb_at(*address, *width, &mut claims);
        }
        for thread in &self.threads {
            self.claim_thread(thread, &mut claims);
        }
        for (index, module) in self.modules.iter().enumerate() {
            let (base, end) = extent(module);
            let owner = Owner::Module(index);
            claims.push(Span { base, end, usage: Usage::Image, owner, fact: Fact::ModuleList });
        }
        // Headers of other heaps lie in the segments of the one for metadata: the first claim counts.
        for metadata in [false, true] {
            for (index, _) in self.heaps.list.iter().enumerate().filter(|(_, h)| h.is_metadata == metadata) {
                self.claim_heap(index, &mut claims);
            }
        }
        self.claim_runtimes(&mut claims);
        self.claim_page_heaps(&mut claims);
        if self.shared_data.is_some() {
            let (base, end) = (kuser::ADDRESS, kuser::ADDRESS + PAGE);
            let (usage, owner) = (Usage::Other(Bits::Native), Owner::Process);
            claims.push(Span { base, end, usage, owner, fact: Fact::UserSharedData });
        }
        for peb in &self.pebs {
            self.claim_peb_fields(peb, &mut claims);
        }
        claims
    }

    /// Page heaps: the allocations of the handles in the PEB, and whatever shows the pattern.
    fn claim_page_heaps(&self, claims: &mut Vec<Span>) {
        let Some(peb) = self.pebs.iter().find(|peb| heaps::has_page_heap(peb)) else { return };
        let usage = Usage::PageHeap(self.bits(peb.width));
        for allocation in Allocation::all(&self.space) {
            let Allocation { base, end, .. } = allocation;
            let is_handle = |heap: &heap::Heap| heap.handle == base && heap.kind == HeapKind::Unknown;
            if let Some(index) = self.heaps.list.iter().position(is_handle) {
                let (owner, fact) = (Owner::Heap(index), Fact::PageHeapHandle(base));
                claims.push(Span { base, end, usage, owner, fact });
            } else if page_heap::has_pattern(self, &allocation) {
                let (owner, fact) = (Owner::Process, Fact::PageHeapPattern);
                claims.push(Span { base, end, usage, owner, fact });
            }
        }
    }

    /// The suffix of this process's structures of the width given.
    fn bits(&self, width: Width) -> Bits {
        match (self.wow64 == Some(true) && self.dump.width() == Width::Bits64, width) {
            (false, _) => Bits::Native,
            (true, Width::Bits32) => Bits::B32,
            (true, Width::Bits64) => Bits::B64,
        }
    }

    fn claim_peb(&self, peb: &Peb, claims: &mut Vec<Span>) {
        self.claim_peb_at(peb.address, peb.width, claims);
    }

    fn claim_peb_at(&self, base: u64, width: Width, claims: &mut Vec<Span>) {
        let by = self.threads.iter().flat_map(Thread::tebs).find(|t| t.peb == base);
        let fact = by.map_or(Fact::ThreadList, |teb| Fact::TebPeb(teb.address));
        let end = base.saturating_add(PAGE);
        claims.push(Span { base, end, usage: Usage::Peb(self.bits(width)), owner: Owner::Process, fact });
    }

    /// The regions that hold what the PEB points to. A region counts for the first PEB that points to it: of WOW64's
    /// two, the 64-bit one.
    fn claim_peb_fields(&self, peb: &Peb, claims: &mut Vec<Span>) {
        let bits = match self.bits(peb.width) {
            Bits::B32 => Bits::B32,
            Bits::Native | Bits::B64 => Bits::Native,
        };
        let fields = [
            (peb.api_set_map, PebField::ApiSetMap),
            (peb.system_default_activation_context_data, PebField::SystemDefaultActivationContextData),
            (peb.activation_context_data, PebField::ActivationContextData),
            (peb.gdi_shared_handle_table, PebField::GdiSharedHandleTable),
            (peb.read_only_shared_memory, PebField::ReadOnlySharedMemory),
            (peb.ansi_code_page_data, PebField::NlsTables),
        ];
        for (address, field) in fields {
            let region = address.filter(|a| *a != 0).and_then(|a| self.space.region_at(a));
            if let Some(region) = region.filter(|r| self.space.is_mapped() && !r.state.is_free()) {
                let (base, end) = (region.base, region.base.saturating_add(region.size));
                let fact = Fact::PebField(peb.address, field);
                claims.push(Span { base, end, usage: Usage::Other(bits), owner: Owner::Process, fact });
            }
        }
    }

    fn claim_heap(&self, index: usize, claims: &mut Vec<Span>) {
        let heap = &self.heaps.list[index];
        let usage = Usage::Heap(self.bits(heap.width));
        claims.extend(heap.parts.iter().map(|part| {
            let fact = match part.kind {
                heap::PartKind::Segment if heap.kind == HeapKind::Segment && part.by == heap.handle => {
                    Fact::HeapHeader(heap.handle)
                }
                heap::PartKind::Segment => Fact::HeapSegment(part.by),
                heap::PartKind::FrontEnd => Fact::HeapFrontEnd(part.by),
                heap::PartKind::LargeBlock => Fact::HeapLargeBlock(part.by),
            };
            Span { base: part.base, end: part.end, usage, owner: Owner::Heap(index), fact }
        }));
    }

    /// Under what a thread's stack is claimed.
    pub(crate) fn stack_key(&self, thread: usize, teb: &Teb<'_>) -> (Owner, Usage) {
        (Owner::Thread(thread), Usage::Stack(self.bits(teb.width)))
    }

    /// The stack of a thread whose TEB is not kept: the thread list says where it ends, and, in a small dump, from where
    /// on it was kept. Its allocation is whole where the map shows it.
    pub(crate) fn stack_without_teb(&self, thread: &Thread<'_>) -> Option<(u64, u64, Fact)> {
        let (from, end) =
            self.dump.stack(thread.index).filter(|_| thread.teb.is_none() && self.is_windows())?;
        let top = self.space.region_at(end - 1).filter(|r| self.space.is_mapped() && !r.state.is_free());
        let base = top.map(|r| r.allocation_base).filter(|base| *base <= from && end - base <= MOST_STACK);
        Some((base.unwrap_or(from), end, Fact::ThreadListStack))
    }

    /// A TEB whose memory the dump does not keep: its address is in the thread list all the same.
    fn claim_unkept(&self, thread: &Thread<'_>, claims: &mut Vec<Span>) {
        let owner = Owner::Thread(thread.index);
        if let Some((base, end, fact)) = self.stack_without_teb(thread) {
            claims.push(Span { base, end, usage: Usage::Stack(Bits::Native), owner, fact });
        }
        let base = thread.teb_address;
        let region = self.space.region_at(base).filter(|r| self.space.is_mapped() && r.state.is_commit());
        if region.is_some() && self.dump.memory().available(base, 1) == 0 {
            let end = base.saturating_add(self.teb_size(self.dump.width()));
            claims.push(Span { base, end, usage: Usage::Teb(Bits::Native), owner, fact: Fact::ThreadList });
        }
    }

    fn claim_thread(&self, thread: &Thread<'_>, claims: &mut Vec<Span>) {
        let owner = Owner::Thread(thread.index);
        if thread.teb.is_none() && self.is_windows() {
            self.claim_unkept(thread, claims);
        }
        for teb in thread.tebs() {
            let twin = thread.teb32.as_ref().is_some_and(|t| t.address == teb.address);
            let fact = if twin { Fact::TebWow64(thread.teb_address) } else { Fact::ThreadList };
            let end = teb.address.saturating_add(self.teb_size(teb.width));
            let usage = Usage::Teb(self.bits(teb.width));
            claims.push(Span { base: teb.address, end, usage, owner, fact });
            claims.extend(self.stack(teb).map(|(base, end, fact)| {
                let usage = Usage::Stack(self.bits(teb.width));
                Span { base, end, usage, owner, fact }
            }));
        }
    }

    /// Bytes of a TEB, in pages: two on x64; one on x86 until Windows 11 let it grow beyond (C.1).
    fn teb_size(&self, width: Width) -> u64 {
        const WINDOWS_11: u32 = 22000;
        let build = self.system.as_ref().map_or(0, |s| s.build);
        if width == Width::Bits64 || build >= WINDOWS_11 { 2 * PAGE } else { PAGE }
    }

    /// The stack that a TEB describes: all of its allocation, reserved and guard pages too. Where the map shows an
    /// allocation that ends at `StackBase`, that is the stack; otherwise it begins at `DeallocationStack`.
    pub fn stack(&self, teb: &Teb<'_>) -> Option<(u64, u64, Fact)> {
        // The 64-bit stack of a WOW64 thread begins below a save area, inside a page that is the stack's all the same.
        let (limit, end) = (teb.stack_limit, teb.stack_base.checked_next_multiple_of(PAGE)?);
        if limit >= end || end - limit > MOST_STACK {
            return None;
        }
        let by_map = Fact::TebStackAllocation(teb.address);
        let top = self.space.region_at(end - 1).filter(|r| self.space.is_mapped() && !r.state.is_free());
        let allocation = top.map(|r| r.allocation_base).filter(|base| *base <= limit);
        let ends_here =
            |base| self.space.region_at(end).is_none_or(|r| r.state.is_free() || r.allocation_base != base);
        if let Some(base) = allocation.filter(|base| ends_here(*base) && end - base <= MOST_STACK) {
            return Some((base, end, by_map));
        }
        let reserved =
            teb.deallocation_stack().ok().filter(|d| *d != 0 && *d <= limit && end - d <= MOST_STACK);
        match (reserved, allocation) {
            (Some(base), Some(allocation)) if allocation > base => Some((allocation, end, by_map)),
            (Some(base), _) => Some((base, end, Fact::TebStack(teb.address))),
            (None, _) => Some((limit, end, by_map)),
        }
    }
}
