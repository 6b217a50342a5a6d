//! # What it detects
//! An exception whose code says by itself that memory was refused: STATUS_NO_MEMORY (a heap that raises),
//! STATUS_COMMITMENT_LIMIT, STATUS_FATAL_MEMORY_EXHAUSTION, 0xE0000008 (Chromium, V8, PDFium and programs built on
//! them), and .NET's exception with the HRESULT E_OUTOFMEMORY.
//!
//! # What proves it
//! The code. For STATUS_NO_MEMORY and 0xE0000008 the first parameter is the number of bytes asked for.
//!
//! # What fools it
//! A program may raise any code with any parameter. A heap may round the size up.
//!
//! # Example
//! `0xe0000008 (out of memory, as Chromium raises it) was raised: 268,435,456 bytes were asked for.`
//!
//! # Source
//! NTSTATUS values of the Windows headers; Chromium's and Mozilla's own rules for out-of-memory crashes.

use super::{Confidence, Crash, Found, code, grouped};

/// `E_OUTOFMEMORY` and `COR_E_OUTOFMEMORY`.
const E_OUTOFMEMORY: u64 = 0x8007_000e;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception?;
    let says = match exception.code.0 {
        code::NO_MEMORY
        | code::COMMITMENT_LIMIT
        | code::FATAL_MEMORY_EXHAUSTION
        | code::CHROMIUM_OUT_OF_MEMORY => true,
        code::CLR | code::CLR_2 => {
            exception.parameters.first().is_some_and(|p| p.0 & 0xffff_ffff == E_OUTOFMEMORY)
        }
        _ => false,
    };
    if !says {
        return None;
    }
    let name = exception.name.as_deref().unwrap_or("an exception");
    let asked = crash.parameter_size();
    let title = match asked {
        Some(size) => format!("{name} was raised: {} bytes were asked for.", grouped(size)),
        None if matches!(exception.code.0, code::CLR | code::CLR_2) => {
            format!("{name} was raised with E_OUTOFMEMORY: System.OutOfMemoryException.")
        }
        None => format!("{name} was raised."),
    };
    let found = Found::new(Confidence::High, title);
    let found = found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0));
    Some(match exception.parameters.first() {
        Some(parameter) => found.with("parameter 0", format!("{:#x}", parameter.0)),
        None => found,
    })
}
