//! Processes with heaps that can be walked, and what a reader has to find in them.
//!
//! Each is a small complete process (two threads, app.exe and ntdll.dll, KUSER_SHARED_DATA, regions that the PEB
//! points to) with two or more heaps. Only pages that hold anything but zero are kept, each whole.
//!
//! ```
//! use dumplens_synth::presets::heaps;
//!
//! let (process, truth) = heaps::nt_win10_x64();
//! assert_eq!(truth.heaps[0].index, Some(0));
//! assert!(process.to_bytes().0.len() < 300 << 10);
//! ```

pub mod filled;
pub mod leak;
mod nt;
mod page;
mod scene;
mod segment;

pub use nt::{
    nt_24h2_x64, nt_1607_x64, nt_1803_x86, nt_win7_ust_x64, nt_win7_x64, nt_win7_x86, nt_win8_x64,
    nt_win8_x86, nt_win10_ust_x64, nt_win10_ust_x86, nt_win10_x64, nt_win10_x86, nt_wow64,
};
pub use page::{page_heap_x64, page_heap_x86};
pub use segment::{
    segment_24h2, segment_1607, segment_1607_padded, segment_1703, segment_1709, segment_1803,
    segment_1803_x86, segment_2004, segment_2004_encoded_root, segment_2004_hidden, segment_2004_padded,
    segment_2004_x86, segment_2004_x86_padded, segment_10240, segment_win11,
};

use crate::heap::Truth;
use crate::process::Process;

/// A name and the preset itself.
pub type Preset = (&'static str, fn() -> (Process, Truth));

/// Every preset of this module.
pub const ALL: &[Preset] = &[
    ("nt_win7_x86", nt_win7_x86),
    ("nt_win8_x86", nt_win8_x86),
    ("nt_win10_x86", nt_win10_x86),
    ("nt_win7_x64", nt_win7_x64),
    ("nt_win8_x64", nt_win8_x64),
    ("nt_win10_x64", nt_win10_x64),
    ("nt_1607_x64", nt_1607_x64),
    ("nt_1803_x86", nt_1803_x86),
    ("nt_win7_ust_x64", nt_win7_ust_x64),
    ("nt_win10_ust_x64", nt_win10_ust_x64),
    ("nt_win10_ust_x86", nt_win10_ust_x86),
    ("nt_24h2_x64", nt_24h2_x64),
    ("nt_wow64", nt_wow64),
    ("segment_10240", segment_10240),
    ("segment_1607", segment_1607),
    ("segment_1703", segment_1703),
    ("segment_1607_padded", segment_1607_padded),
    ("segment_1709", segment_1709),
    ("segment_1803", segment_1803),
    ("segment_1803_x86", segment_1803_x86),
    ("segment_2004_hidden", segment_2004_hidden),
    ("segment_2004_padded", segment_2004_padded),
    ("segment_2004_x86_padded", segment_2004_x86_padded),
    ("segment_2004", segment_2004),
    ("segment_2004_encoded_root", segment_2004_encoded_root),
    ("segment_2004_x86", segment_2004_x86),
    ("segment_win11", segment_win11),
    ("segment_24h2", segment_24h2),
    ("page_heap_x86", page_heap_x86),
    ("page_heap_x64", page_heap_x64),
];
