//! The verdict as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cause, Confidence};
use crate::facts::Hex;
use crate::space::words;

words! {
    /// What ended the program.
    pub enum Kind {
        /// A memory allocation failed.
        AllocationFailure = "allocation_failure",
        /// An unhandled C++ exception.
        CppException = "cpp_exception",
        /// An unhandled exception of managed code (.NET).
        ManagedException = "managed_exception",
        /// An invalid memory access.
        AccessViolation = "access_violation",
        /// A thread used up its stack.
        StackOverflow = "stack_overflow",
        /// The program, or Windows in it, detected a fatal error and terminated it at once.
        FailFast = "fail_fast",
        /// The program terminated itself: abort, or an unhandled exception.
        Abort = "abort",
        /// A breakpoint, or a failed assertion.
        AssertionOrBreakpoint = "assertion_or_breakpoint",
        /// An exception of another kind.
        OtherException = "other_exception",
        /// Threads wait for each other in a circle.
        Deadlock = "deadlock",
        /// A hang, according to the writer of the dump.
        Hang = "hang",
        /// The process was terminating itself.
        Exit = "exit",
        /// A dump that the program or a debugger requested: nothing failed.
        OnRequest = "on_request",
        /// The dump has no exception: the process was running or hanging.
        NoException = "no_exception",
        /// The dump had, or may have had, an exception that is no longer in the file, or that its writer did not
        /// receive.
        ExceptionLost = "exception_lost",
    }
}

impl Kind {
    /// Whether the program failed, or may have failed, as far as the dump tells.
    pub fn is_fault(self) -> bool {
        !matches!(self, Kind::Exit | Kind::OnRequest | Kind::NoException)
    }
}

words! {
    /// What made the failed request.
    pub enum Origin {
        /// A `std::vector` that grows.
        VectorReallocation = "vector_reallocation",
        /// A `std::vector` that reserves room for a given number of elements.
        VectorReserve = "vector_reserve",
        /// A `std::vector` that is resized to a given number of elements.
        VectorResize = "vector_resize",
        /// A string that grows.
        StringGrowth = "string_growth",
        /// A container; which one, or what it did, is not known.
        Container = "container",
        /// `operator new`; its caller is not known.
        OperatorNew = "operator_new",
        /// `malloc`; its caller is not known.
        Malloc = "malloc",
        /// Not known.
        Unknown = "unknown",
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictReport {
    /// The kind.
    pub kind: Kind,
    /// One sentence.
    pub title: String,
    /// How certain it is.
    pub confidence: Confidence,
    /// The blamed place; `None` without an exception, or if the code is in no module.
    pub place: Option<BlamedPlace>,
    /// Why memory was refused; for any other kind, the limit that the process or machine had reached, if any.
    pub cause: Option<Cause>,
    /// The evidence: the titles of the findings, in the order in which an engineer would check them.
    pub because: Vec<String>,
    /// What would change the verdict.
    pub unless: Vec<String>,
    /// Advice, if the dump has a reason for it.
    pub advice: Vec<String>,
    /// For a failed allocation: what was requested, as far as it is known.
    pub allocation: Option<AllocationFailure>,
}

/// A place in the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlamedPlace {
    /// The thread.
    pub thread_id: u32,
    /// The debugger's name of the module.
    pub module: String,
    /// Offset from the module's base of the executing instruction in the innermost frame, otherwise of the return
    /// address.
    pub offset: Hex,
    /// The function, if a PDB or an export names it with certainty.
    pub function: Option<String>,
}

/// What was requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllocationFailure {
    /// What made the request.
    pub origin: Origin,
    /// Bytes.
    pub requested_bytes: u64,
    /// The same in hex.
    #[serde(skip_serializing_if = "is_large")]
    pub requested_hex: Hex,
    /// Bytes of one element.
    pub element_size: Option<u64>,
    /// Number of elements.
    pub element_count: Option<u64>,
    /// What the container adds to the bytes of its elements.
    pub padding: Option<u64>,
    /// Address of the container.
    pub container: Option<Hex>,
    /// The function that made the request, above `operator new`, if symbols name it.
    pub function: Option<String>,
}

/// Beside a number above 2^53 the printer of JSON writes the hex string itself.
#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_large(requested: &Hex) -> bool {
    requested.0 > 1 << 53
}
