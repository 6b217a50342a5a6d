//! Names of error and status codes: Windows' own, from `minidump-common`'s tables of winerror.h and ntstatus.h.

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
    }
}
