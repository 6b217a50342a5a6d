//! The debugger's words for exception codes, and what their parameters mean.

/// The name of an exception code.
pub(crate) fn exception(code: u32) -> Option<&'static str> {
    Some(match code {
        0xc000_0005 => "Access violation",
        0xc000_0006 => "In-page I/O error",
        0xc000_0008 => "Invalid handle",
        0xc000_001c => "Invalid system call",
        0xc000_001d => "Illegal instruction",
        0xc000_001e => "Invalid lock sequence",
        0xc000_0037 => "Port disconnected",
        0xc000_008c => "Array bounds exceeded",
        0xc000_008e => "Floating-point divide-by-zero",
        0xc000_0094 => "Integer divide-by-zero",
        0xc000_0095 => "Integer overflow",
        0xc000_0096 => "Privileged instruction",
        0xc000_00fd => "Stack overflow",
        0xc000_0409 => "Security check failure or stack buffer overrun",
        0xc000_0420 => "Assertion failure",
        0xcfff_ffff => "Application hang",
        0x8000_0001 => "Guard page violation",
        0x8000_0002 => "Data misaligned",
        0x8000_0003 => "Break instruction exception",
        0x8000_0004 => "Single step exception",
        0x8000_0007 => "Wake debugger",
        0x4001_0005 => "Control-C exception",
        0x4001_0008 => "Control-Break exception",
        0x4001_0009 => "Debugger command exception",
        0x4000_001f => "WOW64 breakpoint",
        0x4000_001e => "WOW64 single step exception",
        0x4008_0201 => "Windows Runtime Originate Error",
        0x4008_0202 => "Windows Runtime Transform Error",
        0xe06d_7363 => "C++ EH exception",
        0xe043_4f4d | 0xe043_4352 => "CLR exception",
        0x0444_4942 | 0x0444_4943 => "CLR notification exception",
        0x406d_1388 => "Visual C++ exception",
        _ => return None,
    })
}

/// What the parameters of an access violation and of a fast failure say, a line each.
pub(crate) fn access(code: u32, parameters: &[u64], pointer: &dyn Fn(u64) -> String) -> String {
    match (code, parameters) {
        (0xc000_0005, [how, address, ..]) => {
            let address = pointer(*address);
            match how {
                0 => format!("Attempt to read from address {address}\n"),
                1 => format!("Attempt to write to address {address}\n"),
                8 => format!("Attempt to execute non-executable address {address}\n"),
                _ => String::new(),
            }
        }
        (0xc000_0006, [_, address, status, ..]) => {
            format!("Inpage operation failed at {}, due to I/O error {status:08x}\n", pointer(*address))
        }
        (0xc000_0409, [subcode, ..]) => {
            let name = fast_fail(*subcode).map_or(String::new(), |name| format!(" FAST_FAIL_{name}"));
            format!("Subcode: {subcode:#x}{name}\n")
        }
        _ => String::new(),
    }
}

/// `FAST_FAIL_*` of winnt.h.
fn fast_fail(code: u64) -> Option<&'static str> {
    const NAMES: [&str; 49] = [
        "LEGACY_GS_VIOLATION",
        "VTGUARD_CHECK_FAILURE",
        "STACK_COOKIE_CHECK_FAILURE",
        "CORRUPT_LIST_ENTRY",
        "INCORRECT_STACK",
        "INVALID_ARG",
        "GS_COOKIE_INIT",
        "FATAL_APP_EXIT",
        "RANGE_CHECK_FAILURE",
        "UNSAFE_REGISTRY_ACCESS",
        "GUARD_ICALL_CHECK_FAILURE",
        "GUARD_WRITE_CHECK_FAILURE",
        "INVALID_FIBER_SWITCH",
        "INVALID_SET_OF_CONTEXT",
        "INVALID_REFERENCE_COUNT",
        "",
        "",
        "",
        "INVALID_JUMP_BUFFER",
        "MRDATA_MODIFIED",
        "CERTIFICATION_FAILURE",
        "INVALID_EXCEPTION_CHAIN",
        "CRYPTO_LIBRARY",
        "INVALID_CALL_IN_DLL_CALLOUT",
        "INVALID_IMAGE_BASE",
        "DLOAD_PROTECTION_FAILURE",
        "UNSAFE_EXTENSION_CALL",
        "DEPRECATED_SERVICE_INVOKED",
        "INVALID_BUFFER_ACCESS",
        "INVALID_BALANCED_TREE",
        "INVALID_NEXT_THREAD",
        "GUARD_ICALL_CHECK_SUPPRESSED",
        "APCS_DISABLED",
        "INVALID_IDLE_STATE",
        "MRDATA_PROTECTION_FAILURE",
        "UNEXPECTED_HEAP_EXCEPTION",
        "INVALID_LOCK_STATE",
        "GUARD_JUMPTABLE",
        "INVALID_LONGJUMP_TARGET",
        "INVALID_DISPATCH_CONTEXT",
        "INVALID_THREAD",
        "INVALID_SYSCALL_NUMBER",
        "INVALID_FILE_OPERATION",
        "LPAC_ACCESS_DENIED",
        "GUARD_SS_FAILURE",
        "LOADER_CONTINUITY_FAILURE",
        "GUARD_EXPORT_SUPPRESSION_FAILURE",
        "INVALID_CONTROL_STACK",
        "SET_CONTEXT_DENIED",
    ];
    let code = usize::try_from(code).ok()?;
    NAMES.get(code).copied().filter(|name| !name.is_empty())
}
