//! docs/performance.md.

use super::goals::Goal;
use super::programs::Who;
use super::{Results, tables};
use crate::bench::table::Table;
use crate::bench::{machine, number};
use crate::cargo;

pub(super) fn render(results: &Results, goals: &[Goal]) -> anyhow::Result<String> {
    let behind = list(results.waits.behind.iter().cloned());
    let parts = [
        format!("# Performance\n\n{FIRST}\n\n{}", results.waits.table().markdown()),
        method(results)?,
        section("Other programs", &compared(results), &tables::compared(results)),
        format!("{CELLS}\n\n{}\n{}", programs(results).markdown(), list(tables::without(results))),
        section("Goals", GOALS, &goals_table(goals)),
        format!("## Round trips\n\n{behind}"),
        notes(results),
    ];
    Ok(parts.join("\n"))
}

fn section(title: &str, text: &str, table: &Table) -> String {
    format!("## {title}\n\n{text}\n\n{}", table.markdown())
}

fn list(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(String::new(), |list, line| list + "- " + &line + "\n")
}

fn method(results: &Results) -> anyhow::Result<String> {
    let lines = [
        format!("dumplens {}. {}", cargo::locked_version("dumplens")?, machine::describe()),
        format!("`cargo xtask peers --write` measured it in one run of {} s.", results.took.as_secs()),
        "*Before* is the figure when the goal was set.".to_owned(),
    ];
    Ok(format!("## Method\n\n{}{METHOD}", list(lines)))
}

fn compared(results: &Results) -> String {
    format!("CPU and peak RSS, medians of {} runs, all programs in turn. {COMPARED}", results.runs)
}

fn goals_table(goals: &[Goal]) -> Table {
    let mut table = Table::new(&["goal", "found", ""]);
    for goal in goals {
        let verdict = if goal.met { "met" } else { "**not met**" };
        table.add(vec![goal.wanted.clone(), goal.found.clone(), verdict.to_owned()]);
    }
    table
}

fn programs(results: &Results) -> Table {
    let mut table = Table::new(&["program", "what it answers", "same totals as dumplens"]);
    for program in &results.programs {
        let checked = match program.who {
            Who::Harness | Who::PypiMinidump | Who::Udmp => equal(results, program.who),
            _ => String::new(),
        };
        table.add(vec![program.name.clone(), program.who.answers().to_owned(), checked]);
    }
    table
}

fn equal(results: &Results, who: Who) -> String {
    let found: Vec<_> = results.dumps.iter().filter_map(|dump| dump.runs(who)).collect();
    let what = found.first().map_or(String::new(), |runs| runs.same.join(", "));
    let all = results.dumps.iter().filter(|dump| dump.subject.is_compared() && dump.is_measured()).count();
    format!("on {} of {all} dumps: {what}", found.len())
}

fn notes(results: &Results) -> String {
    let mut lines = Vec::new();
    if let Some(peak) = results.own_peak {
        lines.push(format!(
            "Linux counts the measuring process into a peak: one near {:.1} MB may be less.",
            number::mb(peak)
        ));
    }
    lines.extend(results.skipped.iter().map(|line| format!("Left out: {line}.")));
    format!("## Notes\n\n{NOTES}{}", list(lines))
}

const FIRST: &str = "\
dumplens answers a question about a small dump in a few milliseconds, and scans a folder of 10,000 of them in
seconds. The length of its lists and the number of its threads count, the size of a dump hardly. A dump
on a share or behind a server takes some dozen round trips.";

const METHOD: &str = "\
- CPU is user and system time of the process from start to end, the least of several runs.
- Where the start counts, the first of two figures is that of the static program that releases for Linux contain (musl).
- Each file was read once, sequentially, before it was measured: the page cache is warm.
- Folders contain hard links to one dump of 100 kB. `scan` ran with `--jobs 1`.
- Lists of regions are irregular, as those of real processes: 50 to 70% of the steps can be predicted. Periodic
  lists repeat the same few regions. Starting the program is not part of that comparison.
- The pass that only tallies adds up bytes by state, type and protection, and checks nothing. It stands beside the list
  alone: of both, what the same dump takes with 10,000 regions is subtracted. The rest is the start of the program, and
  in `summary` 300 modules and 200 threads, which a tally does not look at. Both programs run in turn, on both dumps: one
  that reads the same 10 MB over and over finds them in the processor's cache.
- A round trip is one read, or up to 64 reads at the same time. A source that waits 5 ms for each counts them.
- The census reads generated memory: objects with vftables, pointers, numbers, text, zeros, floating-point numbers
  and noise. The 18 GiB are 1 GiB in the file, to which 18 entries of the memory list point.
";

const COMPARED: &str = "\
Generated dumps have 300 modules; their memory is sparse. Real dumps are not part of the project.";

const CELLS: &str = "\
No two programs answer the same. One that prints totals must print those of dumplens, or it is not measured on
that dump (—).";

const GOALS: &str = "\
Against other programs medians decide, without the CPU of the short harness, which answers one question. An
exponent of 1 is linear growth; starting the program, or for threads the dump with 10 of them, is subtracted.";

const NOTES: &str = "\
- MB: 10^6 bytes. The sizes of dumps use powers of 1024.
- The RSS of a program that maps the dump includes the pages that it touched.
- On Windows, up to 32 places of a file are read at the same time, each by a handle of its own. No share was measured.
";
