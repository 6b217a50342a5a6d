//! Structures met in the process's memory: TEB, PEB, process parameters, KUSER_SHARED_DATA, exception records, C++ throws,
//! critical sections.
//!
//! Offsets are those of the public header collection PHNT (systeminformer, `phnt/include`), compiled for both
//! sizes of pointer; each is given as `x86 / x64` in hex beside its field. A field that the dump does not keep
//! is `None`: it is not zero.

pub(crate) mod block;
pub mod cpp_exception;
pub mod critical_section;
pub mod delay_load;
pub mod delphi;
pub mod exception_record;
pub mod gnu_exception;
pub mod heap;
pub mod kuser;
pub mod loader;
pub mod parameters;
pub mod peb;
pub mod rtti;
mod srw_lock;
mod stowed;
pub mod teb;
pub mod unreal;
pub mod wow64;

pub use cpp_exception::{CppError, CppException};
pub use critical_section::{CriticalSection, SectionList};
pub use delphi::DelphiException;
pub use exception_record::{ExceptionRecord, RecordSearch};
pub use gnu_exception::GnuException;
pub use kuser::UserSharedData;
pub use loader::{LoadedModule, LoaderList, PebFields, TebFields};
pub use parameters::ProcessParameters;
pub use peb::Peb;
pub use srw_lock::SrwLock;
pub use stowed::StowedException;
pub use teb::Teb;
pub use wow64::Context32;
