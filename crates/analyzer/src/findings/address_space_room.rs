//! # What it detects
//! Address space was not the problem: one free region had room for the request.
//!
//! # What proves it
//! The largest free region of the memory map, less the heap's overhead, compared with the size.
//!
//! # What fools it
//! The memory map is from the time of the dump: a thread may have freed much memory after the failure. A heap with a
//! fixed maximum size, or an allocator that needs certain addresses, fails for reasons that the map does not show.
//!
//! # Example
//! `Address space was available: the largest free region is 119.961 TB.`
//!
//! # Source
//! MemoryInfoList.

use super::address_space_fragmented::{OVERHEAD, usable};
use super::{Crash, Found, short};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let memory = &crash.facts.memory;
    let (wanted, place) = (crash.wanted()?, memory.room().largest_free?);
    if usable(memory) < wanted.saturating_add(OVERHEAD) {
        return None;
    }
    let title =
        format!("Address space was available: the largest free region is {}.", short(place.size_bytes));
    let found = Found::new(crash.room_confidence(), title).with_at(
        "largest free region",
        place.base.0,
        short(place.size_bytes),
    );
    Some(match memory.room().free_bytes {
        Some(free) => found.with("free in total", short(free)),
        None => found,
    })
}
