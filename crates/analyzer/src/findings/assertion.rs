//! # What it detects
//! A failed assertion, with the expression and its location, from the stream in which Breakpad and Crashpad record it.
//!
//! # What proves it
//! `AssertionInfoStream` (0x47670002), which a handler of the program writes only in this case.
//!
//! # What fools it
//! Release builds of the C runtime call the invalid parameter handler without texts.
//!
//! # Example
//! `An assertion failed: count <= capacity, in copy_items, items.cpp:217.`
//!
//! # Source
//! `MINIDUMP_ASSERTION_INFO` of Breakpad's minidump_format.h.

use super::{Confidence, Crash, Found};
use dumplens_core::last_name;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let told = crash.facts.assertion.as_ref()?;
    let what = match (told.invalid_parameter, told.pure_virtual_call) {
        (true, _) => "A function of the C runtime received an invalid parameter",
        (_, true) => "A pure virtual function was called",
        _ => "An assertion failed",
    };
    let file = told.file.as_deref().map(last_name);
    let place = match (file, told.line) {
        (Some(file), Some(line)) => Some(format!("{file}:{line}")),
        (file, _) => file.map(str::to_owned),
    };
    let function = told.function.as_deref().map(|function| format!(", in {function}")).unwrap_or_default();
    let place = place.map(|place| format!(", {place}")).unwrap_or_default();
    let expression = told.expression.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    let found = Found::new(Confidence::High, format!("{what}{expression}{function}{place}."));
    let address = crash.exception.map(|e| (e.address.0, format!("{:#x}", e.code.0)));
    Some(match address {
        Some((at, code)) => found.with_at("exception", at, code),
        None => found,
    })
}
