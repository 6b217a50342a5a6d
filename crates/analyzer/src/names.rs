//! Names of error, status and exception codes: Windows' own, from `minidump-common`'s tables of winerror.h and
//! ntstatus.h, and the software exceptions that no Windows header defines.

use minidump_common::errors::{NtStatusWindows, WinErrorWindows};
use num_traits::FromPrimitive;

/// The name of a Win32 error, such as `ERROR_COMMITMENT_LIMIT`.
pub(crate) fn win32_error(code: u32) -> Option<String> {
    WinErrorWindows::from_u32(code).map(|known| format!("{known:?}"))
}

/// The name of an NTSTATUS, such as `STATUS_COMMITMENT_LIMIT`.
pub(crate) fn nt_status(code: u32) -> Option<String> {
    NtStatusWindows::from_u32(code).map(|known| format!("{known:?}"))
}

/// Exception codes raised by language runtimes. Not in any Windows header; each is the runtime's own constant.
const SOFTWARE: [(u32, &str); 12] = [
    (0xe06d_7363, "Visual C++ exception"),
    (0xe043_4352, "CLR exception"),
    (0xe043_4f4d, "CLR exception (CLR 2)"),
    (0x2047_4343, "GNU C++ exception"),
    (0x2147_4343, "GNU C++ exception (unwinding)"),
    (0xe000_0008, "out of memory (Chromium)"),
    (0x0eed_fade, "Delphi exception"),
    (0x0eed_fadf, "Delphi exception (re-raised)"),
    (0x406d_1388, "thread name (MS_VC_EXCEPTION)"),
    (0x4001_0006, "DBG_PRINTEXCEPTION_C"),
    (0x4001_000a, "DBG_PRINTEXCEPTION_WIDE_C"),
    (0x0517_a7ed, "simulated by Crashpad"),
];

/// The name of an exception code of Windows. Codes below this one say success as an NTSTATUS; as an exception they
/// are a program's own.
pub(crate) fn exception(code: u32) -> Option<String> {
    const LEAST_SEVERE: u32 = 0x4000_0000;
    match SOFTWARE.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => Some((*name).to_owned()),
        None => nt_status(code).filter(|_| code >= LEAST_SEVERE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_story() {
        assert_eq!(win32_error(1455).as_deref(), Some("ERROR_COMMITMENT_LIMIT"));
        assert_eq!(win32_error(8).as_deref(), Some("ERROR_NOT_ENOUGH_MEMORY"));
        assert_eq!(nt_status(0xc000_012d).as_deref(), Some("STATUS_COMMITMENT_LIMIT"));
        assert_eq!(nt_status(0xc000_0017).as_deref(), Some("STATUS_NO_MEMORY"));
        assert_eq!(nt_status(0xdead_beef), None);
        assert_eq!(exception(0xe06d_7363).as_deref(), Some("Visual C++ exception"));
        assert_eq!(exception(0xc000_0005).as_deref(), Some("STATUS_ACCESS_VIOLATION"));
        assert_eq!(exception(1), None); // Unreal's ensure(); STATUS_WAIT_1 would mislead
    }
}
