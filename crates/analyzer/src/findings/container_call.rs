//! # What it detects
//! Which container asked for memory, and in which of its functions: growth, `reserve`, `resize`, a string.
//!
//! # What proves it
//! The names of the functions above `operator new`, inlined ones too, from a PDB that is the module's own.
//!
//! # What fools it
//! Identical functions that the linker folded into one have one name only: the element's type may be another's of the
//! same size.
//!
//! # Example
//! `std::vector<telemetry::Sample>::_Emplace_reallocate asked for it: a vector that grows.`
//!
//! # Source
//! The function names of Microsoft's library by version, of libstdc++ and of libc++.

use super::{Confidence, Crash, Found};
use crate::request::{Call, Element, without_parameters};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let (call, function) = crash.container_call()?;
    let words = match call {
        Call::Growth => "a vector that grows",
        Call::Reserve => "a vector that makes room for a number of elements given to it",
        Call::Resize => "a vector that is made to hold a number of elements given to it",
        Call::Text => "a string",
        Call::Other => "a container",
    };
    let found =
        Found::new(Confidence::High, format!("{} asked for it: {words}.", without_parameters(function)));
    let found = found.with("function", function);
    let element = crash.request.and_then(|request| request.element.as_ref());
    Some(match element {
        Some(Element { name, size: Some(size) }) => found.with("element", format!("{name}, {size} bytes")),
        Some(Element { name, size: None }) => found.with("element", name.as_str()),
        None => found,
    })
}
