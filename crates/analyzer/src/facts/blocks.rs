//! The blocks of heaps: how much of a heap is in use, by which sizes, and which block lies at an address.

use std::collections::HashMap;

use dumplens_core::process::heap::{
    self, BlockFault, BlockReader, Blocks, FaultKind, HeapBlock, LayoutBasis,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExceptionReport, Facts, Hex, PlaceReport};
use crate::exceptions::code;
use crate::process::Process;
use crate::space::words;

words! {
    /// How well the layout of a build's heaps is known.
    pub enum LayoutProof {
        /// Microsoft's own heap code of the build confirmed it.
        Verified = "verified",
        /// It was confirmed on a neighbouring build, and the heap's lists are where that layout has them.
        Between = "between",
        /// From published type descriptions only.
        Published = "published",
    }
}

words! {
    /// What hands out a block.
    pub enum BlockBackend {
        /// An NT heap's segments.
        Nt = "nt",
        /// The low-fragmentation heap, of either kind of heap.
        Lfh = "lfh",
        /// A segment heap's variable size allocator.
        Vs = "vs",
        /// A segment heap's page ranges.
        Pages = "pages",
        /// A block with memory of its own.
        Large = "large",
    }
}

words! {
    /// Who has a block.
    pub enum BlockState {
        /// The program.
        Busy = "busy",
        /// Nobody.
        Free = "free",
        /// The heap itself.
        Internal = "internal",
    }
}

/// Committed bytes of all heaps up to which they are counted without being asked to: some hundredths of a second.
const SMALL: u64 = 16 << 20;
/// Sizes that are counted separately; blocks of all others are counted together.
const MOST_SIZES: usize = 1 << 16;
/// Broken blocks that are named.
const MOST_BROKEN: usize = 16;
/// Blocks that are looked at for broken ones: a heap of 4 GiB of small ones, some two seconds.
const MOST_LOOKED_AT: usize = 1 << 27;

/// Totals of the blocks of a heap, or of all heaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeapBlocksReport {
    /// Blocks in use by the program.
    pub busy_blocks: u64,
    /// Requested bytes of these blocks.
    pub busy_bytes: u64,
    /// Committed bytes that are neither requested nor free: headers, rounding, and the heap's own data.
    pub overhead_bytes: u64,
    /// Committed bytes that are free: fragmentation.
    pub free_bytes: u64,
    /// Faults in the blocks; some blocks are not counted.
    pub faults: Vec<String>,
    /// The requested sizes, those with the most bytes first; `None` if they were not requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Vec<BlockSizeReport>>,
}

/// Blocks of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockSizeReport {
    /// The requested size; `None` for the row of all other sizes.
    pub size_bytes: Option<u64>,
    /// How many blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A block in which an address lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockPlace {
    /// The first byte that the program has of it.
    pub address: Hex,
    /// Bytes that it asked for; of a block that is not in use, those behind its header.
    pub size_bytes: u64,
    /// From `address` on; negative in the block's header.
    pub offset: i64,
    /// Bytes that the block takes, its header among them.
    pub taken_bytes: u64,
    /// Who has it.
    pub state: BlockState,
    /// What handed it out.
    pub backend: BlockBackend,
}

/// One line of the list of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockReport {
    /// Handle of the heap.
    pub heap: Hex,
    /// The first byte that the program has.
    pub address: Hex,
    /// Requested bytes of these blocks.
    pub size_bytes: u64,
    /// Bytes that the block takes.
    pub taken_bytes: u64,
    /// What handed it out.
    pub backend: BlockBackend,
}

/// A corrupt place in a heap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BrokenBlockReport {
    /// Handle of the heap.
    pub heap: Hex,
    /// Address of the corruption.
    pub at: Hex,
    /// What is wrong there.
    pub what: String,
    /// The block before it, as the program sees it: most likely its owner wrote beyond its end.
    pub before: Option<PlaceReport>,
}

impl BlockReport {
    /// The line of a block.
    pub fn new(block: &HeapBlock) -> BlockReport {
        BlockReport {
            heap: block.heap.into(),
            address: block.address.into(),
            size_bytes: block.size,
            taken_bytes: block.taken,
            backend: block.backend.into(),
        }
    }
}

impl From<heap::Backend> for BlockBackend {
    fn from(backend: heap::Backend) -> BlockBackend {
        match backend {
            heap::Backend::Nt => BlockBackend::Nt,
            heap::Backend::Lfh => BlockBackend::Lfh,
            heap::Backend::Vs => BlockBackend::Vs,
            heap::Backend::Pages => BlockBackend::Pages,
            heap::Backend::Large => BlockBackend::Large,
        }
    }
}

impl From<heap::BlockState> for BlockState {
    fn from(state: heap::BlockState) -> BlockState {
        match state {
            heap::BlockState::Busy => BlockState::Busy,
            heap::BlockState::Free => BlockState::Free,
            heap::BlockState::Internal => BlockState::Internal,
        }
    }
}

impl From<LayoutBasis> for LayoutProof {
    fn from(basis: LayoutBasis) -> LayoutProof {
        match basis {
            LayoutBasis::Verified => LayoutProof::Verified,
            LayoutBasis::Between => LayoutProof::Between,
            LayoutBasis::Published => LayoutProof::Published,
        }
    }
}

/// What reads the blocks of a process.
fn reader<'p, 'd>(process: &'p Process<'d>) -> BlockReader<'d, 'p> {
    BlockReader::new(process.dump.memory(), &process.heaps.list)
}

/// Adds up the blocks of a heap.
#[derive(Debug, Default)]
struct Count {
    busy: (u64, u64),
    free: u64,
    sizes: HashMap<u64, u64>,
    others: (u64, u64),
    faults: Vec<String>,
}

impl Count {
    fn add(&mut self, blocks: &mut Blocks<'_, '_>, with_sizes: bool) {
        for block in blocks.by_ref() {
            match block.state {
                heap::BlockState::Busy => {
                    self.busy = (self.busy.0 + 1, self.busy.1.saturating_add(block.size));
                    if with_sizes {
                        self.size(block.size);
                    }
                }
                heap::BlockState::Free => self.free = self.free.saturating_add(block.taken),
                heap::BlockState::Internal => {}
            }
        }
        self.faults.extend(blocks.faults().iter().map(|fault| fault.fault.to_string()));
    }

    fn size(&mut self, size: u64) {
        if self.sizes.len() < MOST_SIZES || self.sizes.contains_key(&size) {
            *self.sizes.entry(size).or_default() += 1;
        } else {
            self.others = (self.others.0 + 1, self.others.1.saturating_add(size));
        }
    }

    /// Adds what another heap has.
    fn join(&mut self, other: Count) {
        self.busy = (self.busy.0 + other.busy.0, self.busy.1.saturating_add(other.busy.1));
        self.free = self.free.saturating_add(other.free);
        for (size, blocks) in other.sizes {
            *self.sizes.entry(size).or_default() += blocks;
        }
        self.others = (self.others.0 + other.others.0, self.others.1.saturating_add(other.others.1));
        self.faults.extend(other.faults);
    }

    /// Free space may be decommitted: of what is committed, it is what is left at most.
    fn report(&self, committed: u64, with_sizes: bool) -> HeapBlocksReport {
        let free_bytes = self.free.min(committed.saturating_sub(self.busy.1));
        HeapBlocksReport {
            busy_blocks: self.busy.0,
            busy_bytes: self.busy.1,
            overhead_bytes: committed.saturating_sub(self.busy.1).saturating_sub(free_bytes),
            free_bytes,
            faults: self.faults.clone(),
            sizes: with_sizes.then(|| self.rows()),
        }
    }

    fn rows(&self) -> Vec<BlockSizeReport> {
        let row = |(size, blocks): (&u64, &u64)| BlockSizeReport {
            size_bytes: Some(*size),
            blocks: *blocks,
            bytes: size.saturating_mul(*blocks),
        };
        let mut rows: Vec<BlockSizeReport> = self.sizes.iter().map(row).collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.bytes, row.size_bytes)));
        if self.others.0 > 0 {
            rows.push(BlockSizeReport { size_bytes: None, blocks: self.others.0, bytes: self.others.1 });
        }
        rows
    }
}

/// The block in which an address lies.
pub(super) fn place(process: &Process<'_>, address: u64) -> Option<BlockPlace> {
    let block = reader(process).at(address)?;
    Some(BlockPlace {
        address: block.address.into(),
        size_bytes: block.size,
        offset: address.wrapping_sub(block.address).cast_signed(),
        taken_bytes: block.taken,
        state: block.state.into(),
        backend: block.backend.into(),
    })
}

/// By what a heap ended the program, because it found itself damaged.
pub(crate) fn heap_failure(exception: &ExceptionReport) -> Option<&'static str> {
    let inside_heap = |p: &Hex| matches!(p.0, 0x23 | 0x32);
    match exception.code.0 {
        code::HEAP_CORRUPTION => Some("STATUS_HEAP_CORRUPTION"),
        code::STACK_BUFFER_OVERRUN if exception.parameters.first().is_some_and(inside_heap) => {
            Some("a fast failure inside the heap")
        }
        _ => None,
    }
}

/// What is broken in the heaps: headers that something wrote over. What the dump does not keep is not.
pub(super) fn broken(process: &Process<'_>) -> Vec<BrokenBlockReport> {
    let reader = reader(process);
    let (mut left, mut all) = (MOST_LOOKED_AT, Vec::new());
    for heap in &process.heaps.list {
        let mut blocks = reader.blocks(heap);
        let looked_at = blocks.by_ref().take(left).count();
        left -= looked_at;
        let broken = blocks.faults().iter().filter(|fault| is_broken(fault));
        for fault in broken.take(MOST_BROKEN - all.len()) {
            reader.note(heap, fault.fault.at);
            all.push(BrokenBlockReport {
                heap: heap.handle.into(),
                at: fault.fault.at.into(),
                what: fault.fault.what.to_string(),
                before: fault
                    .before
                    .map(|block| PlaceReport { base: block.address.into(), size_bytes: block.size }),
            });
        }
        if left == 0 || all.len() == MOST_BROKEN {
            break;
        }
    }
    all
}

fn is_broken(fault: &BlockFault) -> bool {
    !matches!(fault.fault.what, FaultKind::Unreadable(_) | FaultKind::NoKey)
}

impl Facts {
    /// Counts the blocks of every heap, if `always` or if the heaps are small; with the sizes that were asked for, if they
    /// are wanted. Returns what the heaps have together; `None` if nothing was counted.
    pub fn count_blocks(
        &mut self,
        process: &Process<'_>,
        always: bool,
        with_sizes: bool,
    ) -> Option<HeapBlocksReport> {
        let committed = || self.heaps.iter().map(|heap| heap.committed_bytes);
        let is_small = committed().fold(0, u64::saturating_add) <= SMALL;
        if !always && !is_small {
            return None;
        }
        let reader = reader(process);
        let (mut all, mut whole) = (Count::default(), 0u64);
        for (report, heap) in self.heaps.iter_mut().zip(&process.heaps.list) {
            let mut count = Count::default();
            count.add(&mut reader.blocks(heap), with_sizes);
            report.block_use = Some(count.report(report.committed_bytes, with_sizes));
            whole = whole.saturating_add(report.committed_bytes);
            all.join(count);
        }
        Some(all.report(whole, with_sizes))
    }
}
