//! The ledger: every byte of the process's private commit has one use.
//!
//! What proves it: the same pages that make up `private_commit_estimate_bytes` are gone through, and each is put under one
//! use by the claim on it, so the rows add up to that to the byte.
//! What fools it: a writable page of an image that was never written counts as if it had been; what the program hides from
//! the heap's own lists is *not explained*.

use std::collections::BTreeMap;

use dumplens_core::{MemoryInfo, MemoryType};

use super::kinds::Use;
use crate::process::Process;
use crate::space::{Owner, Piece, Usage, is_charged, is_shared_with_kernel};

/// A run of the private commit with one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charged {
    pub(super) base: u64,
    pub(super) end: u64,
    pub(super) place: Place,
    /// First address of the allocation.
    pub(super) allocation: u64,
}

/// Where a run lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Images,
    Stacks,
    Environment,
    /// A heap, by its index.
    Heap(usize),
    PageHeap,
    Managed,
    Other,
    /// No claim: what `VirtualAlloc` gave to somebody unknown.
    Unclaimed,
}

impl Place {
    /// The row under which it is counted, before the blocks of heaps and the groups of allocations are known.
    pub(super) fn plain(self) -> Use {
        match self {
            Place::Images => Use::Images,
            Place::Stacks => Use::Stacks,
            Place::Environment => Use::Environment,
            Place::Heap(_) => Use::HeapUnread,
            Place::PageHeap => Use::PageHeap,
            Place::Managed => Use::Managed,
            Place::Other => Use::Other,
            Place::Unclaimed => Use::Unexplained,
        }
    }
}

/// The private commit by where it lies.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// All of it.
    pub(super) private: u64,
    pub(super) unclaimed: u64,
    /// Bytes of each heap.
    pub(super) heaps: BTreeMap<usize, u64>,
    /// The rest, by the row under which it is counted.
    pub(super) others: BTreeMap<Use, u64>,
}

impl Places {
    pub(super) fn add(&mut self, place: Place, bytes: u64) {
        self.private += bytes;
        match place {
            Place::Unclaimed => self.unclaimed += bytes,
            Place::Heap(index) => *self.heaps.entry(index).or_default() += bytes,
            place => *self.others.entry(place.plain()).or_default() += bytes,
        }
    }
}

/// Calls `each` with every run of the private commit, in order of address.
#[inline]
pub(super) fn charged(process: &Process<'_>, mut each: impl FnMut(Charged)) {
    let counts = |region: &MemoryInfo| {
        is_charged(region.state, region.kind, region.protect) && !is_shared_with_kernel(region)
    };
    process.space.each_piece(counts, |piece| {
        each(Charged {
            base: piece.base,
            end: piece.end(),
            place: place(piece),
            allocation: piece.region.allocation_base,
        });
    });
}

fn place(piece: &Piece) -> Place {
    let heap = piece.span.and_then(|span| match span.owner {
        Owner::Heap(index) => Some(index),
        _ => None,
    });
    match (piece.usage, heap) {
        (Usage::Heap(_), Some(index)) => Place::Heap(index),
        (Usage::Stack(_), _) => Place::Stacks,
        (Usage::Teb(_) | Usage::Peb(_), _) => Place::Environment,
        (Usage::PageHeap(_), _) => Place::PageHeap,
        (Usage::Image, _) => Place::Images,
        _ if piece.region.kind == MemoryType::IMAGE => Place::Images,
        (Usage::Gc(_), _) => Place::Managed,
        (Usage::Unknown, _) => Place::Unclaimed,
        _ => Place::Other,
    }
}
