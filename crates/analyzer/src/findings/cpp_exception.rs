//! # What it detects
//! A C++ exception that does not say that memory was refused. `std::length_error` is named as what it is: a container
//! was to become larger than any container may be, which is a wrong count and no want of memory.
//!
//! # What proves it
//! The exception record's ThrowInfo names the type.
//!
//! # What fools it
//! A dump written at the first chance: the program may have been about to catch the exception.
//!
//! # Example
//! `std::length_error was thrown ("vector too long"): a container was to hold more than it ever can.`
//!
//! # Source
//! The layouts of Microsoft's C++ exceptions; GNU's code 0x20474343.

use super::{Confidence, Crash, Found, bad_alloc, code};

const GNU: u64 = 0x2047_4343;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    if bad_alloc::detect(crash).is_some() {
        return None;
    }
    let exception = crash.exception?;
    let at =
        |found: Found| found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0));
    match exception.code.0 {
        code::CPP => {}
        GNU => {
            let title =
                "A C++ exception was thrown by the GNU runtime, which does not tell its type to Windows.";
            return Some(at(Found::new(Confidence::Medium, title)));
        }
        _ => return None,
    }
    let cpp = exception.cpp.as_ref();
    let Some(name) = cpp.and_then(|cpp| cpp.type_name.as_deref()) else {
        let title = "A C++ exception was thrown; its type is not in the dump.";
        return Some(at(Found::new(Confidence::Medium, title)));
    };
    let what = cpp.and_then(|cpp| cpp.what.as_deref());
    let said = what.map(|what| format!(" (\"{what}\")")).unwrap_or_default();
    let title = if name == "std::length_error" {
        format!("{name} was thrown{said}: a container was to hold more than it ever can.")
    } else {
        format!("{name} was thrown{said}.")
    };
    Some(at(Found::new(Confidence::High, title)))
}
