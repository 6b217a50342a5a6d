//! What a region is for: WinDbg's usage classes, as claims on address ranges.
//!
//! The rules follow the output of `!address` and its page in Microsoft's documentation of the debugger commands.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use dumplens_core::clr::Generation;

/// Size suffix that WinDbg adds to the structures of a WOW64 process, which has both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bits {
    /// Not a WOW64 process: no suffix.
    Native,
    /// The 64-bit side of a WOW64 process.
    B64,
    /// The 32-bit side of a WOW64 process.
    B32,
}

/// A usage class under WinDbg's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Usage {
    /// `MEM_FREE`.
    Free,
    /// None of the others: WinDbg's `<unknown>`.
    Unknown,
    /// Inside a module of the module list.
    Image,
    /// A thread's stack: reserved, guard and committed parts.
    Stack(Bits),
    /// A thread environment block.
    Teb(Bits),
    /// A process environment block.
    Peb(Bits),
    /// A heap's segments, front end and large blocks.
    Heap(Bits),
    /// Page heap: blocks with an inaccessible page behind each.
    PageHeap(Bits),
    /// Something else with a known name; the [`Fact`] says what.
    Other(Bits),
    /// Memory of the .NET garbage collector.
    Gc(GcPart),
}

/// What of the garbage collector's memory it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GcPart {
    /// Objects of a generation, or of a heap that is counted as one.
    Objects(Generation),
    /// Reserved for objects, or committed for objects to come.
    Reserved,
    /// Card tables and the like.
    Bookkeeping,
}

impl GcPart {
    /// The name of the class.
    pub fn name(self) -> &'static str {
        match self {
            GcPart::Objects(Generation::Gen0) => "GC gen0",
            GcPart::Objects(Generation::Gen1) => "GC gen1",
            GcPart::Objects(Generation::Gen2) => "GC gen2",
            GcPart::Objects(Generation::Large) => "GC LOH",
            GcPart::Objects(Generation::Pinned) => "GC POH",
            GcPart::Objects(Generation::Frozen) => "GC frozen",
            GcPart::Reserved => "GC reserved",
            GcPart::Bookkeeping => "GC bookkeeping",
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bits) = match self {
            Usage::Free => ("Free", Bits::Native),
            Usage::Unknown => ("<unknown>", Bits::Native),
            Usage::Image => ("Image", Bits::Native),
            Usage::Stack(bits) => ("Stack", *bits),
            Usage::Teb(bits) => ("TEB", *bits),
            Usage::Peb(bits) => ("PEB", *bits),
            Usage::Heap(bits) => ("Heap", *bits),
            Usage::PageHeap(bits) => ("PageHeap", *bits),
            Usage::Other(bits) => ("Other", *bits),
            Usage::Gc(part) => (part.name(), Bits::Native),
        };
        match bits {
            Bits::Native => f.pad(name),
            Bits::B64 => f.pad(&format!("{name}64")),
            Bits::B32 => f.pad(&format!("{name}32")),
        }
    }
}

/// Whose a range is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The process as a whole.
    Process,
    /// A thread, by its index in the thread list.
    Thread(usize),
    /// A module, by its index in the module list.
    Module(usize),
    /// A heap, by its index in the list of heaps.
    Heap(usize),
}

/// The fact by which a range got its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// Base and size in the module list.
    ModuleList,
    /// The TEB's address in the thread list.
    ThreadList,
    /// `MINIDUMP_THREAD.Stack` in the thread list, which ends at `StackBase`: of a thread whose TEB is not kept.
    ThreadListStack,
    /// `DeallocationStack` to `StackBase` of the TEB at this address.
    TebStack(u64),
    /// The allocation that ends at `StackBase` of the TEB at this address.
    TebStackAllocation(u64),
    /// `ProcessEnvironmentBlock` of the TEB at this address.
    TebPeb(u64),
    /// `ExceptionList` or `WowTebOffset` of the 64-bit TEB at this address.
    TebWow64(u64),
    /// The page of `KUSER_SHARED_DATA`, at the same address in every process.
    UserSharedData,
    /// A field of the PEB at this address points into the region.
    PebField(u64, PebField),
    /// The allocation of the heap structure at this address.
    HeapHeader(u64),
    /// `_HEAP_SEGMENT` or `HEAP_PAGE_SEGMENT` at this address.
    HeapSegment(u64),
    /// The allocation to which `FrontEndHeap`, at this address, points.
    HeapFrontEnd(u64),
    /// `HEAP_VIRTUAL_ALLOC_ENTRY` or `HEAP_LARGE_ALLOC_DATA` at this address.
    HeapLargeBlock(u64),
    /// `NtGlobalFlag` has page heap enabled, and a heap handle without a heap's signature is the allocation's base.
    PageHeapHandle(u64),
    /// `NtGlobalFlag` has page heap enabled, and each block of the allocation is followed by an inaccessible page.
    PageHeapPattern,
    /// A segment or region of the garbage collector, by its first object.
    GcSegment(u64),
    /// The allocation at this base holds such segments, or card tables.
    GcAllocation(u64),
}

/// What a PEB points to that the debugger shows as `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PebField {
    /// `ApiSetMap`.
    ApiSetMap,
    /// `SystemDefaultActivationContextData`.
    SystemDefaultActivationContextData,
    /// `ActivationContextData`.
    ActivationContextData,
    /// `GdiSharedHandleTable`.
    GdiSharedHandleTable,
    /// `ReadOnlySharedMemoryBase`, which the documentation calls CSR shared memory.
    ReadOnlySharedMemory,
    /// `AnsiCodePageData`.
    NlsTables,
}

impl PebField {
    /// WinDbg's text in brackets.
    pub fn title(self) -> &'static str {
        match self {
            PebField::ApiSetMap => "API Set Map",
            PebField::SystemDefaultActivationContextData => "System Default Activation Context Data",
            PebField::ActivationContextData => "Activation Context Data",
            PebField::GdiSharedHandleTable => "GDI Shared Handle Table",
            PebField::ReadOnlySharedMemory => "Read Only Shared Memory",
            PebField::NlsTables => "NLS Tables",
        }
    }

    /// The field's name in the PEB.
    pub fn name(self) -> &'static str {
        match self {
            PebField::ApiSetMap => "ApiSetMap",
            PebField::SystemDefaultActivationContextData => "SystemDefaultActivationContextData",
            PebField::ActivationContextData => "ActivationContextData",
            PebField::GdiSharedHandleTable => "GdiSharedHandleTable",
            PebField::ReadOnlySharedMemory => "ReadOnlySharedMemoryBase",
            PebField::NlsTables => "AnsiCodePageData",
        }
    }
}

/// A claim: these addresses are used so, by this fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First address.
    pub base: u64,
    /// First address after it.
    pub end: u64,
    /// The class.
    pub usage: Usage,
    /// Whose.
    pub owner: Owner,
    /// How it is known.
    pub fact: Fact,
}

/// Which claim wins where two meet: environment blocks are cut out of what surrounds them, stacks out of images;
/// what is known by a structure comes before what is inferred from a pattern.
fn rank(usage: Usage) -> u8 {
    match usage {
        Usage::Peb(_) => 0,
        Usage::Teb(_) => 1,
        Usage::Stack(_) => 2,
        Usage::Image => 3,
        Usage::Heap(_) => 4,
        Usage::Gc(part) if part < GcPart::Reserved => 5,
        Usage::Other(_) => 6,
        Usage::PageHeap(_) => 7,
        Usage::Gc(_) => 8,
        Usage::Free | Usage::Unknown => 9,
    }
}

/// Turns claims that may overlap into spans that do not, sorted by address. Where claims meet, the higher rank
/// wins, then the one listed first. Linear in the claims but for sorting, whatever they look like.
pub(crate) fn settle(claims: &[Span]) -> Vec<Span> {
    let mut order: Vec<usize> = (0..claims.len()).filter(|i| claims[*i].base < claims[*i].end).collect();
    order.sort_by_key(|i| (claims[*i].base, *i));
    let mut borders: Vec<u64> = order.iter().flat_map(|i| [claims[*i].base, claims[*i].end]).collect();
    borders.sort_unstable();
    borders.dedup();

    let mut settled: Vec<Span> = Vec::new();
    let mut active = BinaryHeap::new();
    let mut waiting = order.into_iter().peekable();
    for border in borders.windows(2) {
        let (base, end) = (border[0], border[1]);
        while let Some(i) = waiting.next_if(|i| claims[*i].base <= base) {
            active.push(Reverse((rank(claims[i].usage), i)));
        }
        while active.peek().is_some_and(|Reverse((_, i))| claims[*i].end <= base) {
            active.pop();
        }
        let Some(Reverse((_, winner))) = active.peek() else {
            continue;
        };
        let span = Span { base, end, ..claims[*winner] };
        match settled.last_mut() {
            Some(last)
                if last.end == base
                    && (last.owner, last.fact, last.usage) == (span.owner, span.fact, span.usage) =>
            {
                last.end = end;
            }
            _ => settled.push(span),
        }
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(base: u64, end: u64, usage: Usage, owner: usize) -> Span {
        Span { base, end, usage, owner: Owner::Thread(owner), fact: Fact::ThreadList }
    }

    #[test]
    fn environment_blocks_are_cut_out() {
        let image = claim(0x1000, 0x9000, Usage::Image, 0);
        let teb = claim(0x3000, 0x5000, Usage::Teb(Bits::Native), 1);
        let peb = claim(0x4000, 0x6000, Usage::Peb(Bits::Native), 2);
        let settled = settle(&[image, teb, peb]);
        let shape: Vec<_> = settled.iter().map(|s| (s.base, s.end, s.usage.to_string())).collect();
        assert_eq!(
            shape,
            [
                (0x1000, 0x3000, "Image".to_owned()),
                (0x3000, 0x4000, "TEB".to_owned()),
                (0x4000, 0x6000, "PEB".to_owned()),
                (0x6000, 0x9000, "Image".to_owned()),
            ]
        );
    }

    #[test]
    fn of_equals_the_first_listed_wins_and_empty_claims_vanish() {
        let a = claim(0x1000, 0x3000, Usage::Image, 0);
        let b = claim(0x2000, 0x4000, Usage::Image, 1);
        let empty = claim(0x2000, 0x2000, Usage::Teb(Bits::Native), 2);
        let owners: Vec<_> = settle(&[a, b, empty]).iter().map(|s| (s.base, s.end, s.owner)).collect();
        assert_eq!(owners, [(0x1000, 0x3000, Owner::Thread(0)), (0x3000, 0x4000, Owner::Thread(1))]);
    }

    #[test]
    fn names_carry_the_suffix_of_wow64() {
        assert_eq!(Usage::Stack(Bits::B32).to_string(), "Stack32");
        assert_eq!(Usage::Teb(Bits::B64).to_string(), "TEB64");
        assert_eq!(Usage::Unknown.to_string(), "<unknown>");
    }
}
