//! Names of error and status codes: Windows' own, from `minidump-common`'s tables of winerror.h and ntstatus.h.

use minidump_common::errors::{NtStatusWindows, WinErrorWindows};
use num_traits::FromPrimitive;

/// The name of a Win32 error, such as `ERROR_COMMITMENT_LIMIT`.
pub fn win32_error(code: u32) -> Option<String> {
    WinErrorWindows::from_u32(code).map(|known| format!("{known:?}"))
}

/// The name of a last error. Programs set HRESULTs and NTSTATUSes as well: of an HRESULT that Windows' table does not
/// have, the facility is named.
pub(crate) fn last_error(code: u32) -> Option<String> {
    win32_error(code).or_else(|| nt_status(code).filter(|_| code >> 30 == 3)).or_else(|| hresult(code))
}

/// The facility of an HRESULT (winerror.h), and the Win32 error that it was made of; `None` of a success.
fn hresult(code: u32) -> Option<String> {
    const FACILITIES: [(u32, &str); 9] = [
        (1, "FACILITY_RPC"),
        (2, "FACILITY_DISPATCH"),
        (3, "FACILITY_STORAGE"),
        (4, "FACILITY_ITF"),
        (7, "FACILITY_WIN32"),
        (8, "FACILITY_WINDOWS"),
        (9, "FACILITY_SSPI"),
        (10, "FACILITY_CONTROL"),
        (11, "FACILITY_CERT"),
    ];
    let number = code >> 16 & 0x1fff;
    let known = FACILITIES.iter().find(|(facility, _)| *facility == number).filter(|_| code >> 30 == 2);
    let (_, facility) = known?;
    let error = win32_error(code & 0xffff).filter(|_| number == 7);
    Some(error.map_or((*facility).to_owned(), |error| format!("{facility}, {error}")))
}

/// The name of an NTSTATUS, such as `STATUS_COMMITMENT_LIMIT`.
pub fn nt_status(code: u32) -> Option<String> {
    NtStatusWindows::from_u32(code).map(|known| format!("{known:?}"))
}

/// HRESULTs that are made of neither a Win32 error nor an NTSTATUS (winerror.h, corerror.h, d3d9.h, dxgi.h).
const RESULTS: [(u32, &str); 34] = [
    (0x8000_0013, "RO_E_CLOSED"),
    (0x8000_4001, "E_NOTIMPL"),
    (0x8000_4002, "E_NOINTERFACE"),
    (0x8000_4003, "E_POINTER"),
    (0x8000_4004, "E_ABORT"),
    (0x8000_4005, "E_FAIL"),
    (0x8000_ffff, "E_UNEXPECTED"),
    (0x8001_0108, "RPC_E_DISCONNECTED"),
    (0x8001_010e, "RPC_E_WRONG_THREAD"),
    (0x8002_0009, "DISP_E_EXCEPTION"),
    (0x8003_0008, "STG_E_INSUFFICIENTMEMORY"),
    (0x8004_0154, "REGDB_E_CLASSNOTREG"),
    (0x8007_0005, "E_ACCESSDENIED"),
    (0x8007_0006, "E_HANDLE"),
    (0x8007_000e, "E_OUTOFMEMORY"),
    (0x8007_0057, "E_INVALIDARG"),
    (0x8013_1500, "COR_E_EXCEPTION"),
    (0x8013_1501, "COR_E_SYSTEM"),
    (0x8013_1506, "COR_E_EXECUTIONENGINE"),
    (0x8013_1509, "COR_E_INVALIDOPERATION"),
    (0x8013_1522, "COR_E_TYPELOAD"),
    (0x8013_1534, "COR_E_TYPEINITIALIZATION"),
    (0x8013_153d, "COR_E_INSUFFICIENTMEMORY"),
    (0x8013_1604, "COR_E_TARGETINVOCATION"),
    (0x8013_1620, "COR_E_IO"),
    (0x8013_1623, "COR_E_FAILFAST"),
    (0x802b_000a, "XAML parse error"),
    (0x8876_017c, "D3DERR_OUTOFVIDEOMEMORY"),
    (0x887a_0001, "DXGI_ERROR_INVALID_CALL"),
    (0x887a_0005, "DXGI_ERROR_DEVICE_REMOVED"),
    (0x887a_0006, "DXGI_ERROR_DEVICE_HUNG"),
    (0x887a_0007, "DXGI_ERROR_DEVICE_RESET"),
    (0x887a_0020, "DXGI_ERROR_DRIVER_INTERNAL_ERROR"),
    (0x8898_0406, "UCEERR_RENDERTHREADFAILURE"),
];

/// The name of an HRESULT: its own, or that of the Win32 error or NTSTATUS that it wraps.
pub(crate) fn result(code: u32) -> Option<String> {
    let own = RESULTS.iter().find(|(known, _)| *known == code).map(|(_, name)| (*name).to_owned());
    own.or_else(|| match code >> 28 {
        0x8 if code >> 16 == 0x8007 => win32_error(code & 0xffff),
        0xd => nt_status(code & !(1 << 28)),
        _ => None,
    })
}

/// The code, with its name if it has one: `0x800705af (ERROR_COMMITMENT_LIMIT)`.
pub(crate) fn named_result(code: u32) -> String {
    match result(code).or_else(|| nt_status(code)) {
        Some(name) => format!("{code:#x} ({name})"),
        None => format!("{code:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0x80070005 is E_ACCESSDENIED: HRESULT_FROM_WIN32(5).
    #[test]
    fn last_errors_outside_the_table() {
        assert_eq!(last_error(8).as_deref(), Some("ERROR_NOT_ENOUGH_MEMORY"));
        let made_of = last_error(0x8007_0005).unwrap();
        assert!(made_of == "FACILITY_WIN32, ERROR_ACCESS_DENIED" || made_of.starts_with("E_"), "{made_of}");
        assert_eq!(last_error(0x8004_fff1).as_deref(), Some("FACILITY_ITF"));
        assert_eq!(last_error(0xc000_0017).as_deref(), Some("STATUS_NO_MEMORY"));
        assert_eq!(last_error(0x2000_0001), None);
    }

    #[test]
    fn the_codes_of_the_story() {
        assert_eq!(win32_error(1455).as_deref(), Some("ERROR_COMMITMENT_LIMIT"));
        assert_eq!(win32_error(8).as_deref(), Some("ERROR_NOT_ENOUGH_MEMORY"));
        assert_eq!(nt_status(0xc000_012d).as_deref(), Some("STATUS_COMMITMENT_LIMIT"));
        assert_eq!(nt_status(0xc000_0017).as_deref(), Some("STATUS_NO_MEMORY"));
        assert_eq!(nt_status(0xdead_beef), None);
    }
}
