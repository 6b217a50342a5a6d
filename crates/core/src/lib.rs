//! What the bytes of a Windows minidump say, and nothing more.
//!
//! # The way through
//!
//! ```text
//! Source ── Dump::open ──> Dump ── .memory_info() ──> MemoryInfoList   what the address space was
//!                            ├──── .memory() ───────> Memory           what the dump kept of it
//!                            ├──── .modules(), .threads(), .exception() …   plain lists and structs
//!                            ├──── pe::Image, unwind::…              images, and what their functions do to the stack
//!                            └──── process::{Teb, Peb, …}              structures met in that memory
//! ```
//!
//! # Words
//!
//! - *RVA*: in a minidump, an offset from the start of the file; in an image, from its base in memory.
//! - *VA*: a virtual address of the process that was dumped.
//! - *region*: one `MINIDUMP_MEMORY_INFO`, what `VirtualQueryEx` said of a run of pages.
//! - *range*: one run of addresses whose bytes the dump keeps.
//!
//! # Three answers
//!
//! A stream is absent (`Ok(None)`), present (`Ok(Some(_))`) or damaged (`Err(Damage)`), and a damaged stream
//! costs that stream only. A read of memory that fails says why ([`Absence`]): *the process had no memory
//! there* is evidence, *the dump did not keep it* is not.
//!
//! # Example
//!
//! ```
//! use dumplens_core::{Dump, FileSource};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/x64-bad-alloc/dump.dmp");
//! let dump = Dump::open(FileSource::open(path.as_ref())?)?;
//! let list = dump.memory_info()?.expect("a full dump has a MemoryInfoList");
//! let free: u64 = list.regions.iter().filter(|r| r.state.is_free()).map(|r| r.size).max().unwrap();
//! assert!(free > 1 << 40);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used))]

mod ahead;
mod arch;
mod blocks;
pub mod clr;
mod container;
mod context;
mod cpu_state;
mod damage;
mod dump;
mod extract;
mod format;
#[cfg(any(windows, test))]
mod handles;
mod image_file;
mod limits;
mod memory;
mod metadata;
mod other_formats;
mod pages;
mod paths;
pub mod pe;
pub mod process;
mod ranges;
mod recent;
mod regions;
mod source;
mod spans;
mod streams;
pub mod trim;
pub mod unwind;
mod utf16;
mod vocabulary;
mod window;

pub use ahead::Ahead;
pub use arch::{Arch, Width};
pub use container::{Header, OpenError, StreamLocation};
pub use context::{Context, Registers};
pub use cpu_state::{CpuState, X87};
pub use damage::Damage;
pub use dump::Dump;
pub use image_file::{ImageFile, ImageFiles, NotTheImage, image_id};
pub use memory::{Absence, Memory, Unreadable};
pub use pages::{Pages, ReadMemory};
pub use paths::last_name;
pub use ranges::MemoryRange;
pub use regions::{Attributes, MemoryInfo, Numbers, Regions};
pub use source::{FileSource, Place, Source};
pub use spans::Spans;
pub use streams::assertion::Assertion;
pub use streams::breakpad_info::BreakpadInfo;
pub use streams::comment::Comment;
pub use streams::crashpad_info::{Annotation, CrashpadInfo};
pub use streams::exception::Exception;
pub use streams::function_table::FunctionTables;
pub use streams::handle_information::{HandleInformation, ObjectInformation, ObjectOf, STILL_ACTIVE};
pub use streams::handles::{Handle, Handles};
pub use streams::memory_info::MemoryInfoList;
pub use streams::misc_info::MiscInfo;
pub use streams::modules::{CodeView, FixedFileInfo, Module};
pub use streams::stability_report::StabilityMemory;
pub use streams::system_info::{Os, SystemInfo};
pub use streams::system_memory::SystemMemory;
pub use streams::thread_info::ThreadInfo;
pub use streams::threads::ThreadEntry;
pub use streams::trim_record::TrimRecord;
pub use streams::unloaded_modules::{UnloadedModule, UnloadedModules};
pub use streams::unreal::UnrealContext;
pub use streams::vm_counters::VmCounters;
pub use vocabulary::{MemoryState, MemoryType, Protection, StreamType};
pub use window::Window;
