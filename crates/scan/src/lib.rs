//! Many dumps: found and read within limits, with the reason if one has no report. For `dumplens scan` and `watch`, and
//! for the Python package. [`place`] and [`long`] are for the files that both write.
//!
//! ```text
//! Places::dumps, listed ─ Found ─> pool::run ─ triage(Found, Guard) ─> Triaged or Failure
//! ```
//!
//! Nothing here grows with the number of dumps, except the matches of a pattern with `*`.
#![deny(missing_docs)]

mod failure;
mod find;
mod guard;
pub mod long;
mod pattern;
pub mod place;
pub mod pool;
mod queue;
mod symbols;
mod triage;

pub use failure::{Code, Failure};
pub use find::{Found, Places, listed, named_as_dump};
pub use guard::{Guard, Guarded, Stop};
pub use symbols::local_search;
pub use triage::{Triaged, triage};
