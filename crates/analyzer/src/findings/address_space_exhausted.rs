//! # What it detects
//! The process has less free address space in total than it requested.
//!
//! # What proves it
//! The total of free memory in the memory map, compared with the size.
//!
//! # What fools it
//! The memory map is from the time of the dump: memory that was freed after the failure counts as free.
//!
//! # Example
//! `Only 18.250 MB of address space is free in total, but 24.030 MB was requested.`
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
    let title = format!(
        "Only {} of address space is free in total, but {} was requested.",
        short(free),
        short(wanted)
    );
    let found = Found::new(crash.room_confidence(), title).with("address space", short(total));
    Some(match room.largest_free {
        Some(place) => found.with_at("largest free region", place.base.0, short(place.size_bytes)),
        None => found,
    })
}
