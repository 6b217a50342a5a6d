//! # What it detects
//! A `std::string` or `std::wstring` of Microsoft's library that was about to grow when memory was refused.
//!
//! # What proves it
//! In a register's or a stack slot's reach lie a pointer into committed memory, a length and a room; behind as many
//! characters stands the zero; and the size asked for is the room grown by half with its zero, to the byte, with what
//! `std::_Allocate` adds.
//!
//! # What fools it
//! A copy of the same string elsewhere on the stack: the address may be the copy's. A string that grows by more than
//! half at once, for a long text appended, is not recognised.
//!
//! # Example
//! `A string of 1,048,576 characters was growing by half to 1,572,865.`
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
        "A {kind} with room for {} characters was growing by half: {} bytes.",
        grouped(text.capacity),
        grouped(request.bytes)
    );
    let found = Found::new(Confidence::High, title).with_at(
        "string",
        text.address,
        format!("length {}, room {}", grouped(text.length), grouped(text.capacity)),
    );
    Some(found.with_at("its characters", text.characters, format!("{} bytes each", text.character_bytes)))
}
