//! # What it detects
//! The process has less free address space in all than it asked for.
//!
//! # What proves it
//! The free total of the memory map against the size.
//!
//! # What fools it
//! The map is that of the time of the dump: what was freed after the failure counts as free.
//!
//! # Example
//! `18.250 MB are free in all, and 24.030 MB were asked for.`
//!
//! # Source
//! MemoryInfoList.

use super::{Crash, Found, short};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let room = crash.facts.memory.room();
    let (wanted, free, total) = (crash.wanted()?, room.free_bytes?, room.total_bytes?);
    if free >= wanted || wanted > total {
        return None;
    }
    let title =
        format!("{} of address space are free in all, and {} were asked for.", short(free), short(wanted));
    let found = Found::new(crash.map_confidence(), title).with("address space", short(total));
    Some(match room.largest_free {
        Some(place) => found.with_at("largest free region", place.base.0, short(place.size_bytes)),
        None => found,
    })
}
