//! Names of error and status codes: Windows' own, from `minidump-common`'s tables of winerror.h and ntstatus.h.

use minidump_common::errors::{NtStatusWindows, WinErrorWindows};
use num_traits::FromPrimitive;

use super::facilities;

/// The name of a Win32 error, such as `ERROR_COMMITMENT_LIMIT`.
pub fn win32_error(code: u32) -> Option<String> {
    WinErrorWindows::from_u32(code).map(|known| format!("{known:?}"))
}

/// The name of a last error. Programs set HRESULTs and NTSTATUSes as well: of an HRESULT that Windows' table does not
/// have, the facility is named.
pub(crate) fn last_error(code: u32) -> Option<String> {
    win32_error(code).or_else(|| nt_status(code).filter(|_| code >> 30 == 3)).or_else(|| hresult(code))
}

/// The facility of an HRESULT, and the Win32 error that it was made of; `None` of a success, and of one that is not Microsoft's.
fn hresult(code: u32) -> Option<String> {
    // FACILITY_MEDIASERVER, FACILITY_MSMQ and FACILITY_GRAPHICS have errors of the severity that only NTSTATUSes have.
    const SEVERE: [u32; 3] = [0xc00d, 0xc00e, 0xc026];
    // Severity, and none of the bits behind it, which stand for a customer's code and for a wrapped NTSTATUS.
    let is_microsoft = code >> 28 == 8 || SEVERE.contains(&(code >> 16));
    let number = is_microsoft.then_some(code >> 16 & 0xfff)?;
    let facility = facilities::name(number)?;
    let error = win32_error(code & 0xffff).filter(|_| number == 7);
    Some(error.map_or(facility.to_owned(), |error| format!("{facility}, {error}")))
}

/// The name of an NTSTATUS, such as `STATUS_COMMITMENT_LIMIT`.
pub fn nt_status(code: u32) -> Option<String> {
    NtStatusWindows::from_u32(code).map(|known| format!("{known:?}"))
}

/// HRESULTs that are made of neither a Win32 error nor an NTSTATUS (winerror.h, d3d9.h, dxgi.h).
const RESULTS: [(u32, &str); 30] = [
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
    (0x8009_000e, "NTE_NO_MEMORY"),
    (0x8009_0300, "SEC_E_INSUFFICIENT_MEMORY"),
    (0x800a_0007, "CTL_E_OUTOFMEMORY"),
    (0x8010_0006, "SCARD_E_NO_MEMORY"),
    (0x802b_000a, "XAML parse error"),
    (0x8876_017c, "D3DERR_OUTOFVIDEOMEMORY"),
    (0x887a_0001, "DXGI_ERROR_INVALID_CALL"),
    (0x887a_0005, "DXGI_ERROR_DEVICE_REMOVED"),
    (0x887a_0006, "DXGI_ERROR_DEVICE_HUNG"),
    (0x887a_0007, "DXGI_ERROR_DEVICE_RESET"),
    (0x887a_0020, "DXGI_ERROR_DRIVER_INTERNAL_ERROR"),
    (0x887a_0024, "DXGI_ERROR_REMOTE_OUTOFMEMORY"),
    (0x8898_0406, "UCEERR_RENDERTHREADFAILURE"),
    (0xc026_2100, "ERROR_GRAPHICS_NO_VIDEO_MEMORY"),
];

/// HRESULTs of the .NET runtime and its class library (corerror.h).
const DOTNET: [(u32, &str); 67] = [
    (0x8013_1014, "COR_E_APPDOMAINUNLOADED"),
    (0x8013_1015, "COR_E_CANNOTUNLOADAPPDOMAIN"),
    (0x8013_1500, "COR_E_EXCEPTION"),
    (0x8013_1501, "COR_E_SYSTEM"),
    (0x8013_1502, "COR_E_ARGUMENTOUTOFRANGE"),
    (0x8013_1503, "COR_E_ARRAYTYPEMISMATCH"),
    (0x8013_1504, "COR_E_CONTEXTMARSHAL"),
    (0x8013_1505, "COR_E_TIMEOUT"),
    (0x8013_1506, "COR_E_EXECUTIONENGINE"),
    (0x8013_1507, "COR_E_FIELDACCESS"),
    (0x8013_1508, "COR_E_INDEXOUTOFRANGE"),
    (0x8013_1509, "COR_E_INVALIDOPERATION"),
    (0x8013_150a, "COR_E_SECURITY"),
    (0x8013_150c, "COR_E_SERIALIZATION"),
    (0x8013_150d, "COR_E_VERIFICATION"),
    (0x8013_1510, "COR_E_METHODACCESS"),
    (0x8013_1511, "COR_E_MISSINGFIELD"),
    (0x8013_1512, "COR_E_MISSINGMEMBER"),
    (0x8013_1513, "COR_E_MISSINGMETHOD"),
    (0x8013_1514, "COR_E_MULTICASTNOTSUPPORTED"),
    (0x8013_1515, "COR_E_NOTSUPPORTED"),
    (0x8013_1516, "COR_E_OVERFLOW"),
    (0x8013_1517, "COR_E_RANK"),
    (0x8013_1518, "COR_E_SYNCHRONIZATIONLOCK"),
    (0x8013_1519, "COR_E_THREADINTERRUPTED"),
    (0x8013_151a, "COR_E_MEMBERACCESS"),
    (0x8013_1520, "COR_E_THREADSTATE"),
    (0x8013_1521, "COR_E_THREADSTOP"),
    (0x8013_1522, "COR_E_TYPELOAD"),
    (0x8013_1523, "COR_E_ENTRYPOINTNOTFOUND"),
    (0x8013_1524, "COR_E_DLLNOTFOUND"),
    (0x8013_1525, "COR_E_THREADSTART"),
    (0x8013_1527, "COR_E_INVALIDCOMOBJECT"),
    (0x8013_1528, "COR_E_NOTFINITENUMBER"),
    (0x8013_1529, "COR_E_DUPLICATEWAITOBJECT"),
    (0x8013_152b, "COR_E_SEMAPHOREFULL"),
    (0x8013_152c, "COR_E_WAITHANDLECANNOTBEOPENED"),
    (0x8013_152d, "COR_E_ABANDONEDMUTEX"),
    (0x8013_1530, "COR_E_THREADABORTED"),
    (0x8013_1531, "COR_E_INVALIDOLEVARIANTTYPE"),
    (0x8013_1532, "COR_E_MISSINGMANIFESTRESOURCE"),
    (0x8013_1533, "COR_E_SAFEARRAYTYPEMISMATCH"),
    (0x8013_1534, "COR_E_TYPEINITIALIZATION"),
    (0x8013_1535, "COR_E_MARSHALDIRECTIVE"),
    (0x8013_1536, "COR_E_MISSINGSATELLITEASSEMBLY"),
    (0x8013_1537, "COR_E_FORMAT"),
    (0x8013_1538, "COR_E_SAFEARRAYRANKMISMATCH"),
    (0x8013_1539, "COR_E_PLATFORMNOTSUPPORTED"),
    (0x8013_153a, "COR_E_INVALIDPROGRAM"),
    (0x8013_153b, "COR_E_OPERATIONCANCELED"),
    (0x8013_153d, "COR_E_INSUFFICIENTMEMORY"),
    (0x8013_153e, "COR_E_RUNTIMEWRAPPED"),
    (0x8013_1541, "COR_E_DATAMISALIGNED"),
    (0x8013_1543, "COR_E_TYPEACCESS"),
    (0x8013_1577, "COR_E_KEYNOTFOUND"),
    (0x8013_1578, "COR_E_INSUFFICIENTEXECUTIONSTACK"),
    (0x8013_1600, "COR_E_APPLICATION"),
    (0x8013_1601, "COR_E_INVALIDFILTERCRITERIA"),
    (0x8013_1602, "COR_E_REFLECTIONTYPELOAD"),
    (0x8013_1603, "COR_E_TARGET"),
    (0x8013_1604, "COR_E_TARGETINVOCATION"),
    (0x8013_1605, "COR_E_CUSTOMATTRIBUTEFORMAT"),
    (0x8013_1620, "COR_E_IO"),
    (0x8013_1621, "COR_E_FILELOAD"),
    (0x8013_1622, "COR_E_OBJECTDISPOSED"),
    (0x8013_1623, "COR_E_FAILFAST"),
    (0x8013_1640, "COR_E_HOSTPROTECTION"),
];

/// The name of an HRESULT: its own, or that of the Win32 error or NTSTATUS that it wraps.
pub(crate) fn result(code: u32) -> Option<String> {
    let own =
        RESULTS.iter().chain(&DOTNET).find(|(known, _)| *known == code).map(|(_, name)| (*name).to_owned());
    own.or_else(|| match code >> 28 {
        0x8 | 0xc if matches!(code >> 16, 0x8007 | 0xc007) => win32_error(code & 0xffff),
        0xd => nt_status(code & !(1 << 28)),
        _ => None,
    })
}

/// An HRESULT without a name, by its facility: `HRESULT 0x80131401 (FACILITY_URT, .NET)`.
pub(crate) fn by_facility(code: u32) -> Option<String> {
    hresult(code).map(|facility| format!("HRESULT {code:#x} ({facility})"))
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

    /// corerror.h, and the file's note that 0x8013xxxx is .NET's.
    #[test]
    fn results_of_dotnet() {
        for (code, name) in [
            (0x8013_1513, "COR_E_MISSINGMETHOD"),
            (0x8013_1577, "COR_E_KEYNOTFOUND"),
            (0x8013_1620, "COR_E_IO"),
        ] {
            assert_eq!(result(code).as_deref(), Some(name));
        }
        assert_eq!(by_facility(0x8013_1401).as_deref(), Some("HRESULT 0x80131401 (FACILITY_URT, .NET)"));
        assert_eq!((by_facility(0x4013_1401), by_facility(0xdead_beef)), (None, None));
        // A driver's of DXGI, Media Foundation's; and one with the bit of codes that are not Microsoft's.
        let of = |code| by_facility(code).unwrap_or_default();
        assert!(of(0x887b_0005).contains("FACILITY_DXGI_DDI") && of(0xc00d_36b4).contains("MEDIASERVER"));
        assert_eq!(by_facility(0xa001_0001), None);
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
