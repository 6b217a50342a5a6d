//! What fuzzers call: dumplens' readers of hostile bytes, each as a function of bytes.
//!
//! None returns anything: that they return, without a panic and in bounded time and memory, is what is tested. Input
//! over [`MOST_BYTES`] is passed over. `tests/mutations` runs them over damaged dumps; `fuzz/` at the root of the
//! repository has a cargo-fuzz target for each.
#![deny(missing_docs)]

mod image;
mod whole;

pub use image::{pe_headers, throw_info, unwind_codes};
pub use whole::{container, pdb, report};

/// Longer input is passed over: faults do not hide behind a megabyte, and a fuzzer's runs should be short.
pub const MOST_BYTES: usize = 1 << 20;
