//! # What it detects
//! Which container requested the memory, and in which of its functions: growth, `reserve`, `resize`, a string.
//!
//! # What proves it
//! The names of the functions above `operator new`, including inlined ones, from the module's own PDB.
//!
//! # What fools it
//! Identical functions that the linker merged have only one name: the element's type may be another one of the same
//! size.
//!
//! # Example
//! `std::vector<telemetry::Sample>::_Emplace_reallocate made the request: a vector that grows.`
//!
//! # Source
//! The function names of Microsoft's library by version, of libstdc++ and of libc++.

use super::{Confidence, Crash, Found};
use crate::request::{Call, Element, without_parameters};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let (call, function) = crash.container_call()?;
    let words = match call {
        Call::Growth => "a vector that grows",
        Call::Reserve => "a vector that reserves room for a given number of elements",
        Call::Resize => "a vector that is resized to a given number of elements",
        Call::Text => "a string",
        Call::Other => "a container",
    };
    let found =
        Found::new(Confidence::High, format!("{} made the request: {words}.", without_parameters(function)));
    let found = found.with("function", function);
    let element = crash.request.and_then(|request| request.element.as_ref());
    Some(match element {
        Some(Element { name, size: Some(size) }) => found.with("element", format!("{name}, {size} bytes")),
        Some(Element { name, size: None }) => found.with("element", name.as_str()),
        None => found,
    })
}
