//! Codes of exceptions and statuses: ntstatus.h, winerror.h, and constants of language runtimes.

/// `COR_E_EXECUTIONENGINE`, a fatal error of the .NET runtime.
pub(crate) const EXECUTION_ENGINE: u64 = 0x8013_1506;
/// Unreal Engine: an assertion or an `ensure`; its GPU crashed; it ran out of memory.
pub(crate) const UNREAL_ASSERTION: u64 = 0x4000;
pub(crate) const UNREAL_GPU: u64 = 0x8000;
pub(crate) const UNREAL_OUT_OF_MEMORY: u64 = 0xc000;
/// A hang, by Windows Error Reporting and by WinDbg.
pub(crate) const APPLICATION_HANG: u64 = 0xcfff_ffff;
/// Crashpad was asked for a dump.
pub(crate) const CRASHPAD_SIMULATED: u64 = 0x0517_a7ed;
/// A C++ throw of the GNU runtime.
pub(crate) const GNU: u64 = 0x2047_4343;
pub(crate) const CPP: u64 = 0xe06d_7363;
pub(crate) const ACCESS_VIOLATION: u64 = 0xc000_0005;
pub(crate) const IN_PAGE_ERROR: u64 = 0xc000_0006;
pub(crate) const NO_MEMORY: u64 = 0xc000_0017;
pub(crate) const ILLEGAL_INSTRUCTION: u64 = 0xc000_001d;
pub(crate) const STACK_OVERFLOW: u64 = 0xc000_00fd;
pub(crate) const HEAP_CORRUPTION: u64 = 0xc000_0374;
pub(crate) const STACK_BUFFER_OVERRUN: u64 = 0xc000_0409;
pub(crate) const ASSERTION_FAILURE: u64 = 0xc000_0420;
pub(crate) const CHROMIUM_OUT_OF_MEMORY: u64 = 0xe000_0008;
pub(crate) const CLR: u64 = 0xe043_4352;
pub(crate) const CLR_2: u64 = 0xe043_4f4d;
/// `STATUS_FATAL_APP_EXIT`: `abort` before fast failures.
pub(crate) const FATAL_APP_EXIT: u64 = 0x4000_0015;
pub(crate) const BREAKPOINT: u64 = 0x8000_0003;
pub(crate) const WOW64_BREAKPOINT: u64 = 0x4000_001f;
