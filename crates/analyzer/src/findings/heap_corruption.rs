//! # What it detects
//! The heap found its own data damaged and ended the program: something wrote where it should not have, long before or
//! just now.
//!
//! # What proves it
//! STATUS_HEAP_CORRUPTION, or a fast failure inside the heap (0x23, 0x32). Heaps whose lists the dump shows to be broken
//! are named.
//!
//! # What fools it
//! Who wrote there is rarely on the stack: the thread that crashed is the one that looked.
//!
//! # Example
//! `The heap found itself damaged (STATUS_HEAP_CORRUPTION).`
//!
//! # Source
//! NTSTATUS values; `winnt.h`; the walk through the heaps of the dump.

use super::{Confidence, Crash, Found, code};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let by_code = crash.raised(code::HEAP_CORRUPTION);
    let by_reason = crash
        .raised(code::STACK_BUFFER_OVERRUN)
        .filter(|e| e.parameters.first().is_some_and(|p| matches!(p.0, 0x23 | 0x32)));
    let exception = by_code.or(by_reason)?;
    let name = if by_code.is_some() { "STATUS_HEAP_CORRUPTION" } else { "a fast failure inside the heap" };
    let mut found = Found::new(Confidence::High, format!("The heap found itself damaged ({name}).")).with_at(
        "exception",
        exception.address.0,
        format!("{:#x}", exception.code.0),
    );
    for heap in crash.facts.heaps.iter().filter(|heap| !heap.faults.is_empty()).take(4) {
        found = found.with_at(format!("heap {}", heap.index), heap.handle.0, heap.faults[0].as_str());
    }
    Some(found)
}
