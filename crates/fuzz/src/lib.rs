//! What fuzzers call: dumplens' readers of hostile bytes, each as a function of bytes.
//!
//! None returns anything: that they return, without a panic and in bounded time and memory, is what is tested. Input
//! over [`MOST_BYTES`] is passed over. [`changed`] makes a damaged dump out of [`seeds::dumps`], the same for the same
//! number; `tests/mutations` runs the readers over many. `fuzz/` at the root of the repository has a cargo-fuzz target
//! for each of [`TARGETS`].
#![deny(missing_docs)]

mod change;
mod image;
mod image_file;
mod parts;
pub mod seeds;
mod whole;

pub use change::changed;
pub use image::{pe_headers, throw_info, unwind_codes};
pub use image_file::image_file;
pub use parts::{heaps, memory_map, streams};
pub use whole::{container, pdb, report, symbol_file};

/// Longer input is passed over: faults do not hide behind a megabyte, and a fuzzer's runs should be short.
pub const MOST_BYTES: usize = 1 << 20;

/// A reader of hostile bytes.
pub type Target = fn(&[u8]);

/// Every reader, by the name of its target.
pub const TARGETS: [(&str, Target); 11] = [
    ("container", container),
    ("streams", streams),
    ("memory_map", memory_map),
    ("pe_headers", pe_headers),
    ("image_file", image_file),
    ("unwind_codes", unwind_codes),
    ("throw_info", throw_info),
    ("heaps", heaps),
    ("pdb", pdb),
    ("symbol_file", symbol_file),
    ("report", report),
];
