//! # What it detects
//! Enough address space is free in total, but no single region is large enough.
//!
//! # What proves it
//! The largest free region, from the first multiple of 64 kB in it, is smaller than the size plus what a heap needs for
//! a large block: a header in whole pages, one more page, and up to 15 pages in front.
//!
//! # What fools it
//! If the size would fit without that overhead, it may have fitted: the number of pages in front is random. The memory
//! map is from the time of the dump.
//!
//! # Example
//! `No free region is large enough for 24.030 MB: the largest is 20.125 MB, of 39.730 MB free in total.`
//!
//! # Source
//! MemoryInfoList; how NT heaps allocate large blocks since Windows 8.

use super::{Confidence, Crash, Found, short};
use crate::facts::MemoryReport;

/// `VirtualAlloc` hands out addresses at multiples of this.
const GRANULARITY: u64 = 0x1_0000;
/// What a large block needs beside its bytes: its header in whole pages, a page behind it, and up to 15 pages in front.
pub(super) const OVERHEAD: u64 = 0x1000 + 0x1000 + 0xf000;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let memory = &crash.facts.memory;
    let room = memory.room();
    let (wanted, free) = (crash.wanted()?, room.free_bytes?);
    let usable = usable(memory);
    if free < wanted || usable >= wanted.saturating_add(OVERHEAD) {
        return None;
    }
    let largest = room.largest_free.map_or(0, |place| place.size_bytes);
    let (confidence, title) = if usable >= wanted {
        let title = format!(
            "The largest free region, {}, has room for {}, but perhaps not for the heap's overhead.",
            short(largest),
            short(wanted)
        );
        (Confidence::Medium, title)
    } else {
        let title = format!(
            "No free region is large enough for {}: the largest is {}, of {} free in total.",
            short(wanted),
            short(largest),
            short(free)
        );
        (crash.room_confidence(), title)
    };
    let mut found = Found::new(confidence, title);
    if let Some(place) = room.largest_free {
        found = found.with_at("largest free region", place.base.0, short(place.size_bytes));
    }
    found = found.with("usable, aligned to 64 kB", short(usable));
    Some(found.with("needed, with the heap's overhead", short(wanted.saturating_add(OVERHEAD))))
}

/// What of the largest free region can be had in one piece.
pub(super) fn usable(memory: &MemoryReport) -> u64 {
    let Some(place) = memory.room().largest_free else { return 0 };
    let from = place.base.0.checked_next_multiple_of(GRANULARITY).unwrap_or(u64::MAX);
    place.size_bytes.saturating_sub(from - place.base.0)
}
