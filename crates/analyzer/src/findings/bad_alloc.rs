//! # What it detects
//! The program threw the C++ exception by which `operator new` and the containers say that memory was refused:
//! `std::bad_alloc`, `std::bad_array_new_length`, or MFC's `CMemoryException *`.
//!
//! # What proves it
//! The exception record's ThrowInfo names the type; both are read out of the dump.
//!
//! # What fools it
//! A program may throw `std::bad_alloc` for reasons of its own, without having asked for memory. That the type occurs
//! somewhere in a module is no evidence, and is not looked at.
//!
//! # Example
//! `std::bad_alloc was thrown in thread 0x1a2c.`
//!
//! # Source
//! The layouts of Microsoft's C++ exceptions: parameters, ThrowInfo, CatchableTypeArray, TypeDescriptor.

use super::{Confidence, Crash, Found};
use crate::exceptions::refusal::TYPES;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception?;
    let cpp = exception.cpp.as_ref()?;
    let name = cpp.type_name.as_deref()?;
    // What is derived from them says the same.
    let base = cpp.bases.iter().map(String::as_str).find(|base| TYPES.contains(base));
    if !TYPES.contains(&name) && base.is_none() {
        return None;
    }
    let title = format!("{name} was thrown in thread {:#x}.", exception.thread_id);
    let found = Found::new(Confidence::High, title).with_at(
        "exception",
        exception.address.0,
        format!("{:#x}", exception.code.0),
    );
    let found = match base.filter(|base| *base != name) {
        Some(base) => found.with("is a", base),
        None => found,
    };
    Some(match cpp.what.as_ref().filter(|what| !what.is_empty()) {
        Some(what) => found.with("what()", what.as_str()),
        None => found,
    })
}
