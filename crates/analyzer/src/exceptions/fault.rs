//! Exceptions that the processor raises, at the instruction that failed; all others are raised by a function.

/// Whether a code is that of such a fault (ntstatus.h).
pub(crate) fn is_fault(code: u64) -> bool {
    matches!(
        code,
        // STATUS_GUARD_PAGE_VIOLATION, DATATYPE_MISALIGNMENT, BREAKPOINT, SINGLE_STEP
        0x8000_0001..=0x8000_0004
        // STATUS_ACCESS_VIOLATION, IN_PAGE_ERROR; ILLEGAL_INSTRUCTION
        | 0xc000_0005 | 0xc000_0006 | 0xc000_001d
        // STATUS_ARRAY_BOUNDS_EXCEEDED, FLOAT_…, INTEGER_…, PRIVILEGED_INSTRUCTION; STACK_OVERFLOW
        | 0xc000_008c..=0xc000_0096 | 0xc000_00fd
    )
}
