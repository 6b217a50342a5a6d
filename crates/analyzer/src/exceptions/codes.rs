//! Exception codes: what they are called, and what each says in one sentence.
//!
//! The names of NTSTATUS values come from `minidump-common`, which has no sentences for them. The sentences here are for those
//! values that are raised as exceptions (winnt.h, ntstatus.h). Codes of language runtimes are in no header of Windows; each is
//! the runtime's own constant.

use crate::exceptions::names;

/// Raised by language runtimes, libraries and debugging aids, in the order of their codes: name and sentence.
const SOFTWARE: [(u32, &str, &str); 29] = [
    (0x876, "Direct3D 9 error", "Direct3D raised an HRESULT; it is the last parameter."),
    (0x879, "Direct3D 10 error", "Direct3D raised an HRESULT; it is the last parameter."),
    (0x87a, "DXGI error", "DXGI raised an HRESULT; it is the last parameter."),
    (0x87b, "DXGI driver error", "DXGI raised an HRESULT of a display driver; it is the last parameter."),
    (0x87c, "Direct3D 11 error", "Direct3D raised an HRESULT; it is the last parameter."),
    (0x87d, "Direct3D 11 debug layer error", "Direct3D raised an HRESULT; it is the last parameter."),
    (0x87e, "Direct3D 12 error", "Direct3D raised an HRESULT; it is the last parameter."),
    (0x4000, "Unreal Engine assertion", "Unreal Engine reported a failed assertion or ensure."),
    (0x8000, "Unreal Engine GPU crash", "Unreal Engine lost the graphics device and terminated the program."),
    (0xc000, "Unreal Engine out of memory", "Unreal Engine ran out of memory and terminated the program."),
    (0x0424_2420, "CLR debugger notification", "The .NET runtime notified a debugger; not an error."),
    (0x0517_a7ed, "simulated by Crashpad", "The program asked Crashpad for a dump; not an error."),
    (0x0eed_fade, "Delphi exception", "Delphi or C++Builder code raised an exception object."),
    (
        0x0eed_fadf,
        "Delphi exception (re-raised)",
        "Delphi or C++Builder code raised an exception object again.",
    ),
    (0x0eed_fae0, "Delphi exception (except)", "Delphi or C++Builder code ran an except block."),
    (0x0eed_fae1, "Delphi exception (finally)", "Delphi or C++Builder code ran a finally block."),
    (0x2047_4343, "GNU C++ exception", "C++ code compiled by GCC threw an exception."),
    (0x2147_4343, "GNU C++ exception (unwinding)", "C++ code compiled by GCC unwound its stack."),
    (
        0x406d_1388,
        "thread name (MS_VC_EXCEPTION)",
        "The program named a thread for a debugger; not an error.",
    ),
    (
        0x8013_1506,
        "COR_E_EXECUTIONENGINE",
        "The .NET runtime had an internal error and terminated the program.",
    ),
    (0x8013_1623, "COR_E_FAILFAST", "Managed code terminated the program with Environment.FailFast."),
    (0xc06d_007e, "delay load: module not found", "A delay-loaded DLL could not be loaded."),
    (0xc06d_007f, "delay load: function not found", "A delay-loaded DLL lacks a function."),
    (
        0xcfff_ffff,
        "application hang",
        "The program stopped responding, and was terminated or dumped; not an exception.",
    ),
    (
        0xe000_0008,
        "out of memory (Chromium)",
        "Chromium's allocators, V8 or PDFium ran out of memory and gave up.",
    ),
    (0xe043_4352, "CLR exception", "Managed code (.NET) threw an exception."),
    (0xe043_4f4d, "CLR exception (CLR 2)", "Managed code (.NET 1 to 3.5) threw an exception."),
    (0xe06d_7363, "Visual C++ exception", "C++ code compiled by Visual C++ threw an exception."),
    (0xe073_616e, "AddressSanitizer", "AddressSanitizer of Visual C++ found a memory error."),
];

/// NTSTATUS values that are raised as exceptions, in the order of their codes.
const STATUS: [(u32, &str); 66] = [
    (0x4000_0015, "The program terminated itself after a fatal error."),
    (0x4000_001e, "A 32-bit program on 64-bit Windows executed a single step under a debugger."),
    (0x4000_001f, "A 32-bit program on 64-bit Windows hit a breakpoint, or a debugger stopped it."),
    (0x4001_0003, "A debugger terminated the thread."),
    (0x4001_0004, "A debugger terminated the process."),
    (0x4001_0005, "Ctrl+C was pressed in the console, and a debugger is notified."),
    (0x4001_0006, "The program wrote a debug message (OutputDebugStringA); not an error."),
    (0x4001_0007, "The program reported a fatal error to a debugger (RIP)."),
    (0x4001_0008, "Ctrl+Break was pressed in the console, and a debugger is notified."),
    (0x4001_0009, "A command for the debugger; not an error."),
    (0x4001_000a, "The program wrote a debug message (OutputDebugStringW); not an error."),
    (0x8000_0001, "The program accessed a guard page."),
    (0x8000_0002, "The program used an address that is not aligned as the processor requires."),
    (0x8000_0003, "The program hit a breakpoint: an assertion, a debugger's, or that of a requested dump."),
    (0x8000_0004, "The processor executed a single step under a debugger."),
    (0x8000_0026, "longjmp unwound the stack."),
    (0x8000_0029, "Frames of a C++ catch block were consolidated while the stack was unwound."),
    (0x8001_0001, "A debugger passed an exception on to the program."),
    (0xc000_0005, "The program accessed memory that does not exist or does not allow the access."),
    (0xc000_0006, "The program accessed a page that could not be read from its file or from the page file."),
    (0xc000_0007, "The page file quota of the process was used up."),
    (0xc000_0008, "The program used a handle that is not open, or is of the wrong kind."),
    (0xc000_000d, "A function received an invalid parameter."),
    (0xc000_0017, "An allocation failed, on a heap that raises exceptions."),
    (0xc000_0018, "The requested addresses are in use, or no free range meets the requirements."),
    (0xc000_001d, "The processor met an illegal instruction."),
    (0xc000_001e, "A lock was used in an invalid order."),
    (0xc000_0025, "The program continued after an exception that does not allow it."),
    (0xc000_0026, "An exception handler returned an invalid disposition."),
    (0xc000_0040, "A section was requested that is larger than possible."),
    (0xc000_0044, "A quota of the process was exceeded."),
    (0xc000_008c, "An array index was out of bounds, and the processor checked it."),
    (0xc000_008d, "A floating-point operand was too small to be normal."),
    (0xc000_008e, "A floating-point number was divided by zero."),
    (0xc000_008f, "The result of a floating-point operation was not exact."),
    (0xc000_0090, "A floating-point operation is not defined for its operands."),
    (0xc000_0091, "The result of a floating-point operation was too large."),
    (0xc000_0092, "The floating-point stack overflowed or underflowed."),
    (0xc000_0093, "The result of a floating-point operation was too small."),
    (0xc000_0094, "An integer was divided by zero."),
    (0xc000_0095, "The result of an integer operation was too large."),
    (0xc000_0096, "The program executed a privileged instruction."),
    (0xc000_009a, "The system lacked resources, such as kernel memory."),
    (0xc000_00a1, "The working set quota of the process was exceeded."),
    (0xc000_00fd, "A thread used up its stack, or the stack could not grow because no memory was available."),
    (0xc000_012c, "The page file quota of the process was used up."),
    (0xc000_012d, "The machine's commit limit was reached: RAM and page files are fully committed."),
    (0xc000_0144, "An exception was not handled, and Windows terminated the program."),
    (0xc000_0194, "A wait for a lock took so long that Windows assumes a deadlock."),
    (0xc000_01a5, "An exception handler is not among those that the program registered."),
    (0xc000_01ad, "Memory was used up, and the program cannot continue."),
    (0xc000_027b, "Windows Runtime code stored an error and then terminated the program with it."),
    (0xc000_02b4, "Several floating-point faults happened at once."),
    (0xc000_02b5, "Several floating-point traps happened at once."),
    (0xc000_02c8, "The page file could not be extended in time."),
    (
        0xc000_0374,
        "The heap's structures are corrupt: something wrote where it must not, or freed a block twice.",
    ),
    (0xc000_0409, "The program terminated itself with a fast failure."),
    (0xc000_0417, "A function of the C runtime received an invalid parameter."),
    (0xc000_041d, "An exception in a window callback was not handled."),
    (0xc000_0420, "An assertion failed."),
    (0xc000_0421, "Application Verifier found an error and stopped the program."),
    (0xc000_0602, "The program terminated itself, bypassing all exception handlers."),
    (
        0xc000_070a,
        "A thread pool callback raised an exception, or left a handle or lock in an invalid state.",
    ),
    (0xc000_071c, "A thread was used for something that it must not be used for."),
    (0xc015_000f, "An activation context was deactivated that is not the last one activated."),
    (0xc015_0010, "An activation context was deactivated that is not active in the thread."),
];

/// Severity `STATUS_SEVERITY_INFORMATIONAL`: texts for a debugger, names of threads, and the like.
const INFORMATIONAL: u32 = 1;

fn software(code: u32) -> Option<(&'static str, &'static str)> {
    let index = SOFTWARE.binary_search_by_key(&code, |(code, ..)| *code).ok()?;
    SOFTWARE.get(index).map(|(_, name, meaning)| (*name, *meaning))
}

/// The name of an exception code of Windows. Codes below those of [`INFORMATIONAL`] severity say success as an
/// NTSTATUS; as an exception they are a program's own.
pub(crate) fn name(code: u32) -> Option<String> {
    if let Some((name, _)) = software(code) {
        return Some(name.to_owned());
    }
    let named = names::nt_status(code).or_else(|| names::result(code));
    named.or_else(|| names::by_facility(code)).filter(|_| code >> 30 >= INFORMATIONAL)
}

/// What an exception code of Windows says, in one sentence; `None` if there is no more to say than its name.
pub(crate) fn meaning(code: u32) -> Option<&'static str> {
    /// The bit that Microsoft's own codes never have.
    const CUSTOMER: u32 = 1 << 29;
    if let Some((_, meaning)) = software(code) {
        return Some(meaning);
    }
    match STATUS.binary_search_by_key(&code, |(code, _)| *code) {
        Ok(index) => STATUS.get(index).map(|(_, meaning)| *meaning),
        Err(_) if code & CUSTOMER != 0 => {
            Some("A code of the program's own, or of a library; Windows does not define it.")
        }
        Err(_) => None,
    }
}

/// Whether the code is one that is raised when something goes wrong: what has a sentence here, and is more than
/// informational.
pub(crate) fn is_failure(code: u32) -> bool {
    match software(code) {
        Some(_) => {
            code >> 30 != INFORMATIONAL
                && !matches!(code, 0x0424_2420 | 0x0517_a7ed | 0x876..=0xc000 | 0xcfff_ffff)
        }
        None => code >> 30 > INFORMATIONAL && STATUS.binary_search_by_key(&code, |(code, _)| *code).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_searched() {
        assert!(SOFTWARE.is_sorted_by_key(|(code, ..)| *code));
        assert!(STATUS.is_sorted_by_key(|(code, _)| *code));
        assert!(
            STATUS.iter().all(|(code, _)| names::nt_status(*code).is_some() && software(*code).is_none())
        );
    }

    /// Codes and names of ntstatus.h, and a word that the sentence must contain.
    #[test]
    fn the_codes_of_the_specification() {
        let of_windows = [
            (0xc000_0017, "STATUS_NO_MEMORY", "heap"),
            (0xc000_012d, "STATUS_COMMITMENT_LIMIT", "commit limit"),
            (0xc000_02c8, "STATUS_COMMITMENT_MINIMUM", "page file"),
            (0xc000_0040, "STATUS_SECTION_TOO_BIG", "section"),
            (0xc000_0018, "STATUS_CONFLICTING_ADDRESSES", "no free range"),
            (0xc000_0044, "STATUS_QUOTA_EXCEEDED", "quota"),
            (0xc000_0007, "STATUS_PAGEFILE_QUOTA", "quota"),
            (0xc000_012c, "STATUS_PAGEFILE_QUOTA_EXCEEDED", "quota"),
            (0xc000_00a1, "STATUS_WORKING_SET_QUOTA", "quota"),
            (0xc000_009a, "STATUS_INSUFFICIENT_RESOURCES", "resources"),
            (0xc000_01ad, "STATUS_FATAL_MEMORY_EXHAUSTION", "used up"),
            (0xc000_00fd, "STATUS_STACK_OVERFLOW", "stack"),
            (0xc000_0409, "STATUS_STACK_BUFFER_OVERRUN", "fast fail"),
            (0x8000_0003, "STATUS_BREAKPOINT", "requested dump"),
        ];
        let of_runtimes = [
            (0xe000_0008, "out of memory (Chromium)", "V8"),
            (0xe043_4352, "CLR exception", "anaged"),
            (0xe043_4f4d, "CLR exception (CLR 2)", "anaged"),
            (0x0eed_fade, "Delphi exception", "C++Builder"),
            (0x0eed_fadf, "Delphi exception (re-raised)", "again"),
            (0x0eed_fae0, "Delphi exception (except)", "except"),
            (0x0eed_fae1, "Delphi exception (finally)", "finally"),
            (0x2047_4343, "GNU C++ exception", "threw"),
            (0xe06d_7363, "Visual C++ exception", "threw"),
        ];
        for (code, called, says) in of_windows.into_iter().chain(of_runtimes) {
            assert_eq!(name(code).as_deref(), Some(called));
            assert!(meaning(code).is_some_and(|meaning| meaning.contains(says)), "{code:#x}");
            assert!(is_failure(code), "{code:#x}");
        }
    }

    /// D.3: what the Win32 layer makes of a status.
    #[test]
    fn the_win32_errors_of_the_specification() {
        let errors = [
            (8, "ERROR_NOT_ENOUGH_MEMORY"),
            (14, "ERROR_OUTOFMEMORY"),
            (487, "ERROR_INVALID_ADDRESS"),
            (635, "ERROR_COMMITMENT_MINIMUM"),
            (1450, "ERROR_NO_SYSTEM_RESOURCES"),
            (1453, "ERROR_WORKING_SET_QUOTA"),
            (1454, "ERROR_PAGEFILE_QUOTA"),
            (1455, "ERROR_COMMITMENT_LIMIT"),
            (1816, "ERROR_NOT_ENOUGH_QUOTA"),
        ];
        for (code, called) in errors {
            assert_eq!(names::win32_error(code).as_deref(), Some(called));
        }
    }

    #[test]
    fn codes_that_are_no_failures() {
        for code in [0x4001_0005, 0x4001_0006, 0x4001_000a, 0x406d_1388, 0x0424_2420] {
            assert!(meaning(code).is_some() && name(code).is_some(), "{code:#x}");
            assert!(!is_failure(code), "{code:#x}");
        }
        assert_eq!(name(1), None); // Unreal's ensure(); STATUS_WAIT_1 would mislead
        assert_eq!(meaning(0xdead_beef), None, "bit 29 is not set");
        assert!(meaning(0xe123_4567).is_some_and(|meaning| meaning.contains("program's own")));
        assert!(!is_failure(0xc000_0034), "STATUS_OBJECT_NAME_NOT_FOUND is returned, not raised");
    }
}
