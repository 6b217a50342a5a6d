//! # What it detects
//! A C++ exception that does not report a failed allocation. `std::length_error` means that a container was asked to
//! hold more than its maximum size: a wrong count, not a lack of memory.
//!
//! # What proves it
//! The exception record's ThrowInfo names the type, or the object's vftable does; for the GNU runtime, the `type_info`
//! before the object.
//!
//! # What fools it
//! A dump written at the first chance: the program may have been about to catch the exception.
//!
//! # Example
//! `std::length_error was thrown ("vector too long"): a container was asked to hold more than its maximum size.`
//!
//! # Source
//! The layouts of Microsoft's C++ exceptions; those of libstdc++ (0x20474343).

use super::{Confidence, Crash, Found, bad_alloc, code};
use crate::facts::CppReport;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    if bad_alloc::detect(crash).is_some() {
        return None;
    }
    let exception = crash.exception?;
    let at =
        |found: Found| found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0));
    if !matches!(exception.code.0, code::CPP | code::GNU) {
        return None;
    }
    let cpp = exception.cpp.as_ref();
    let Some(name) = cpp.and_then(|cpp| cpp.type_name.as_deref()) else {
        return Some(at(unknown(exception.code.0, cpp)));
    };
    let what = cpp.and_then(|cpp| cpp.what.as_deref());
    let said = what.map(|what| format!(" (\"{what}\")")).unwrap_or_default();
    let title = if name == "std::length_error" {
        format!("{name} was thrown{said}: a container was asked to hold more than its maximum size.")
    } else {
        format!("{name} was thrown{said}.")
    };
    let found = at(Found::new(Confidence::High, title));
    Some(match cpp.and_then(|cpp| cpp.result.as_ref()) {
        Some(result) => {
            let name = result.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
            found.with("HRESULT", format!("{:#x}{name}", result.code.0))
        }
        None => found,
    })
}

/// A throw whose type is not in the dump.
fn unknown(code: u64, cpp: Option<&CppReport>) -> Found {
    let by = cpp
        .and_then(|cpp| cpp.thrown_by.as_deref())
        .map(|module| format!(" by {module}"))
        .unwrap_or_default();
    let title = match cpp.and_then(|cpp| cpp.what.as_deref()) {
        Some(what) => {
            format!("A C++ exception that says \"{what}\" was thrown{by}; its type is not in the dump.")
        }
        None if code == code::GNU => {
            "A C++ exception was thrown by the GNU runtime; its type is not in the dump.".to_owned()
        }
        None => format!("A C++ exception was thrown{by}; its type is not in the dump."),
    };
    Found::new(Confidence::Medium, title)
}
