//! Tables of what was measured.

use std::fs;
use std::path::Path;

use super::programs::{Program, Who};
use super::run::{self, Sample};
use super::{Measured, Results, Row, Runs, growth};
use crate::bench::dumps::{BenchDump, Shape};
use crate::bench::number::grouped;
use crate::bench::spread::Spread;
use crate::bench::table::Table;

/// How many dumps the folders have, and how often each is scanned.
const SCANNED: [u32; 3] = [1, 20, 200];
const SCANS: u32 = 5;

/// A folder of so many dumps, scanned.
pub(super) struct Scan {
    pub(super) dumps: u32,
    pub(super) samples: Vec<Sample>,
}

/// Scans folders of names of one dump of 10,000 regions, one dump at a time.
pub(super) fn scans(dir: &Path, programs: &[Program]) -> anyhow::Result<Vec<Scan>> {
    let dump = BenchDump::find_or_make(dir, Shape::of_regions(10_000))?;
    let mut scans = Vec::new();
    let Some(scan) = programs.iter().find(|program| program.who == Who::Scan) else { return Ok(scans) };
    for dumps in SCANNED {
        eprintln!("a folder of {dumps} ...");
        let folder = dir.join(format!("folder-{dumps}"));
        fs::create_dir_all(&folder)?;
        for number in 0..dumps {
            let name = folder.join(format!("{number}.dmp"));
            if !name.exists() {
                fs::hard_link(&dump.path, &name)?;
            }
        }
        let scan = || {
            let mut command = scan.command(["scan", "--jobs", "1"]);
            command.arg(&folder);
            run::once(command).map_err(anyhow::Error::msg)
        };
        let samples = (0..=SCANS).map(|_| scan()).skip(1).collect::<Result<_, _>>()?;
        scans.push(Scan { dumps, samples });
    }
    Ok(scans)
}

pub(super) fn cpu(samples: &[Sample]) -> Spread {
    Spread::of(samples.iter().map(|sample| sample.cpu))
}

pub(super) fn peak(samples: &[Sample]) -> Spread {
    Spread::of(samples.iter().map(|sample| sample.peak))
}

fn wall(samples: &[Sample]) -> Spread {
    Spread::of(samples.iter().map(|sample| sample.wall))
}

/// The median of what not all systems tell.
fn median(samples: &[Sample], of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
    let known: Vec<f64> = samples.iter().filter_map(of).collect();
    (!known.is_empty()).then(|| Spread::of(known).median)
}

/// The dumps of one kind.
pub(super) fn of_dumps<'a>(results: &Results, dumps: impl Iterator<Item = &'a Measured>) -> Table {
    let mut table = Table::new(&[
        "dump",
        "program",
        "CPU, ms",
        "of leasts, x floor",
        "wall, ms",
        "peak RSS, MB",
        "read, MB",
        "cold: wall, ms",
        "cold: from disk, MB",
    ]);
    for dump in dumps {
        let mut name = dump.subject.name.as_str();
        for (row, program) in dump.rows.iter().zip(&results.programs) {
            let mut cells = vec![name.to_owned(), program.name.clone()];
            cells.extend(figures(results, dump, row));
            table.add(cells);
            name = "";
        }
    }
    table
}

fn figures(results: &Results, dump: &Measured, row: &Row) -> Vec<String> {
    let runs = match &row.runs {
        Ok(runs) if !runs.warm.is_empty() => runs,
        Ok(_) => return failed("was not run"),
        Err(error) => return failed(error),
    };
    let floor = dump.runs(Who::Floor).map(|floor| cpu(&runs.warm).min / cpu(&floor.warm).min);
    let start =
        results.start_of(row.who).and_then(|start| median(start, |sample| sample.read)).unwrap_or(0.0);
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
    vec![
        cpu(&runs.warm).to_string(),
        or_unknown(floor.map(|times| format!("{times:.2}"))),
        wall(&runs.warm).to_string(),
        peak(&runs.warm).to_string(),
        match row.who {
            Who::Harness | Who::Stackwalk | Who::Udmp => "mapped".to_owned(),
            _ => or_unknown(median(&runs.warm, |s| s.read).map(|read| format!("{:.2}", read - start))),
        },
        if runs.cold.is_empty() { "?".to_owned() } else { wall(&runs.cold).to_string() },
        or_unknown(from_disk(runs).map(|mb| format!("{mb:.1}"))),
    ]
}

fn from_disk(runs: &Runs) -> Option<f64> {
    median(&runs.cold, |sample| sample.disk)
}

fn failed(error: &str) -> Vec<String> {
    let mut cells = vec![error.to_owned()];
    cells.resize(7, String::new());
    cells
}

/// What the programs take to start and end.
pub(super) fn of_starts(results: &Results) -> Table {
    let mut table = Table::new(&["program", "CPU, ms", "peak RSS, MB"]);
    for (program, samples) in results.programs.iter().zip(&results.starts) {
        let distinct = !matches!(program.who, Who::Why | Who::Scan);
        if distinct && !samples.is_empty() {
            let name = if program.who == Who::Summary { "dumplens" } else { &program.name };
            table.add(vec![name.to_owned(), cpu(samples).to_string(), peak(samples).to_string()]);
        }
    }
    table
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
    /// What was measured.
    pub(super) fn all(results: &Results) -> &'static [Cost] {
        match results.start_instructions {
            Some(_) => &[Cost::Cpu, Cost::Instructions],
            None => &[Cost::Cpu],
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Cost::Cpu => "CPU",
            Cost::Instructions => "instructions",
        }
    }

    fn column(self) -> &'static str {
        match self {
            Cost::Cpu => "least CPU, ms",
            Cost::Instructions => "instructions, millions",
        }
    }

    fn of(self, runs: &Runs) -> Option<f64> {
        match self {
            Cost::Cpu => Some(cpu(&runs.warm).min),
            Cost::Instructions => runs.instructions,
        }
    }

    fn of_start(self, results: &Results, who: Who) -> f64 {
        let of = match self {
            Cost::Cpu => results.start_of(who).map(|start| cpu(start).min),
            Cost::Instructions => results.start_instructions,
        };
        of.unwrap_or(0.0)
    }
}

/// (n, cost) of a program on the dumps that differ in `n` only, in the order of `n`.
pub(super) fn points(
    results: &Results,
    who: Who,
    cost: Cost,
    n: impl Fn(&super::Subject) -> Option<u64>,
) -> Vec<(u64, f64)> {
    let at = |dump: &Measured| Some((n(&dump.subject)?, cost.of(dump.runs(who)?)?));
    let mut points: Vec<_> = results.dumps.iter().filter_map(at).collect();
    points.sort_by_key(|(n, _)| *n);
    points
}

/// Cost over regions, without what starting takes.
pub(super) fn region_points(results: &Results, who: Who, cost: Cost) -> Vec<(u64, f64)> {
    let start = cost.of_start(results, who);
    let all = points(results, who, cost, super::Subject::of_regions);
    all.into_iter().map(|(n, cost)| (n, cost - start)).collect()
}

/// Cost over threads, without what the dump with the fewest of them takes: most of that is the regions.
pub(super) fn thread_points(results: &Results, who: Who, cost: Cost) -> Vec<(u64, f64)> {
    let all = points(results, who, cost, super::Subject::of_threads);
    let Some((few, base)) = all.first().copied() else { return Vec::new() };
    all.into_iter().skip(1).map(|(n, cost)| (n - few, cost - base)).collect()
}

/// The exponents of all programs whose cost is known.
pub(super) fn of_growth(
    results: &Results,
    cost: Cost,
    of: fn(&Results, Who, Cost) -> Vec<(u64, f64)>,
) -> Table {
    let mut table = Table::new(&["program", cost.column(), "exponent between neighbours", "overall"]);
    for program in &results.programs {
        let points = of(results, program.who, cost);
        if points.len() < 2 {
            continue;
        }
        let costs: Vec<_> = points.iter().map(|(n, cost)| format!("{}: {cost:.2}", grouped(*n))).collect();
        let (between, overall) = growth::exponents(&points);
        let between: Vec<_> = between.iter().map(|k| format!("{k:.2}")).collect();
        table.add(vec![program.name.clone(), costs.join("; "), between.join("; "), format!("{overall:.2}")]);
    }
    table
}

pub(super) fn of_scans(results: &Results) -> Table {
    let mut table =
        Table::new(&["dumps in the folder", "CPU for each, ms", "wall for each, ms", "peak RSS, MB"]);
    for scan in &results.scans {
        let each = |of: fn(&Sample) -> f64| {
            Spread::of(scan.samples.iter().map(|sample| of(sample) / f64::from(scan.dumps))).to_string()
        };
        let peak = peak(&scan.samples).to_string();
        table.add(vec![grouped(scan.dumps.into()), each(|s| s.cpu), each(|s| s.wall), peak]);
    }
    table
}
