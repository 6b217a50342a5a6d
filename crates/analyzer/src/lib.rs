//! What a minidump means: the address space and who owns it, facts about process and system, and the report.
//!
//! ```text
//! Dump ─ Process::gather ─> Process ─ Report::new ─> Report ─ render::{text, json} ─> text
//!                             ├─ stack::Walker ─ .walk(thread) ─> Stack
//!                             └─ .space: AddressSpace ─ .pieces() ─> the region list
//! ```
//!
//! Everything here is judgement: it could be wrong although the bytes are right. What the bytes are is
//! [`dumplens_core`]'s business, and what words are printed, [`render`]'s.
//!
//! # Example
//!
//! ```
//! use dumplens_analyzer::{Options, Process, Report, render};
//! use dumplens_core::{Dump, FileSource};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/x64-bad-alloc/dump.dmp");
//! let dump = Dump::open(FileSource::open(path.as_ref())?)?;
//! let process = Process::gather(&dump);
//! let report = Report::new(&process, &Options::default());
//! let largest = report.memory.largest_free.as_ref().expect("a full dump lists free regions");
//! assert!(largest.size_bytes > 1 << 40);
//! print!("{}", render::text::summary(&report));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod address_space;
mod allocations;
mod claims;
mod clock;
#[cfg(feature = "processor")]
mod crash_analysis;
pub mod diff;
mod exceptions;
mod filter;
pub mod findings;
mod heaps;
mod hints;
mod module_map;
mod module_names;
mod names;
mod owners;
mod page_heap;
mod process;
pub mod render;
mod repair;
pub mod report;
pub mod request;
pub mod signature;
pub mod stack;
mod stack_use;
pub mod symbols;
mod totals;
mod trim;
mod usage;
pub mod verdict;
mod warning;

pub use address_space::{AddressSpace, Coverage, Piece};
pub use allocations::{Allocation, Allocations, SizeClass};
pub use diff::Difference;
pub use filter::Filter;
pub use process::{Process, Thread};
pub use report::{Options, Report};
pub use totals::{Totals, TotalsRow};
pub use trim::{TrimOptions, Trimmed, trim};
pub use usage::{Bits, Fact, Owner, PebField, Span, Usage};
pub use warning::Warning;
