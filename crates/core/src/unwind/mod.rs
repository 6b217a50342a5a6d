//! How an x64 image says what its functions do to the stack: the exception directory and its UNWIND_INFO records.
//!
//! The layouts are those of "x64 exception handling" in Microsoft's C++ documentation. Everything is read where it
//! lies in the process's memory, in pieces of a few bytes: a directory of 8 MiB is searched in some twenty reads.
//! goblin decodes records and codes; this module bounds what goblin does not (a reference to itself, a code array
//! that ends inside a code).

pub mod arm64;
mod info;
mod table;

pub use info::{Code, Operation, UnwindInfo};
pub use table::{FunctionTable, RuntimeFunction};
