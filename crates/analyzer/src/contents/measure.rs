//! One of the passes alone, for measurements.

use std::collections::HashMap;

use super::lookup::Lookup;
use super::plan::Wish;
use super::vftables::Candidates;
use super::{pass, plan};
use crate::process::Process;

/// Reads all of the private memory of a native process and counts the words that may be addresses of vftables, as the
/// census does, and nothing else. Returns the number of bytes, and of such words.
#[doc(hidden)]
pub fn vftable_pass(process: &Process<'_>) -> (u64, u64) {
    let memory = process.dump.memory().unnoted();
    let wish = Wish { least: 0, whole_below: u64::MAX, units: 0, seed: 0 };
    let Some(plan) = plan::of(process, wish) else { return (0, 0) };
    let lookup = Lookup::new(&process.space);
    let candidates = Candidates::new(&lookup);
    let (mut buffer, mut counts, mut read) = (Vec::new(), HashMap::<u64, u64>::new(), 0);
    for units in plan.units.chunks(pass::TURN) {
        pass::together(units, memory, &mut buffer, |unit, bytes| {
            candidates.each(bytes, process.dump.width(), |word| *counts.entry(word).or_default() += 1);
            read += unit.bytes;
        });
    }
    (read, counts.values().sum())
}
