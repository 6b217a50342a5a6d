//! Corrupt places in heaps: headers that something wrote over.

use dumplens_core::process::heap::{BlockFault, FaultKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::blocks::reader;
use super::{ExceptionReport, Hex, PlaceReport};
use crate::exceptions::code;
use crate::process::Process;

/// Broken blocks that are named.
const MOST_BROKEN: usize = 16;
/// Blocks that are looked at for broken ones: a heap of 4 GiB of small ones, some two seconds.
const MOST_LOOKED_AT: usize = 1 << 27;

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
