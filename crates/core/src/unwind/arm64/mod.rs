//! How an ARM64 image says what its functions do to the stack: the exception directory, whose entries either say it
//! themselves (packed) or lead to an .xdata record.
//!
//! The layouts are those of "ARM64 exception handling" in Microsoft's C++ documentation; where that leaves something
//! open, the order of the instructions that a packed entry stands for, and how codes are skipped in a prologue or an
//! epilogue, are those of Microsoft's own unwinder, which .NET publishes (src/coreclr/unwinder/arm64). Everything is
//! read where it lies in the process's memory: an entry, a record's header, and at most 1,020 bytes of codes.

mod code;
mod packed;
mod record;
mod table;

pub use code::Operation;
pub use table::FunctionTable;

use crate::pe::ImageError;

/// `Fp`, `Lr`, `Sp` and `Pc` of an ARM64 CONTEXT (winnt.h) follow its x registers, 8 bytes each: where those begin.
pub const CONTEXT_X: u64 = 0x8;
/// `CONTEXT.Sp`.
pub const CONTEXT_SP: u64 = 0x100;
/// `CONTEXT.Pc`.
pub const CONTEXT_PC: u64 = 0x108;
/// `CONTEXT_UNWOUND_TO_CALL` of `ContextFlags`, a u32 at 0: the pc is a return address.
pub const UNWOUND_TO_CALL: u32 = 0x2000_0000;

fn malformed(what: impl Into<String>) -> ImageError {
    ImageError::Malformed(what.into())
}
