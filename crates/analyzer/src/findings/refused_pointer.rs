//! # What it detects
//! The null pointer that the program used was returned by an allocator: an allocation failed, and the program did not
//! check.
//!
//! # What proves it
//! The register of the faulting instruction, traced back through the function's code to a call of malloc, calloc,
//! realloc, HeapAlloc, VirtualAlloc, CoTaskMemAlloc or similar, by the address of the import and the export there, or
//! by the code of malloc; and the thread's last status, which must be one that a failed allocation leaves behind. The
//! argument of that call is the size.
//!
//! # What fools it
//! The code is traced linearly: where two paths lead to one place, the one that falls through is taken. The status
//! alone proves nothing: a failed allocation that the program handled leaves it too.
//!
//! # Example
//! `The null pointer was returned by msvcrt!malloc, which was asked for 572.205 MB.`
//!
//! # Source
//! The x64 calling convention; import tables; TEB.

use super::{Confidence, Crash, Found, code, last_error, short};
use crate::request::RefusedPointer;

/// The call that returned the null pointer, if the thread's status says too that memory was refused.
pub(crate) fn proven<'a>(crash: &Crash<'a>) -> Option<&'a RefusedPointer> {
    let refused = crash.facts.refused_pointer.as_ref()?;
    crash.raised(code::ACCESS_VIOLATION)?;
    last_error::told(crash).map(|_| refused)
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.raised(code::ACCESS_VIOLATION)?;
    if let Some(refused) = &crash.facts.refused_pointer {
        let sure = if proven(crash).is_some() { Confidence::Medium } else { Confidence::Low };
        let asked =
            refused.bytes.map(|bytes| format!(", which was asked for {}", short(bytes))).unwrap_or_default();
        let title = format!("The null pointer was returned by {}{asked}.", refused.allocator);
        let found = Found::new(sure, title)
            .with_at("call", refused.returned_to, format!("in frame {}", refused.frame))
            .with("null pointer in", refused.register.as_str());
        return Some(match crash.thread.filter(|_| last_error::told(crash).is_some()) {
            Some(thread) => last_error::values_of(found, thread),
            None => found,
        });
    }
    let null = exception.access.as_ref().is_some_and(|access| access.null_page);
    let thread = crash.thread.filter(|_| null && last_error::told(crash).is_some())?;
    let title = "A null pointer was used, and the last error of this thread is that of a refused memory request: the \
                 pointer may have been returned by an allocator.";
    Some(last_error::values_of(Found::new(Confidence::Low, title), thread))
}
