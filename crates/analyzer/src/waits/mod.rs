//! Who waits for what, and on whom: the system call that each thread stands in, what it was given, who holds that.
//!
//! ```text
//! Stack ─ Reader::note ─> which call, by ntdll's export or its number ─ arguments ─> objects ─ owners ─> Edge ─ chains
//! ```
//!
//! A thread that waits stands behind the `syscall` of a stub, and the registers of frame 0 are those that the stub was
//! called with: on x64 rcx, rdx, r8, r9; on ARM64 x0 to x3; on x86 the arguments lie on the stack. That is how Windows
//! leaves them. Where they do not hold what the call takes, as under Wine, they are not believed: a critical section is
//! then looked for among the registers and stack slots of the callers, and taken if exactly one is held by another thread.
//!
//! An edge between two threads is *proven* if the object says itself who holds it, and the wait cannot end otherwise.

mod arguments;
mod call;
mod cycles;
mod ended;
mod entered;
mod functions;
mod graph;
mod groups;
mod numbers;
mod reader;
mod report;
mod resolve;
mod section;
mod table;
pub(crate) mod words;

pub(crate) use cycles::{WaitsFor, cycles};
pub(crate) use graph::{chains, edges};
pub(crate) use reader::Reader;
pub use report::{
    CallSource, ChainEnd, ChainReport, Edge, EndedReport, LockReport, ObjectReport, OtherProcess,
    ThreadWaitReport, Timeout, Via, WaitGroupReport, WaitKind, WaitReport, WaitsReport,
};
