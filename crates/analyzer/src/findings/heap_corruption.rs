//! # What it detects
//! The heap found its own data damaged and ended the program: something wrote where it should not have, long before or
//! just now.
//!
//! # What proves it
//! STATUS_HEAP_CORRUPTION, or a fast failure inside the heap (0x23, 0x32). The blocks of the heaps are then read one after
//! the other: a header that does not decode is named, with the block in front of it, whose owner most likely wrote beyond
//! its end. Heaps whose lists are broken are named too.
//!
//! # What fools it
//! Who wrote there is rarely on the stack: the thread that crashed is the one that looked. A write through a stale pointer
//! can break a header as well, and then the block in front of it is innocent.
//!
//! # Example
//! `The heap found itself damaged (STATUS_HEAP_CORRUPTION): what stands at 0x1d23fb50a10 is broken, behind the block of 48 bytes at 0x1d23fb509d0.`
//!
//! # Source
//! NTSTATUS values; `winnt.h`; the walk through the heaps of the dump (docs/heaps.md).

use super::{Confidence, Crash, Found};
use crate::facts::BrokenBlockReport;
use crate::facts::blocks::heap_failure;

/// Evidence of one kind that is named.
const NAMED: usize = 4;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception?;
    let name = heap_failure(exception)?;
    let broken = &crash.facts.broken_blocks;
    let title = match broken.first() {
        None => format!("The heap found itself damaged ({name})."),
        Some(first) => format!("The heap found itself damaged ({name}): {}.", sentence(first)),
    };
    let mut found = Found::new(Confidence::High, title).with_at(
        "exception",
        exception.address.0,
        format!("{:#x}", exception.code.0),
    );
    for place in broken.iter().take(NAMED) {
        found = found.with_at(format!("heap {}", place.heap), place.at.0, place.what.as_str());
        if let Some(before) = place.before {
            let value = format!("{} bytes that the program has", before.size_bytes);
            found = found.with_at("block in front of it", before.base.0, value);
        }
    }
    for heap in crash.facts.heaps.iter().filter(|heap| !heap.faults.is_empty()).take(NAMED) {
        found = found.with_at(format!("heap {}", heap.index), heap.handle.0, heap.faults[0].as_str());
    }
    Some(found)
}

fn sentence(broken: &BrokenBlockReport) -> String {
    match broken.before {
        Some(before) => format!(
            "what stands at {} is broken, behind the block of {} bytes at {}",
            broken.at, before.size_bytes, before.base
        ),
        None => format!("what stands at {} is broken", broken.at),
    }
}
