//! # What it detects
//! A `std::string` or `std::wstring` of Microsoft's library that was about to grow when the allocation failed.
//!
//! # What proves it
//! A register or a stack slot leads to a pointer into committed memory, a length and a capacity; a zero follows as many
//! characters; and the requested size is the capacity grown by half, with its zero, to the byte, including what
//! `std::_Allocate` adds.
//!
//! # What fools it
//! A copy of the same string elsewhere on the stack: the address may be that of the copy. A string that grows by more
//! than half at once, because a long text is appended, is not recognized.
//!
//! # Example
//! `A string with a capacity of 1,048,576 characters was growing by half: 1,572,865 bytes.`
//!
//! # Source
//! `std::basic_string` of Microsoft's library: its layout and `_Calculate_growth`.

use super::{Confidence, Crash, Found, grouped};
use crate::request::Container;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let request = crash.request?;
    let Some(Container::Text(text)) = request.container else { return None };
    let kind = if text.character_bytes == 1 { "string" } else { "string of 2-byte characters" };
    let title = format!(
        "A {kind} with a capacity of {} characters was growing by half: {} bytes.",
        grouped(text.capacity),
        grouped(request.bytes)
    );
    let found = Found::new(Confidence::High, title).with_at(
        "string",
        text.address,
        format!("length {}, capacity {}", grouped(text.length), grouped(text.capacity)),
    );
    Some(found.with_at("its characters", text.characters, format!("{} bytes each", text.character_bytes)))
}
