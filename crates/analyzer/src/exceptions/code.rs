//! Codes of exceptions and statuses (`spec/windows-dumps.md` D).

pub(crate) const CPP: u64 = 0xe06d_7363;
pub(crate) const ACCESS_VIOLATION: u64 = 0xc000_0005;
pub(crate) const IN_PAGE_ERROR: u64 = 0xc000_0006;
pub(crate) const NO_MEMORY: u64 = 0xc000_0017;
pub(crate) const STACK_OVERFLOW: u64 = 0xc000_00fd;
pub(crate) const COMMITMENT_LIMIT: u64 = 0xc000_012d;
pub(crate) const FATAL_MEMORY_EXHAUSTION: u64 = 0xc000_01ad;
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
