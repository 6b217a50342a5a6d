//! What a minidump means: the address space and who owns it, facts about process and system, and the report.
//!
//! ```text
//! Dump ─ Process::gather ─> Process ─ Facts::gather ─> Facts ─ findings ─> Verdict ─> Report ─ render::{text, json, …} ─> text
//!                             ├─ stack::Walker ─ .walk(thread) ─> Stack
//!                             └─ .space: AddressSpace ─ .pieces() ─> the region list
//! ```
//!
//! Each module is a room. A room imports only rooms before it in this list:
//!
//! ```text
//! space       regions, their usage, totals          facts       all of it as plain data, with its names
//! process     threads, modules, heaps, claims       findings    what points to what happened, a file each
//! symbols     from an address to a function         verdict     what the findings mean together; the signature
//! stack       who called whom                       report      facts, findings and verdict
//! exceptions  codes, what was accessed, earlier     diff, trim  two reports; a smaller dump with the same one
//! request     how many bytes were asked for         render      text, JSON, Markdown, HTML
//! contents    what fills the memory
//! waits       who waits for what, and on whom
//! managed     .NET: objects, exceptions, locks
//! ```
//!
//! Everything here is interpretation: it could be wrong although the bytes are right. [`dumplens_core`] reads the
//! bytes, and [`render`] chooses the words.
//!
//! # Example
//!
//! ```
//! use dumplens_analyzer::{Options, Process, Question, Report, render};
//! use dumplens_core::{Dump, FileSource};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/story-commit-limit/dump.dmp");
//! let dump = Dump::open(FileSource::open(path.as_ref())?)?;
//! let process = Process::gather(&dump);
//! let report = Report::answer(&process, Question::Why, &Options::default());
//! let verdict = report.verdict.as_ref().expect("`Why` is answered with a verdict");
//! assert_eq!(verdict.cause.map(|cause| cause.name()), Some("commit_limit"));
//! print!("{}", render::text::why(&report));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

pub mod contents;
pub mod diff;
mod exceptions;
pub mod facts;
pub mod findings;
pub mod managed;
mod process;
pub mod render;
pub mod report;
pub mod request;
mod space;
pub mod stack;
pub mod symbols;
mod trim;
pub mod verdict;
pub mod waits;

pub use diff::Difference;
pub use exceptions::ExceptionWarning;
pub use exceptions::{nt_status, win32_error};
pub use facts::{Facts, Options, Question, Stacks, Warning};
pub use managed::ManagedReport;
pub use process::{LoadedRuntime, Process, ProcessWarning, Thread};
pub use report::Report;
pub use space::{
    AddressSpace, Allocation, Allocations, Bits, Coverage, Equals, Fact, Filter, GcPart, Hex, Owner,
    PebField, Piece, SizeClass, SpaceWarning, Span, Totals, TotalsRow, Usage,
};
pub use trim::{TrimOptions, Trimmed, trim};
