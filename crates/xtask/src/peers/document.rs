//! docs/performance.md.

use super::goals::Goal;
use super::programs::Who;
use super::tables::Cost;
use super::{Measured, Results, tables};
use crate::bench::table::Table;
use crate::bench::{machine, number};
use crate::cargo;

pub(super) fn render(results: &Results, goals: &[Goal]) -> anyhow::Result<String> {
    let dumps = |of: fn(&Measured) -> bool| {
        tables::of_dumps(results, results.dumps.iter().filter(move |dump| of(dump))).markdown()
    };
    let mut parts = vec![
        head(results),
        method(results)?,
        section("Beside other programs", GOALS, &goals_table(goals)),
        section("What is compared", COMPARED, &programs(results)),
    ];
    parts.push(format!("## Regions\n\n{REGIONS}\n\n{}", dumps(|d| d.subject.of_regions().is_some())));
    parts.push(growth(results, "How cost grows with regions", GROWTH, tables::region_points));
    parts.push(format!("## Size\n\n{SIZE}\n\n{}", dumps(|d| d.subject.of_size().is_some())));
    parts.push(format!("## Threads\n\n{THREADS}\n\n{}", dumps(|d| d.subject.of_threads().is_some())));
    parts.push(growth(results, "How cost grows with threads", THREAD_GROWTH, tables::thread_points));
    if results.dumps.iter().any(|dump| dump.subject.shape.is_none()) {
        parts.push(format!("## Real dumps\n\n{REAL}\n\n{}", dumps(|d| d.subject.shape.is_none())));
    }
    parts.push(section("Folders", FOLDERS, &tables::of_scans(results)));
    parts.push(section("Starting", STARTING, &tables::of_starts(results)));
    parts.push(notes(results));
    Ok(parts.join("\n"))
}

fn section(title: &str, text: &str, table: &Table) -> String {
    format!("## {title}\n\n{text}\n\n{}", table.markdown())
}

fn growth(
    results: &Results,
    title: &str,
    text: &str,
    points: fn(&Results, Who, Cost) -> Vec<(u64, f64)>,
) -> String {
    let table = |cost: &Cost| tables::of_growth(results, *cost, points).markdown();
    let tables: Vec<_> = Cost::all(results).iter().map(table).collect();
    format!("## {title}\n\n{text}\n\n{}", tables.join(&format!("\n{INSTRUCTIONS}\n\n")))
}

fn head(results: &Results) -> String {
    format!(
        "# Performance\n\n{FIRST}\n\n{}\n`before` is what the issue that set these goals found.\n",
        results.waits.table().markdown(),
    )
}

fn method(results: &Results) -> anyhow::Result<String> {
    let behind: Vec<String> = results.waits.behind.iter().map(|line| format!("- {line}")).collect();
    let behind = behind.join("\n") + "\n";
    Ok(format!(
        "## Method\n\nWritten by `cargo xtask peers --write`, with whatever it found, met or not. dumplens {}.\n\
         {}\nMedians of {} runs (least..most), of programs that take more than a second of 3; all programs in turn, \
         page cache warm unless a column says cold.\n\n{WAITS}\n\n{behind}",
        cargo::locked_version("dumplens")?,
        machine::describe(),
        results.runs,
    ))
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
    let mut table = Table::new(&["program", "what it answers", "checked against dumplens' totals"]);
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
    format!("equal on {} of {} dumps: {what}", found.len(), results.dumps.len())
}

fn notes(results: &Results) -> String {
    let mut text = NOTES.to_owned();
    if let Some(peak) = results.own_peak {
        let own = number::mb(peak);
        text += &format!(
            "- Linux counts the measuring process into a peak: an RSS near {own:.1} MB may be less.\n"
        );
    }
    for line in &results.skipped {
        text += &format!("- Skipped: {line}.\n");
    }
    text + &format!("- Measuring took {} s.\n", results.took.as_secs())
}

const FIRST: &str = "A small dump is answered in a few milliseconds, and a folder of ten thousand in some seconds. A dump of 20 GB costs its \
                     lists and the stacks of its threads, wherever it lies: on a share or behind a server it takes some \
                     dozen round trips. Memory does not grow with the number of dumps.";
const WAITS: &str = "The table above: CPU is user and system time, the least of many runs. Folders hold hard links to one dump of 100 kB, \
                     read one at a time (`--jobs 1`). Regions are those of a process of 20 GB with 200 threads; CPU is \
                     compared without what starting takes, but for the pass that tallies, and the first bytes of the dump were \
                     read once before. A round trip is a read, or up to 64 reads at the same time; a source that takes 5 ms \
                     for each counts them:";
const GOALS: &str = "Medians decide where programs are compared, leasts where growth is. Times of some ms vary with what else the \
                     machine does, instructions do not.";
const COMPARED: &str = "No two of these programs do the same. A peer that tells totals must find those of dumplens, or \
                        it is not timed on that dump; the tables say so.";
const REGIONS: &str = "Sparse dumps of 20 GB with 200 threads and 300 modules. `x floor`: how many times the least \
                       CPU of the bare pass over the bytes before the memory.";
const GROWTH: &str = "Least CPU without the least that starting the program takes. 1 is linear; below 1, what every \
                      dump costs (threads, modules) weighs.";
const SIZE: &str = "The same 10,000 regions, with more memory in them.";
const THREADS: &str = "50,000 regions, 20 GB, 300 modules.";
const THREAD_GROWTH: &str =
    "Least CPU without that of the dump with 10 threads, over the threads beyond those 10.";
const INSTRUCTIONS: &str = "The same in instructions of user mode, as valgrind counts them: from run to run they differ by less than 1%.";
const REAL: &str = "Dumps of programs that were run. They are not part of the project.";
const FOLDERS: &str = "`dumplens scan --jobs 1` on names of the dump of 10,000 regions and 20 GB. No peer reads folders: \
                       one needs a process for each dump, with the figures above.";
const STARTING: &str = "What the programs take with nothing to do: `--version`, or a script that only imports its \
                        package. It is part of the figures above, except where growth is told.";
const NOTES: &str = "## Notes\n\n\
                     - CPU: user and system time, from the start of the process to its end. MB: 10^6 bytes; the \
                     sizes of dumps are in 2^20 and 2^30.\n\
                     - RSS: with what a program that maps the dump touched of it.\n\
                     - Read: what the process read by calls (rchar of /proc), without what starting reads. Of a \
                     program that maps the dump no count is kept: `mapped`.\n\
                     - Cold: the dump was put out of the page cache before (posix_fadvise); the programs were not. \
                     From disk: read_bytes of /proc, with what the kernel reads ahead. Of sparse dumps the holes cost \
                     no disk, so cold figures of real disks and real dumps are higher.\n\
                     - Where medians and leasts tell different stories, the machine had other work.\n";
