//! What the benchmark prints: machine, table, goals.

use std::fmt::Write as _;

use super::goals::Goal;
use super::number::{grouped, mb};
use super::spread::{Ratio, Spread};
use super::table::Table;
use super::{Measured, Results, Series, machine};
use crate::cargo;

const COLUMNS: [&str; 7] =
    ["regions", "program", "CPU, ms", "wall, ms", "peak RSS, MB", "read, MB", "times less CPU than minidump"];

impl Series {
    /// Milliseconds.
    pub(super) fn cpu(&self) -> Spread {
        Spread::of(self.samples.iter().map(|sample| sample.cpu.as_secs_f64() * 1e3))
    }

    fn wall(&self) -> Spread {
        Spread::of(self.samples.iter().map(|sample| sample.wall.as_secs_f64() * 1e3))
    }

    /// MB.
    pub(super) fn peak(&self) -> Spread {
        Spread::of(self.samples.iter().map(|sample| mb(sample.peak)))
    }
}

pub(super) fn render(results: &Results, goals: &[Goal], markdown: bool) -> anyhow::Result<String> {
    let (table, goals) = (table(&results.dumps), goals_table(goals));
    let (table, goals) =
        if markdown { (table.markdown(), goals.markdown()) } else { (table.plain(), goals.plain()) };
    Ok(format!("{}\n{table}\n{}\n{goals}", heading(results.runs)?, notes(results.own_peak)))
}

fn heading(runs: u32) -> anyhow::Result<String> {
    let mut text = format!(
        "Totals and largest free region of sparse 20 GiB dumps (200 threads, 300 modules): dumplens {}\n\
         against 40 lines on minidump {}. Medians of {runs} runs (least..most), page cache warm.\n",
        cargo::locked_version("dumplens")?,
        cargo::locked_version("minidump")?,
    );
    let _ = writeln!(text, "{}", machine::describe()); // writing to a String cannot fail
    Ok(text)
}

fn table(measured: &[Measured]) -> Table {
    let mut table = Table::new(&COLUMNS);
    for m in measured {
        let metadata = mb(m.dump.metadata);
        let times = mb(m.read) / metadata;
        let read = format!("{:.2}, {times:.2} x metadata", mb(m.read));
        table.add(row(m, &grouped(m.dump.regions), &m.dumplens, read));
        table.add(row(m, "", &m.harness, "mapped".to_owned()));
        table.add(row(m, "", &m.floor, format!("{metadata:.2}, the metadata")));
    }
    table
}

fn row(measured: &Measured, regions: &str, series: &Series, read: String) -> Vec<String> {
    vec![
        regions.to_owned(),
        series.program.clone(),
        series.cpu().to_string(),
        series.wall().to_string(),
        series.peak().to_string(),
        read,
        Ratio::of(measured.harness.cpu(), series.cpu()).to_string(),
    ]
}

fn goals_table(goals: &[Goal]) -> Table {
    let mut table = Table::new(&["goal", "found", ""]);
    for goal in goals {
        let verdict = if goal.met { "met" } else { "not met" };
        table.add(vec![goal.wanted.clone(), goal.found.clone(), verdict.to_owned()]);
    }
    table
}

fn notes(own_peak: Option<u64>) -> String {
    let mut text = "CPU: user and system time of the process, its start included. Where medians and leasts tell \
                    different stories,\nthe machine had other work. RSS: with what a program that maps the dump \
                    touched of it. MB: 10^6 bytes.\n`read only` reads the metadata once, in pieces of 128 KiB, and \
                    does nothing with it.\n"
        .to_owned();
    if let Some(peak) = own_peak {
        let own = mb(peak);
        let _ = writeln!(
            text,
            "Linux counts the measuring process into a peak: an RSS near {own:.1} MB may be less."
        );
    }
    text
}
