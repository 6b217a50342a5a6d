//! # What it detects
//! The program threw the C++ exception with which `operator new` and the containers report a failed allocation:
//! `std::bad_alloc`, `std::bad_array_new_length`, MFC's `CMemoryException *`, C++/WinRT's `hresult_out_of_memory`,
//! Delphi's `EOutOfMemory`; or an exception with an HRESULT that means the same.
//!
//! # What proves it
//! The exception record's ThrowInfo names the type, or the object's vftable does; for the GNU runtime its `type_info`,
//! for Delphi the object's class. If the dump contains none of them, the text of the object counts, with medium
//! confidence.
//!
//! # What fools it
//! A program can throw `std::bad_alloc` for reasons of its own, without an allocation. That the type's name occurs
//! somewhere in a module is no evidence, and dumplens does not look for it.
//!
//! # Example
//! `std::bad_alloc was thrown in thread 0x1a2c.`
//!
//! # Source
//! The layouts of Microsoft's C++ exceptions: parameters, ThrowInfo, CatchableTypeArray, TypeDescriptor; those of
//! libstdc++.

use super::{Confidence, Crash, Found};
use crate::exceptions::names;
use crate::exceptions::refusal::{self, TYPES};
use crate::facts::{CppReport, ExceptionReport};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception?;
    let cpp = exception.cpp.as_ref()?;
    let Some(name) = cpp.type_name.as_deref() else { return by_text(exception, cpp) };
    // What is derived from them says the same.
    let base = cpp.bases.iter().map(String::as_str).find(|base| TYPES.contains(base));
    let result = cpp.result.as_ref().and_then(|code| u32::try_from(code.code.0).ok());
    let result = result.filter(|code| refusal::of_result(*code).is_some());
    if !TYPES.contains(&name) && base.is_none() && result.is_none() {
        return None;
    }
    let title = format!("{name} was thrown in thread {:#x}.", exception.thread_id);
    let found = Found::new(Confidence::High, title).with_at(
        "exception",
        exception.address.0,
        format!("{:#x}", exception.code.0),
    );
    let found = match result {
        Some(code) => found.with("HRESULT", names::named_result(code)),
        None => found,
    };
    let found = match base.filter(|base| *base != name) {
        Some(base) => found.with("is a", base),
        None => found,
    };
    Some(match cpp.what.as_ref().filter(|what| !what.is_empty()) {
        Some(what) => found.with("what()", what.as_str()),
        None => found,
    })
}

/// What `std::bad_alloc` and `std::bad_array_new_length` say of themselves, where the type is not known.
fn by_text(exception: &ExceptionReport, cpp: &CppReport) -> Option<Found> {
    const TEXTS: [&str; 3] = ["bad allocation", "bad array new length", "std::bad_alloc"];
    let what = cpp.what.as_deref().filter(|what| TEXTS.contains(what))?;
    let title =
        format!("A C++ exception that says \"{what}\" was thrown in thread {:#x}.", exception.thread_id);
    let found = Found::new(Confidence::Medium, title);
    let found = found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0));
    Some(found.with("what()", what))
}
