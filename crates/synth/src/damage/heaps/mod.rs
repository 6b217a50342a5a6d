//! Processes whose heaps are damaged, and what is lost by it.
//!
//! Offsets are those of Windows 10 and 11, 64-bit but for the WOW64 process; the 24H2 chain is on build 26100.

mod case;
mod chain;
mod nt_blocks;
mod nt_segments;
mod peb;
mod segment;
mod tree;

use case::Case;

use crate::heap::{HeapRange, Truth};
use crate::process::Process;

/// A process with one thing wrong.
#[derive(Clone, Debug)]
pub struct HeapVariant {
    /// "nt_segment_flink_to_itself"; fit for a file name.
    pub name: &'static str,
    /// The process; [`Process::to_bytes`] makes the dump.
    pub process: Process,
    /// What was there before the damage.
    pub truth: Truth,
    /// What of it need not be found. All the rest must be, and nothing that is not in the truth.
    pub lost: Lost,
}

/// What a reader need not find any more. It may: by Blink, by a scan for signatures, by another PEB field. Of a lost
/// range it may also find a part, or as much as its allocation has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Heaps, by handle, with everything in them.
    pub heaps: Vec<u64>,
    /// Ranges of heaps that are found.
    pub ranges: Vec<HeapRange>,
    /// Addresses of large blocks whose range is found, but not what was asked for.
    pub sizes: Vec<u64>,
}

/// A name and the damage.
type Recipe = (&'static str, fn(&mut Case));

/// The sound process of a table.
type Sound = fn() -> (Process, Truth);

/// Every variant, made one at a time; at most 1 MiB each.
pub fn heaps() -> impl Iterator<Item = HeapVariant> {
    let tables: [(Sound, &[Recipe]); 7] = [
        (case::nt, nt_segments::RECIPES),
        (case::nt, nt_blocks::RECIPES),
        (case::nt, peb::RECIPES),
        (case::segment, segment::RECIPES),
        (case::segment, tree::RECIPES),
        (case::chain, chain::RECIPES),
        (case::wow64, chain::WOW64_RECIPES),
    ];
    tables.into_iter().flat_map(|(sound, recipes)| {
        recipes.iter().map(move |&(name, damage)| {
            let (process, truth) = sound();
            let mut case = Case { process, truth, lost: Lost::default() };
            damage(&mut case);
            HeapVariant { name, process: case.process, truth: case.truth, lost: case.lost }
        })
    })
}
