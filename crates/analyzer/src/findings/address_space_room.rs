//! # What it detects
//! Address space was not what was lacking: one free region had room for what was asked for.
//!
//! # What proves it
//! The largest free region of the memory map, less the heap's overhead, against the size.
//!
//! # What fools it
//! The map is that of the time of the dump: a thread may have freed much after the failure. A heap with a fixed maximum
//! size, or an allocator that wants certain addresses, fails for reasons that the map does not show.
//!
//! # Example
//! `Address space was there: the largest free region has 119.961 TB.`
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
    let title = format!("Address space was there: the largest free region has {}.", short(place.size_bytes));
    let found = Found::new(crash.map_confidence(), title).with_at(
        "largest free region",
        place.base.0,
        short(place.size_bytes),
    );
    Some(match memory.room().free_bytes {
        Some(free) => found.with("free in all", short(free)),
        None => found,
    })
}
