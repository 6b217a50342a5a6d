//! # What it detects
//! A size that no process could be given: more than its whole address space, often a negative number used as a size, or
//! a count that overflowed.
//!
//! # What proves it
//! The size, compared with the address space of the memory map, or with what the processor and Windows allow at all.
//! `std::bad_array_new_length` proves it by itself.
//!
//! # What fools it
//! Very little: such a request fails whatever the state of the machine. Where the number comes from (a corrupt length,
//! an integer overflow) is for the caller's code to show.
//!
//! # Example
//! `18,446,744,073,709,551,600 bytes is -16: a negative number used as a size.`
//!
//! # Source
//! The memory map; the address space that Windows gives a process (128 TB, 2 to 4 GB).

use super::{Confidence, Crash, Found, grouped, short};

/// What a 64-bit process can have at most, and a 32-bit one.
const MOST_64: u64 = 1 << 47;
const MOST_32: u64 = 1 << 32;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let bits = crash.bits();
    let Some(wanted) = crash.wanted() else {
        let thrown = crash.thrown() == Some("std::bad_array_new_length");
        let title = "The number of elements was negative, or so large that their total size overflows.";
        return thrown.then(|| Found::new(Confidence::High, title));
    };
    let most = if bits == 64 { MOST_64 } else { MOST_32 };
    let (any, most) = (most, crash.facts.memory.room().total_bytes);
    let by = match most {
        Some(_) => "address space of the process, by its memory map",
        None => "the most that any process can have",
    };
    let most = most.unwrap_or(any);
    // The largest size that still is a number, with what a container or a heap may have added.
    let negative = negative(wanted, bits);
    if wanted <= most && negative.is_none() {
        return None;
    }
    let title = match negative {
        Some(n) => {
            format!("{} bytes is -{}: a negative number used as a size.", grouped(wanted), grouped(n))
        }
        None => {
            format!("{} bytes is more than the process could ever have: {}.", grouped(wanted), short(most))
        }
    };
    let sure = if negative.is_some() || wanted > any { Confidence::High } else { crash.room_confidence() };
    Some(Found::new(sure, title).with(by, short(most)))
}

/// What a size is as a negative number, if that is a small one: up to 16 MB, and on x86, where the upper half is
/// address space in part, up to 64 kB.
fn negative(wanted: u64, bits: u32) -> Option<u64> {
    let (value, limit) = if bits == 64 {
        (wanted.wrapping_neg(), 1 << 24)
    } else {
        ((1u64 << 32).checked_sub(wanted)?, 1 << 16)
    };
    (value > 0 && value <= limit).then_some(value)
}
