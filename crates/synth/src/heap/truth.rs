//! What was put into a process: what a reader has to find.

use crate::arch::Width;
use crate::constants::{MEM_COMMIT, MEM_FREE};
use crate::memory::Region;

/// WinDbg's "Type" of heap memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeapClass {
    /// "Segment": pages of a _HEAP_SEGMENT or _HEAP_PAGE_SEGMENT.
    Segment,
    /// "Front End": the allocation that `_HEAP.FrontEndHeap` points into.
    FrontEnd,
    /// "Large Block": an allocation of its own.
    LargeBlock,
    /// The allocation that holds _SEGMENT_HEAP itself. What WinDbg calls it is not known.
    Header,
    /// "PageHeap": the whole reservation of a page heap. How WinDbg divides it is not known.
    PageHeap,
}

/// Which heap manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeapKind {
    /// Signature 0xFFEEFFEE in the first segment.
    Nt,
    /// Signature 0xDDEEDDEE.
    Segment,
    /// Page heap: `handle` has no signature of a heap, _DPH_HEAP_ROOT is one page higher.
    Page,
}

/// Addresses of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeapRange {
    /// First address.
    pub start: u64,
    /// Exclusive end.
    pub end: u64,
    /// What it is.
    pub class: HeapClass,
}

/// One large block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargeTruth {
    /// NT: address of the HEAP_VIRTUAL_ALLOC_ENTRY. Segment heap: address of the block.
    pub address: u64,
    /// What was asked for, bytes.
    pub user_size: u64,
}

/// What hands out a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// An NT heap's segments.
    Nt,
    /// The low-fragmentation heap.
    Lfh,
    /// Chunks of a segment heap.
    Vs,
    /// Page ranges of a segment heap.
    Pages,
    /// Memory of its own.
    Large,
}

/// A block that the program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockTruth {
    /// The first byte that the program has.
    pub address: u64,
    /// What was asked for, bytes.
    pub size: u64,
    /// What handed it out.
    pub backend: Backend,
}

/// One heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeapTruth {
    /// Address of the heap.
    pub handle: u64,
    /// Place in `PEB.ProcessHeaps`, from 0; `None` if the heap is not in it (24H2).
    pub index: Option<u32>,
    /// Heap manager.
    pub kind: HeapKind,
    /// 32-bit or 64-bit structures; in a WOW64 process also says which PEB has it.
    pub width: Width,
    /// Every range, in address order.
    pub ranges: Vec<HeapRange>,
    /// Large blocks, in list order (segment heap: address order).
    pub large: Vec<LargeTruth>,
    /// Blocks in use, large ones too, in no order.
    pub blocks: Vec<BlockTruth>,
    /// Bytes of `ranges`, whatever their state.
    pub reserved: u64,
    /// Bytes of `ranges` that are committed in the region list.
    pub committed: u64,
}

/// A region of WinDbg's class "Other".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherTruth {
    /// WinDbg's words: "API Set Map".
    pub name: &'static str,
    /// The PEB field that points into it; "" for KUSER_SHARED_DATA, which has none.
    pub field: &'static str,
    /// First address of the only region that is tagged.
    pub start: u64,
    /// Exclusive end of that region.
    pub end: u64,
}

/// Everything that the reader of a process with heaps has to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Heaps: those of the (32-bit) PEB in the order of ProcessHeaps, those of the 64-bit PEB of a WOW64 process,
    /// those of the descriptor chain.
    pub heaps: Vec<HeapTruth>,
    /// Regions that the PEB points to.
    pub others: Vec<OtherTruth>,
}

impl HeapTruth {
    /// A heap whose sums are filled in by [`HeapTruth::measure`].
    pub(crate) fn new(handle: u64, kind: HeapKind, width: Width, mut ranges: Vec<HeapRange>) -> Self {
        ranges.sort_unstable();
        let (index, large, blocks) = (None, Vec::new(), Vec::new());
        HeapTruth { handle, index, kind, width, ranges, large, blocks, reserved: 0, committed: 0 }
    }

    /// Sums up what the region list says about the ranges. Every byte of them must be taken.
    pub(crate) fn measure(&mut self, regions: &[Region]) {
        let sum = |wanted: &dyn Fn(u32) -> bool| {
            let parts = self.ranges.iter().flat_map(|range| {
                regions.iter().filter(|region| wanted(region.state)).map(|region| {
                    let end = range.end.min(region.base + region.size);
                    end.saturating_sub(range.start.max(region.base))
                })
            });
            parts.sum::<u64>()
        };
        let (committed, taken) = (sum(&|state| state == MEM_COMMIT), sum(&|state| state != MEM_FREE));
        self.committed = committed;
        self.reserved = self.ranges.iter().map(|range| range.end - range.start).sum();
        assert_eq!(taken, self.reserved, "heap {:#x} lies in free memory", self.handle);
    }

    /// Ranges of one class.
    pub fn of(&self, class: HeapClass) -> impl Iterator<Item = HeapRange> {
        self.ranges.iter().copied().filter(move |range| range.class == class)
    }
}
