//! # What it detects
//! The heap detected that its own data is corrupt, and terminated the program: something wrote where it must not, just
//! now or long before.
//!
//! # What proves it
//! STATUS_HEAP_CORRUPTION, or a fast failure inside the heap (0x23, 0x32). dumplens then reads the blocks of the heaps
//! one after the other and names each header that does not decode, with the block before it, whose owner most likely
//! wrote beyond its end. It also names heaps whose lists are broken.
//!
//! # What fools it
//! The code that did the damage is rarely on the stack: the crashed thread is the one that noticed. A write through a
//! stale pointer can also corrupt a header; then the block before it is innocent.
//!
//! # Example
//! `The heap detected corruption (STATUS_HEAP_CORRUPTION): the data at 0x1d23fb50a10 is corrupt, after the block of 48
//! bytes at 0x1d23fb509d0.`
//!
//! # Source
//! NTSTATUS values; `winnt.h`; the walk through the heaps of the dump (docs/heaps.md).

use super::{Confidence, Crash, Found};
use crate::facts::BrokenBlockReport;
use crate::facts::broken_blocks::heap_failure;

/// Evidence of one kind that is named.
const NAMED: usize = 4;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception?;
    let name = heap_failure(exception)?;
    let broken = &crash.facts.broken_blocks;
    let title = match broken.first() {
        None => format!("The heap detected corruption ({name})."),
        Some(first) => format!("The heap detected corruption ({name}): {}.", sentence(first)),
    };
    let mut found = Found::new(Confidence::High, title).with_at(
        "exception",
        exception.address.0,
        format!("{:#x}", exception.code.0),
    );
    for place in broken.iter().take(NAMED) {
        found = found.with_at(format!("heap {}", place.heap), place.at.0, place.what.as_str());
        if let Some(before) = place.before {
            let value = format!("{} bytes, which belong to the program", before.size_bytes);
            found = found.with_at("block before it", before.base.0, value);
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
            "the data at {} is corrupt, after the block of {} bytes at {}",
            broken.at, before.size_bytes, before.base
        ),
        None => format!("the data at {} is corrupt", broken.at),
    }
}
