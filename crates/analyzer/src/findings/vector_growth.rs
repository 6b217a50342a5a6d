//! # What it detects
//! A vector that was about to grow when the allocation failed: a register or a stack slot leads to its three pointers,
//! and the requested size is its old capacity grown by half (Microsoft) or doubled (libstdc++, libc++).
//!
//! # What proves it
//! Three pointers, first <= last <= end, into committed memory, from which the requested size follows to the byte,
//! including what `std::_Allocate` adds (0x27, in debug builds 0x2f; on x86 0x23, 0x27). If the old number of elements
//! is odd, the rounding reveals the size of an element too. No symbols are needed.
//!
//! # What fools it
//! Two vectors of the same capacity: the address may be that of the other one. Doubling the capacity adds nothing and
//! rounds nothing, so it proves less.
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
        Growth::Double => "growing to twice its capacity",
    };
    let title = match sum(request) {
        Some(sum) => format!("A vector {}was {grows}: {sum}.", of(request)),
        None => format!("A vector was {grows} to {} bytes.", grouped(request.bytes)),
    };
    let confidence = match (vector.growth, vector.is_full()) {
        (Growth::Half, true) if vector.committed => Confidence::High,
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
        found.with_at("last = end", vector.last, "no capacity left")
    } else {
        found.with_at("last", vector.last, "").with_at(
            "end",
            vector.end,
            format!("{} bytes of capacity", grouped(vector.end.saturating_sub(vector.first))),
        )
    }
}
