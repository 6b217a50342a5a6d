//! The reason that a fast failure (`__fastfail`, int 29h) gives in parameter 0: `FAST_FAIL_*` of winnt.h.

use minidump_common::errors::FastFailCode;
use num_traits::FromPrimitive;

/// `STATUS_STACK_BUFFER_OVERRUN`, as all fast failures are reported, whatever their reason.
pub(crate) const CODE: u32 = 0xc000_0409;

/// The name of a reason, such as `FAST_FAIL_FATAL_APP_EXIT`.
pub(crate) fn name(reason: u32) -> Option<String> {
    FastFailCode::from_u32(reason).map(|known| format!("{known:?}"))
}

/// What the more frequent reasons mean (`FAST_FAIL_*` in winnt.h).
pub(crate) fn meaning(reason: u32) -> Option<&'static str> {
    match reason {
        0 | 2 => Some("a stack cookie was overwritten: a buffer on the stack overflowed"),
        3 => Some("a linked list is corrupt, often because of a use after free"),
        5 => Some("a function received an invalid parameter"),
        7 => Some("abort, a fatal error of a runtime, or an unhandled exception"),
        10 => Some("an indirect call had a target that control flow guard does not allow"),
        0x23 => Some("an exception in the heap's own code"),
        0x32 => Some("the heap's structures are corrupt"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of D.2.
    #[test]
    fn names_of_winnt_h() {
        let known = [
            (2, "FAST_FAIL_STACK_COOKIE_CHECK_FAILURE"),
            (3, "FAST_FAIL_CORRUPT_LIST_ENTRY"),
            (5, "FAST_FAIL_INVALID_ARG"),
            (7, "FAST_FAIL_FATAL_APP_EXIT"),
            (0x23, "FAST_FAIL_UNEXPECTED_HEAP_EXCEPTION"),
            (0x32, "FAST_FAIL_HEAP_METADATA_CORRUPTION"),
        ];
        for (reason, called) in known {
            assert_eq!(name(reason).as_deref(), Some(called));
            assert!(meaning(reason).is_some());
        }
        assert_eq!((name(0).as_deref(), name(0x7777)), (Some("FAST_FAIL_LEGACY_GS_VIOLATION"), None));
    }
}
