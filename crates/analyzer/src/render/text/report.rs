//! Everything in text, the verdict first.

use super::{CENSUS_ROWS, allocations, census, heaps, info, modules, stacks, summary, threads, waits, why};
use crate::report::Report;

/// The whole answer of `dumplens report --format text`: that of each question, and the warnings once, at the end.
pub fn report(mut report: Report) -> String {
    let warnings = std::mem::take(&mut report.facts.warnings);
    let mut out = String::new();
    for part in [why, info, summary, modules, heaps, allocations, threads] {
        out.push_str(&part(&report));
        out.push('\n');
    }
    if let Some(taken) = report.facts.census.as_deref() {
        out.push_str(&census(Some(taken), &[], report.facts.dump.pointer_bits, &CENSUS_ROWS));
        out.push('\n');
    }
    if report.facts.waits.is_some() {
        out.push_str(&waits(&report, 0..usize::MAX));
        out.push('\n');
    }
    if let Some(of_net) = &report.facts.managed {
        out.push_str(&super::managed(Some(of_net), report.facts.dump.pointer_bits));
        out.push('\n');
    }
    report.facts.warnings = warnings;
    out.push_str(&stacks(&report));
    out
}
