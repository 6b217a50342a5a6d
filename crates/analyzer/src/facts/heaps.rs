//! The heaps: what the map says of their parts, and what they count themselves.

use std::collections::HashMap;

use dumplens_core::process::heap::{self, Heap, PartKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::block_count::HeapBlocksReport;
use super::blocks::LayoutProof;
use super::{Hex, PlaceReport};
use crate::process::Process;
use crate::space::{Holdings, Owner, Usage, words};

/// One heap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeapReport {
    /// Position in `PEB.ProcessHeaps`; heaps found by descriptors follow.
    pub index: usize,
    /// Its handle.
    pub handle: Hex,
    /// 32 or 64: which PEB it belongs to.
    pub bits: u32,
    /// Its kind.
    pub kind: HeapKind,
    /// The layout that was used to read it.
    pub layout: Option<String>,
    /// How well the layout is known for this build; `None` without a layout.
    #[serde(default)]
    pub basis: Option<LayoutProof>,
    /// Whether Windows uses it for the records of other heaps, so that it contains nothing of the program.
    #[serde(default)]
    pub metadata: bool,
    /// Its flags.
    pub flags: Option<Hex>,
    /// Segments found.
    pub segments: u64,
    /// Large blocks found.
    pub large_blocks: u64,
    /// Bytes of the large blocks.
    pub large_bytes: u64,
    /// Requested bytes of the large blocks that record them.
    pub large_user_bytes: u64,
    /// The largest of them.
    pub largest_block: Option<PlaceReport>,
    /// Minimum size in bytes of a block with an allocation of its own.
    pub large_from_bytes: Option<u64>,
    /// Committed bytes of all its parts.
    pub committed_bytes: u64,
    /// Reserved bytes of all its parts.
    pub reserved_bytes: u64,
    /// Totals of its blocks; `None` if they were not counted, as in all commands except `heaps`, or because the heaps
    /// are too large to count them unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_use: Option<HeapBlocksReport>,
    /// The heap's own counters, and whether they agree with what was found.
    pub counters: HeapCountersReport,
    /// What is wrong with it.
    pub faults: Vec<String>,
}

/// A heap's own counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeapCountersReport {
    /// Reserved bytes of segments.
    pub reserved_bytes: Option<u64>,
    /// Committed bytes of segments.
    pub committed_bytes: Option<u64>,
    /// Bytes in large blocks.
    pub large_bytes: Option<u64>,
    /// Number of segments.
    pub segments: Option<u64>,
    /// Committed bytes that are free, except those inside the low-fragmentation heap of an NT heap.
    pub free_bytes: Option<u64>,
    /// Whether its counters agree with what was found; `None` if it has none.
    pub agree: Option<bool>,
}

words! {
    /// The kind of a heap.
    pub enum HeapKind {
        /// The NT heap, of every version of Windows.
        Nt = "nt",
        /// The segment heap, of Windows 10 and later.
        Segment = "segment",
        /// The heap of Windows XP and 2003, which is not read.
        Xp = "xp",
        /// An unknown kind.
        Unknown = "unknown",
    }
}

impl From<heap::HeapKind> for HeapKind {
    fn from(kind: heap::HeapKind) -> HeapKind {
        match kind {
            heap::HeapKind::Nt => HeapKind::Nt,
            heap::HeapKind::Segment => HeapKind::Segment,
            heap::HeapKind::Xp => HeapKind::Xp,
            heap::HeapKind::Unknown => HeapKind::Unknown,
        }
    }
}

/// Every heap, with what the map says of its parts.
pub(super) fn heaps(process: &Process<'_>, holdings: &HashMap<(Owner, Usage), Holdings>) -> Vec<HeapReport> {
    let of = |index: usize| {
        let parts = holdings.iter().filter(|((owner, _), _)| *owner == Owner::Heap(index));
        parts.fold((0, 0), |sum, (_, h)| (sum.0 + h.committed, sum.1 + h.reserved))
    };
    process.heaps.list.iter().enumerate().map(|(index, h)| heap(h, of(index))).collect()
}

fn heap(heap: &Heap, (committed, reserved): (u64, u64)) -> HeapReport {
    let parts = |kind: PartKind| heap.parts.iter().filter(move |part| part.kind == kind);
    let size = |part: &heap::Part| part.end.saturating_sub(part.base);
    let header =
        parts(PartKind::Segment).filter(|p| p.by == heap.handle && heap.kind == heap::HeapKind::Segment);
    let segments = (parts(PartKind::Segment).count() - header.count()) as u64;
    // Of a damaged heap, blocks may overlap.
    let total = |sizes: &mut dyn Iterator<Item = u64>| sizes.fold(0, u64::saturating_add);
    let large_bytes = total(&mut parts(PartKind::LargeBlock).map(size));
    let largest = parts(PartKind::LargeBlock).max_by_key(|part| size(part));
    HeapReport {
        index: heap.index,
        handle: heap.handle.into(),
        bits: heap.width.bits(),
        kind: heap.kind.into(),
        layout: heap.layout.map(str::to_owned),
        basis: heap.basis.map(LayoutProof::from),
        metadata: heap.is_metadata,
        flags: heap.flags.map(Into::into),
        segments,
        large_blocks: parts(PartKind::LargeBlock).count() as u64,
        large_bytes,
        large_user_bytes: total(&mut parts(PartKind::LargeBlock).filter_map(|part| part.user_bytes)),
        largest_block: largest.map(|part| PlaceReport { base: part.base.into(), size_bytes: size(part) }),
        large_from_bytes: heap.large_from,
        committed_bytes: committed,
        reserved_bytes: reserved,
        block_use: None,
        counters: counters(heap, segments, large_bytes),
        faults: heap.faults.iter().map(ToString::to_string).collect(),
    }
}

/// Segments and large blocks are compared; reserved and committed bytes are shown beside those found, since a heap
/// counts them at other moments than the map was made. An NT heap does not take off what a large block gave back when
/// it shrank, nor, on Windows 10, all of one that was freed: only a counter that is too small disagrees.
fn counters(heap: &Heap, segments: u64, large_bytes: u64) -> HeapCountersReport {
    let c = heap.counters;
    let large = c.large.map(|bytes| match heap.kind {
        heap::HeapKind::Nt => bytes >= large_bytes,
        _ => bytes == large_bytes,
    });
    let checks = [c.segments.map(|n| n == segments), large];
    let agree = checks.into_iter().flatten().reduce(|a, b| a && b);
    HeapCountersReport {
        reserved_bytes: c.reserved,
        committed_bytes: c.committed,
        large_bytes: c.large,
        segments: c.segments,
        free_bytes: c.free,
        agree,
    }
}
