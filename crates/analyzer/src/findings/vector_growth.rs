//! # What it detects
//! A vector that was about to grow when memory was refused: its three pointers lie in a register's or a stack slot's
//! reach, and the size asked for is its old room grown by half (Microsoft) or to twice as much (libstdc++, libc++).
//!
//! # What proves it
//! Three pointers, first <= last <= end, into committed memory, of which the size asked for follows to the byte, with
//! what `std::_Allocate` adds (0x27, in debug builds 0x2f; x86 0x23, 0x27). Where the old number of elements is odd, the
//! rounding gives the size of an element too. No symbol takes part.
//!
//! # What fools it
//! Two vectors of the same room: the address may be the other's. Growth to twice the room adds nothing and rounds
//! nothing, so it proves less.
//!
//! # Example
//! `A vector of 16-byte elements was growing by half: 968,651,191 = 60,540,697 x 16 + 0x27.`
//!
//! # Source
//! `std::vector::_Calculate_growth` and `std::_Allocate_manually_vector_aligned` of Microsoft's library.

use super::{Confidence, Crash, Found, grouped};
use crate::request::{Container, Growth, Request, Vector};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let request = crash.request?;
    let Some(Container::Vector(vector)) = request.container else { return None };
    let grows = match vector.growth {
        Growth::Half => "growing by half",
        Growth::Double => "growing to twice its room",
    };
    let title = match sum(request) {
        Some(sum) => format!("A vector {}was {grows}: {sum}.", of(request)),
        None => format!("A vector was {grows} to {} bytes.", grouped(request.bytes)),
    };
    let confidence = match (vector.growth, vector.is_full()) {
        (Growth::Half, true) => Confidence::High,
        _ => Confidence::Medium,
    };
    Some(pointers(Found::new(confidence, title), &vector))
}

fn of(request: &Request) -> String {
    request.element_size.map(|size| format!("of {size}-byte elements ")).unwrap_or_default()
}

/// `968,651,191 = 60,540,697 x 16 + 0x27`.
pub(super) fn sum(request: &Request) -> Option<String> {
    let (count, size) = (request.elements()?, request.element_size?);
    let padding = request.padding.map(|padding| format!(" + {padding:#x}")).unwrap_or_default();
    Some(format!("{} = {} x {size}{padding}", grouped(request.bytes), grouped(count)))
}

fn pointers(found: Found, vector: &Vector) -> Found {
    let found = found.with_at("vector", vector.address, "first, last, end");
    let used = vector.last.saturating_sub(vector.first);
    let found = found.with_at("first", vector.first, format!("{} bytes of elements", grouped(used)));
    if vector.is_full() {
        found.with_at("last = end", vector.last, "no room left")
    } else {
        found.with_at("last", vector.last, "").with_at(
            "end",
            vector.end,
            format!("{} bytes of room", grouped(vector.end.saturating_sub(vector.first))),
        )
    }
}
