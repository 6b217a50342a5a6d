//! # What it detects
//! An exception whose code itself means that an allocation failed: an NTSTATUS such as STATUS_NO_MEMORY (a heap that
//! raises exceptions), STATUS_COMMITMENT_LIMIT or STATUS_QUOTA_EXCEEDED, an HRESULT such as E_OUTOFMEMORY, 0xE0000008
//! (Chromium, V8, PDFium and programs built on them), 0xC000 (Unreal Engine); or an exception with such a result as a
//! parameter: those of .NET, Direct3D and DXGI; or a DLL that was not loaded on first use, with such an error.
//!
//! # What proves it
//! The code. For STATUS_NO_MEMORY and 0xE0000008, the first parameter is the requested number of bytes.
//!
//! # What fools it
//! A program can raise any code with any parameter. A heap may round the size up.
//!
//! # Example
//! `0xe0000008 (out of memory, as Chromium raises it) was raised: 268,435,456 bytes were requested.`
//!
//! # Source
//! NTSTATUS values of the Windows headers; Chromium's and Mozilla's own rules for out-of-memory crashes.

use super::{Confidence, Crash, Found, code, grouped};
use crate::exceptions::limit::{self, Limit};
use crate::exceptions::names;
use crate::exceptions::refusal::{self, Refusal};
use crate::facts::{CodeReport, ExceptionReport};

/// `COR_E_OUTOFMEMORY`, which is `E_OUTOFMEMORY`.
const COR_E_OUTOFMEMORY: u32 = 0x8007_000e;

/// What the exception says by its code, or by the result that it carries.
fn refused(exception: &ExceptionReport) -> Option<Refusal> {
    let parameters = exception.parameters.iter().map(|parameter| parameter.0);
    let carried = exception.hresult.and_then(|result| u32::try_from(result.0).ok());
    refusal::of_exception(exception.code.0, parameters)
        .or_else(|| refusal::of_result(carried?))
        .or_else(|| not_loaded(exception).map(|(refusal, _)| refusal))
}

/// The error with which a delay-load helper failed, if it says that memory was refused. An address that was taken is none:
/// the loader tries others.
fn not_loaded(exception: &ExceptionReport) -> Option<(Refusal, &CodeReport)> {
    let error = exception.delay_load.as_ref()?.last_error.as_ref()?;
    let refusal = refusal::of_win32(u32::try_from(error.code.0).ok()?)?;
    (refusal != Refusal::AddressTaken).then_some((refusal, error))
}

/// The limit that the exception itself names, in whatever form; also as the HRESULT of a C++ object.
pub(crate) fn limit(crash: &Crash<'_>) -> Option<Limit> {
    let exception = crash.exception?;
    let result = || {
        let result = exception.cpp.as_ref()?.result.as_ref()?;
        refusal::of_result(u32::try_from(result.code.0).ok()?)
    };
    limit::of(refused(exception).or_else(result)?).filter(|limit| *limit != Limit::Open)
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.exception?;
    let carried = exception.hresult.and_then(|result| u32::try_from(result.0).ok());
    refused(exception)?;
    let name = exception.name.clone().unwrap_or_else(|| format!("{:#x}", exception.code.0));
    let title = match (crash.parameter_size(), carried) {
        (Some(_), _) if crash.disputed_parameter().is_some() => {
            format!("{name} was raised; its parameter differs from the size that the stack shows.")
        }
        (Some(size), _) => format!("{name} was raised: {} bytes were requested.", grouped(size)),
        (None, Some(COR_E_OUTOFMEMORY)) if matches!(exception.code.0, code::CLR | code::CLR_2) => {
            format!("{name} was raised with E_OUTOFMEMORY: System.OutOfMemoryException.")
        }
        (None, Some(result)) => {
            format!("{name} was raised with {}: an allocation failed.", names::named_result(result))
        }
        (None, None) => match not_loaded(exception).and_then(|(_, error)| error.name.as_deref()) {
            Some(error) => format!("{name} was raised with {error}: an allocation failed."),
            None => format!("{name} was raised: an allocation failed."),
        },
    };
    let found = Found::new(Confidence::High, title);
    let found = found.with_at("exception", exception.address.0, format!("{:#x}", exception.code.0));
    Some(match exception.parameters.first() {
        Some(parameter) => found.with("parameter 0", format!("{:#x}", parameter.0)),
        None => found,
    })
}
