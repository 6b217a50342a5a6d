//! A block of a heap: which one lies at an address, and how it is told.

use dumplens_core::process::heap::{self, BlockReader, HeapBlock, LayoutBasis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Hex;
use crate::process::Process;
use crate::space::words;

words! {
    /// How well the layout of a build's heaps is known.
    pub enum LayoutProof {
        /// Microsoft's own heap code of the build confirmed it.
        Verified = "verified",
        /// It was confirmed on another build, and the heap's lists are where that layout has them.
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
pub(super) fn reader<'p, 'd>(process: &'p Process<'d>) -> BlockReader<'d, 'p> {
    BlockReader::new(process.dump.memory(), &process.heaps.list)
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
