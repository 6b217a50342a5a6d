//! Tables of what was measured beside other programs.

use super::programs::Who;
use super::run::{cpu, peak};
use super::{Measured, Results, Row, Runs, Subject};
use crate::bench::table::Table;

/// A row for each dump that all programs were run on, a column for each program.
pub(super) fn compared(results: &Results) -> Table {
    let names: Vec<&str> = results.programs.iter().map(|program| program.name.as_str()).collect();
    let mut table = Table::new(&[&["dump"], names.as_slice()].concat());
    for dump in results.dumps.iter().filter(|dump| dump.subject.is_compared() && dump.is_measured()) {
        let cells = dump.rows.iter().map(|row| row.runs.as_ref().map_or_else(|_| "—".to_owned(), figures));
        table.add([dump.subject.name.clone()].into_iter().chain(cells).collect());
    }
    table
}

fn figures(runs: &Runs) -> String {
    format!("{:.1} ms, {:.1} MB", cpu(&runs.samples).median, peak(&runs.samples).median)
}

/// Why there are no figures of a program on a dump, one line for each.
pub(super) fn without(results: &Results) -> Vec<String> {
    let name = |row: &Row| results.programs.iter().find(|p| p.who == row.who).map_or("", |p| p.name.as_str());
    let of = |dump: &Measured| {
        if let (false, Some(Err(why))) = (dump.is_measured(), dump.rows.first().map(|row| &row.runs)) {
            return Some(format!("{}: not measured, since {why}.", dump.subject.name));
        }
        let failed = |row: &Row| Some(format!("{}: {}", name(row), row.runs.as_ref().err()?));
        let failed: Vec<String> = dump.rows.iter().filter_map(failed).collect();
        (!failed.is_empty()).then(|| format!("{}: {}.", dump.subject.name, failed.join("; ")))
    };
    results.dumps.iter().filter_map(of).collect()
}

/// What a dump costs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cost {
    /// Least processor time, ms.
    Cpu,
    /// Millions of instructions.
    Instructions,
}

impl Cost {
    /// What grows is judged by instructions, where they could be counted.
    pub(super) fn of_growth(results: &Results) -> Cost {
        if results.start.1.is_some() { Cost::Instructions } else { Cost::Cpu }
    }

    pub(super) fn unit(self) -> &'static str {
        match self {
            Cost::Cpu => "ms",
            Cost::Instructions => "million instructions",
        }
    }

    fn of(self, runs: &Runs) -> Option<f64> {
        match self {
            Cost::Cpu => Some(cpu(&runs.samples).min),
            Cost::Instructions => runs.instructions,
        }
    }

    fn of_start(self, results: &Results) -> f64 {
        match self {
            Cost::Cpu => results.start.0,
            Cost::Instructions => results.start.1.unwrap_or(0.0),
        }
    }
}

/// (n, cost) of a program on the dumps that differ in `n` only, in the order of `n`.
pub(super) fn points(
    results: &Results,
    who: Who,
    cost: Cost,
    n: impl Fn(&Subject) -> Option<u64>,
) -> Vec<(u64, f64)> {
    let at = |dump: &Measured| Some((n(&dump.subject)?, cost.of(dump.runs(who)?)?));
    let mut points: Vec<_> = results.dumps.iter().filter_map(at).collect();
    points.sort_by_key(|(n, _)| *n);
    points
}

/// Cost over regions, without what starting takes.
pub(super) fn region_points(results: &Results, who: Who, cost: Cost) -> Vec<(u64, f64)> {
    let start = cost.of_start(results);
    let all = points(results, who, cost, Subject::of_regions);
    all.into_iter().map(|(n, cost)| (n, cost - start)).collect()
}

/// Cost over threads, without what the dump with the fewest of them takes: most of that is the regions.
pub(super) fn thread_points(results: &Results, who: Who, cost: Cost) -> Vec<(u64, f64)> {
    let all = points(results, who, cost, Subject::of_threads);
    let Some((few, base)) = all.first().copied() else { return Vec::new() };
    all.into_iter().skip(1).map(|(n, cost)| (n - few, cost - base)).collect()
}
