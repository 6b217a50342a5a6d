//! Figures of several sources, against each other: those that cannot all be right are not believed.

use super::number::size_text;
use super::{CountersReport, Facts, Warning};

/// What part of a figure another may be off by, and still be of the same moment: figures are taken one after the other.
const SLACK: u64 = 16;
/// The same of figures that one call returned. Windows exceeds its limit by a few pages where it must.
const SLACK_OF_ONE_CALL: u64 = 256;

/// One warning for everything that contradicts.
pub(super) fn contradictions(facts: &Facts) -> Option<Warning> {
    let mut found = machine(facts);
    found.extend(facts.process.counters.iter().flat_map(peaks));
    (!found.is_empty()).then(|| Warning::FiguresContradict { what: found.join("; ") })
}

/// RAM, commit, limit and peak of the machine, and what the process alone has.
fn machine(facts: &Facts) -> Vec<String> {
    let Some(memory) = &facts.system.memory else { return Vec::new() };
    let counters = facts.process.counters.as_ref();
    let counted = counters.and_then(|c| c.private_bytes.or(Some(c.pagefile_bytes))).filter(|n| *n > 0);
    let own = counted.or(facts.memory.private_commit_estimate_bytes);
    let limit = memory.commit_limit_bytes;
    let pairs = [
        // The limit is RAM and page files. SystemMemoryInfo has all three figures; of other streams they are not of one
        // moment.
        (
            "RAM",
            memory.physical_bytes.filter(|_| memory.available_bytes.is_some()),
            "the commit limit",
            limit,
        ),
        ("what is committed", memory.commit_bytes, "its own peak", memory.commit_peak_bytes),
        ("what the process has committed", own, "what the machine has", memory.commit_bytes),
        ("what the process has committed", own, "the commit limit", limit),
        ("free RAM", memory.available_bytes, "RAM", memory.physical_bytes),
    ];
    let beyond = ("what is committed", memory.commit_bytes, "the commit limit", limit);
    let beyond = exceeds_by(SLACK_OF_ONE_CALL, beyond);
    beyond.into_iter().chain(pairs.into_iter().filter_map(exceeds)).collect()
}

/// Peaks of the process.
fn peaks(counters: &CountersReport) -> Vec<String> {
    let pairs = [
        (
            "the process's commit",
            Some(counters.pagefile_bytes),
            "its own peak",
            Some(counters.peak_pagefile_bytes),
        ),
        (
            "the working set",
            Some(counters.working_set_bytes),
            "its own peak",
            Some(counters.peak_working_set_bytes),
        ),
        ("the process's address space", counters.virtual_bytes, "its own peak", counters.peak_virtual_bytes),
    ];
    pairs.into_iter().filter_map(exceeds).collect()
}

/// Says that the first figure exceeds the second, which it cannot. A bound of 0 is one that the writer did not know.
fn exceeds(pair: (&str, Option<u64>, &str, Option<u64>)) -> Option<String> {
    exceeds_by(SLACK, pair)
}

/// The same, but for one part in `slack`.
fn exceeds_by(
    slack: u64,
    (what, figure, most, bound): (&str, Option<u64>, &str, Option<u64>),
) -> Option<String> {
    let (figure, bound) = (figure?, bound.filter(|bound| *bound > 0)?);
    (figure > bound.saturating_add(bound / slack))
        .then(|| format!("{what}, {}, is more than {most}, {}", size_text(figure), size_text(bound)))
}

#[cfg(test)]
mod tests {
    use super::exceeds;

    #[test]
    fn a_figure_may_be_a_little_off() {
        let bound = 16 << 30;
        assert_eq!(exceeds(("a", Some(bound + (1 << 30)), "b", Some(bound))), None);
        let said = exceeds(("a", Some(bound + (1 << 30) + 1), "b", Some(bound)));
        assert_eq!(said.as_deref(), Some("a, 17.000 GB, is more than b, 16.000 GB"));
        assert_eq!(exceeds(("a", Some(1), "b", Some(0))), None);
        assert_eq!(exceeds(("a", Some(1), "b", None)), None);
    }
}
