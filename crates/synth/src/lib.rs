//! Writes Windows minidumps for tests and benchmarks: valid ones of any size, and damaged ones.
//!
//! A [`Process`] is plain data: fill in what the process looked like, [`Process::put`] bytes at addresses, and
//! write the dump. Memory that nothing was put into is zero and takes neither time nor disk space, so a dump of
//! 20 GiB is written in about a second.
//!
//! ```
//! use dumplens_synth::{MEMORY_INFO_LIST_STREAM, Process, Range, Region, presets};
//!
//! // From nothing: one kept page.
//! let mut process = Process {
//!     memory: vec![Range { start: 0x1_0000, size: 0x1000 }],
//!     regions: Some(vec![Region::free(0, 0x1_0000)]),
//!     ..Process::default()
//! };
//! process.put(0x1_0010, b"hello");
//! let (bytes, layout) = process.to_bytes();
//! let at = layout.offset_of(0x1_0010).unwrap() as usize;
//! assert_eq!(&bytes[at..at + 5], b"hello");
//! assert_eq!(layout.stream(MEMORY_INFO_LIST_STREAM).unwrap().size, 0x10 + 0x30);
//!
//! // From a preset: change a field, or patch bytes where the layout says they are.
//! let mut process = presets::tiny();
//! process.comment = Some("*** my own comment".into());
//! let (bytes, layout) = process.to_bytes();
//! assert_eq!(bytes.len() as u64, layout.file_size);
//! ```
//!
//! Every offset here is written by hand from the specification. The crate shares no layout definition with
//! `dumplens-core`: an offset that is wrong in one of them must not be wrong in both.
//!
//! The rooms: [`Process`] and the records in it; [`Layout`], where everything went; structures that lie in the
//! process ([`Teb`], [`Peb`], [`ProcessParameters`], [`Kuser`], [`pe`], [`heap`]); [`AddressSpace`], which makes gap-free
//! region lists; [`presets`], complete
//! processes, among them some whose end is known ([`presets::causes`]: their code is assembled and run by `machine`);
//! [`damage`], dumps that a reader must survive.

#![forbid(unsafe_code)]

mod address_space;
mod arch;
mod bytes;
pub mod clr;
mod constants;
mod context;
mod counters;
mod cpp_throw;
pub mod damage;
mod function_table;
mod handle_information;
mod handles;
pub mod heap;
mod kuser;
mod layout;
mod locks;
mod machine;
mod memory;
mod modules;
pub mod pe;
mod peb;
pub mod presets;
mod process;
mod process_parameters;
mod streams;
mod system;
mod tail;
mod teb;
mod threads;
mod write;

pub use address_space::{AddressSpace, Part, TOP_X64, TOP_X86_2GB, TOP_X86_4GB};
pub use arch::{Arch, Width};
pub use constants::*;
pub use context::Context;
pub use counters::{SystemMemory, VmCounters};
pub use cpp_throw::CppThrow;
pub use function_table::FunctionTable;
pub use handle_information::Information;
pub use handles::Handle;
pub use kuser::{KUSER_SHARED_DATA, Kuser};
pub use layout::{Layout, RangePlace, StreamPlace};
pub use locks::{CriticalSection, SectionDebug};
pub use memory::{Contents, MemoryForm, Range, Region};
pub use modules::{CodeView, Module, UnloadedModule};
pub use peb::Peb;
pub use process::Process;
pub use process_parameters::ProcessParameters;
pub use system::{Misc, SystemInfo};
pub use teb::Teb;
pub use threads::{Exception, Thread, ThreadInfo};
