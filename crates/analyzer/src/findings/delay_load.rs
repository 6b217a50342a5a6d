//! # What it detects
//! A call into a delay-loaded DLL that could not be made: the DLL could not be loaded, or it lacks the procedure.
//!
//! # What proves it
//! The code of the exception, 0xC06D007E or 0xC06D007F, and the `DelayLoadInfo` that its parameter leads to: it names
//! the DLL, the procedure or its ordinal, and the Win32 error.
//!
//! # What fools it
//! ERROR_MOD_NOT_FOUND can also mean that a DLL is missing that the named one imports. A program may catch the
//! exception: in a dump written at the first chance, it need not be what ended it.
//!
//! # Example
//! `The delay-loaded DLL widgets.dll could not be loaded: ERROR_MOD_NOT_FOUND.`
//!
//! # Source
//! `delayimp.h` and `delayhlp.cpp` of Visual C++.

use dumplens_core::process::delay_load::NO_PROCEDURE;

use super::{Confidence, Crash, Found};
use crate::facts::{CodeReport, DelayLoadReport};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception?;
    let load = exception.delay_load.as_deref()?;
    let lacks = exception.code.0 == u64::from(NO_PROCEDURE);
    // The code alone says what happened, but not to which DLL.
    let confidence = if load.dll.is_some() { Confidence::High } else { Confidence::Medium };
    let title = if lacks { lacking(load) } else { not_loaded(load) };
    let mut found = Found::new(confidence, title).with_at(
        "exception",
        exception.address.0,
        format!("{:#x}", exception.code.0),
    );
    if let Some(error) = &load.last_error {
        found = found.with("last error", named(error));
    }
    let called = procedure(load).filter(|_| !lacks).map(|called| ("called", called));
    let imported = load.imported_by.clone().map(|module| ("imported by", module));
    let loaded = load.loaded.clone().map(|path| ("loaded as", path));
    let problem = load.problem.clone().map(|problem| ("not known", problem));
    for (what, value) in [called, imported, loaded, problem].into_iter().flatten() {
        found = found.with(what, value);
    }
    Some(found)
}

fn not_loaded(load: &DelayLoadReport) -> String {
    let error = load.last_error.as_ref().filter(|error| error.code.0 != 0);
    let why = error.map(|error| match &error.name {
        Some(name) => format!(": {name}"),
        None => format!(": Win32 error {}", error.code.0),
    });
    let why = why.unwrap_or_default();
    match &load.dll {
        Some(dll) => format!("The delay-loaded DLL {dll} could not be loaded{why}."),
        None => format!("A delay-loaded DLL, whose name is not in the dump, could not be loaded{why}."),
    }
}

fn lacking(load: &DelayLoadReport) -> String {
    let what = procedure(load).unwrap_or_else(|| "a procedure that was called".to_owned());
    match &load.dll {
        Some(dll) => format!("The delay-loaded DLL {dll} lacks {what}."),
        None => format!("A delay-loaded DLL, whose name is not in the dump, lacks {what}."),
    }
}

/// The procedure as a reader finds it again.
fn procedure(load: &DelayLoadReport) -> Option<String> {
    let ordinal = || Some(format!("ordinal {}", load.ordinal?));
    load.procedure.clone().or_else(ordinal)
}

fn named(error: &CodeReport) -> String {
    let name = error.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    format!("{:#x}{name}", error.code.0)
}
