//! Ready-made processes.

pub mod causes;
pub mod clr;
mod code32;
mod code64;
mod common;
pub mod entering;
pub mod full;
pub mod heaps;
mod small;
pub mod tiny;
pub mod waits;
pub mod wow64;

pub use common::{FIRST_TID, PID};
pub use entering::entering;
pub use full::{full, full_irregular};
pub use small::Addresses;
pub use tiny::{tiny, tiny_bad_alloc, tiny_x86};
pub use waits::waiting;
pub use wow64::tiny_wow64;
