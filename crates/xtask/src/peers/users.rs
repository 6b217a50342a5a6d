//! Where users wait: the table at the head of docs/performance.md, and the rows that it is made of.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use dumplens_analyzer::Question;
use dumplens_synth::presets::heaps::leak;
use dumplens_synth::{Width, presets};

use super::far;
use super::programs::{Program, Who};
use super::run::{self, Sample};
use super::subjects::Subject;
use super::tables::{cpu, peak};
use crate::bench::dumps::{BenchDump, Shape};
use crate::bench::number::grouped;
use crate::bench::table::Table;
use crate::cargo;

/// How often a command of some ms is run.
const RUNS: u32 = 40;
/// Names of one file that a file system allows, and some more.
const NAMES: u32 = 50_000;
const LARGE_BLOCKS: u64 = 20_000;

/// One row: what was measured, what it was before, what it is now, and what it is to be.
pub(super) struct Row {
    pub(super) place: String,
    pub(super) before: &'static str,
    pub(super) now: String,
    pub(super) goal: &'static str,
    /// `None` where no goal is set.
    pub(super) met: Option<bool>,
}

/// What was measured, and more about how.
#[derive(Default)]
pub(super) struct Waits {
    pub(super) rows: Vec<Row>,
    /// Lines on what is behind the rows.
    pub(super) behind: Vec<String>,
}

impl Waits {
    fn add(
        &mut self,
        place: impl Into<String>,
        before: &'static str,
        now: String,
        goal: &'static str,
        met: Option<bool>,
    ) {
        self.rows.push(Row { place: place.into(), before, now, goal, met });
    }

    /// The table.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(&["where users wait", "before", "now", "goal", ""]);
        for row in &self.rows {
            let verdict = match row.met {
                None => "",
                Some(true) => "met",
                Some(false) => "**not met**",
            };
            let cells = [&row.place, row.before, &row.now, row.goal, verdict];
            table.add(cells.map(str::to_owned).to_vec());
        }
        table
    }
}

/// Measures what programs take. What this process does itself comes later: it would count into their peaks.
pub(super) fn of_programs(dir: &Path, programs: &[Program], waits: &mut Waits) -> anyhow::Result<()> {
    let own = programs.iter().find(|program| program.who == Who::Summary).context("dumplens")?;
    let small = small(dir)?;
    folders(dir, own, &small, waits)?;
    let why = least(own, RUNS, |command| command.arg("why").arg(&small))?;
    waits.add(
        "`why` of a small dump, CPU",
        "2.8 ms",
        format!("{:.2} ms", why.0),
        "under 2 ms",
        Some(why.0 < 2.0),
    );
    let start = least(own, RUNS, |command| command.arg("--version"))?;
    waits.add("start, CPU", "1.1 ms", format!("{:.2} ms", start.0), "under 0.8 ms", Some(start.0 < 0.8));
    regions(dir, own, start.0, waits)?;
    census(dir, own, waits)
}

/// Folders of many names of one dump, and a dump in one of them.
fn folders(dir: &Path, own: &Program, small: &Path, waits: &mut Waits) -> anyhow::Result<()> {
    let mut each = Vec::new();
    for (count, runs) in [(100, 5), (10_000, 3), (100_000, 1)] {
        eprintln!("a folder of {} names ...", grouped(count.into()));
        let folder = folder(dir, small, count)?;
        let (cpu, peak) = least(own, runs, |command| command.args(["scan", "--jobs", "1"]).arg(&folder))?;
        each.push((count, cpu, peak));
    }
    let [(_, few, few_peak), (_, many, _), (_, most, most_peak)] = each[..] else { return Ok(()) };
    let (now, met) = (format!("{:.2} s", many / 1e3), many < 2500.0);
    waits.add("`scan` of 10,000 small dumps in one folder, CPU", "4.8 s", now, "under 2.5 s", Some(met));
    let a_dump = |cpu: f64, count: u32| cpu / f64::from(count);
    let (first, last) = (a_dump(few, 100), a_dump(most, 100_000));
    waits.add(
        "a dump of 100, and of 100,000",
        "",
        format!("{first:.3} and {last:.3} ms; peak RSS {few_peak:.1} and {most_peak:.1} MB"),
        "the same",
        Some(last <= 1.1 * first && most_peak <= 1.5 * few_peak),
    );
    let beside = folder(dir, small, 10_000)?.join("0.dmp");
    let beside = least(own, RUNS, |command| command.arg("why").arg(&beside))?.0;
    let alone = folder(dir, small, 1)?.join("0.dmp");
    let alone = least(own, RUNS, |command| command.arg("why").arg(&alone))?.0;
    let now = format!("{beside:.2} and {alone:.2} ms");
    waits.add(
        "`why` beside 10,000 dumps, and alone, CPU",
        "8.6 and 2.3 ms",
        now,
        "the same",
        Some(beside <= 1.1 * alone),
    );
    Ok(())
}

/// Lists of regions that follow one another as they do in real processes.
fn regions(dir: &Path, own: &Program, start: f64, waits: &mut Waits) -> anyhow::Result<()> {
    let tally = cargo::build("dumplens-xtask", "tally")?;
    for (regions, runs) in [(200_000, 15), (1_000_000, 9)] {
        eprintln!("{} regions ...", grouped(regions));
        let shape = Shape::of_regions(regions);
        let irregular = BenchDump::find_or_make(dir, shape)?;
        let periodic = BenchDump::find_or_make(dir, Shape { irregular: false, ..shape })?;
        let summary = |dump: &BenchDump| {
            prime(&dump.path, dump.metadata)?;
            anyhow::Ok(least(own, runs, |command| command.arg("summary").arg(&dump.path))?.0)
        };
        let (now, before) = (summary(&irregular)?, summary(&periodic)?);
        let times = (now - start) / (before - start);
        waits.add(
            format!("`summary` of {} irregular regions, against periodic ones", grouped(regions)),
            "2 to 4 times",
            format!("{times:.2} times ({now:.1} and {before:.1} ms)"),
            "1.3 times",
            Some(times <= 1.3),
        );
        let pass = samples(runs, || {
            let mut command = std::process::Command::new(&tally);
            command.arg(&irregular.path).stdout(std::process::Stdio::null());
            command
        })?;
        let pass = cpu(&pass).min;
        let times = now / pass;
        let goal = (regions == 200_000).then_some(times <= 1.5);
        waits.add(
            format!("the same, against a pass that only tallies ({pass:.1} ms)"),
            "",
            format!("{times:.2} times"),
            if goal.is_some() { "1.5 times" } else { "" },
            goal,
        );
        if regions == 1_000_000 {
            let (html, _) =
                least(own, 3, |command| command.args(["report", "--format", "html"]).arg(&irregular.path))?;
            waits.add(
                "`report --format html` of 1,000,000 regions, CPU",
                "103 ms",
                format!("{html:.0} ms"),
                "stay",
                Some(html <= 1.25 * 103.0),
            );
        }
    }
    Ok(())
}

/// `census` of a process whose heap is full, against reading its bytes once.
fn census(dir: &Path, own: &Program, waits: &mut Waits) -> anyhow::Result<()> {
    let dump = dir.join("census-200-large-blocks.dmp");
    if !dump.exists() {
        let moment = leak::Moment { blocks: 120, allocations: 2000, ..leak::BEFORE };
        leak::leak(Width::W64, moment).write_file(&dump)?;
    }
    let bytes = prime(&dump, u64::MAX)?;
    let floor = cargo::build("dumplens-xtask", "read_floor")?;
    let pass = cpu(&samples(3, || {
        let mut command = std::process::Command::new(&floor);
        command.arg(&dump).arg(bytes.to_string());
        command
    })?)
    .min;
    for (name, args) in [("sampled", &["census"][..]), ("`--all`", &["census", "--all"])] {
        let (now, _) = least(own, 3, |command| command.args(args).arg(&dump))?;
        waits.add(
            format!("`census` of {} MB, {name}, CPU; reading it takes {pass:.0} ms", bytes / 1_000_000),
            "",
            format!("{now:.0} ms"),
            "",
            None,
        );
    }
    Ok(())
}

/// Counts round trips. Each takes 5 ms.
pub(super) fn of_distance(dir: &Path, real: &[Subject], waits: &mut Waits) -> anyhow::Result<()> {
    for (threads, before, goal, most) in [
        (200, "1,666 round trips, 12 s", "30, under 0.5 s", 30),
        (1000, "8,127 round trips, 55 s", "60, under 0.5 s", 60),
    ] {
        let dump = BenchDump::find_or_make(dir, Shape { threads, ..Shape::of_regions(50_000) })?;
        let place = format!("`why` of {} threads, 5 ms away", grouped(threads.into()));
        trips(waits, place, &dump.path, Question::Why, before, goal, most)?;
    }
    let largest = real.iter().filter(|subject| subject.shape.is_none());
    if let Some(subject) =
        largest.max_by_key(|subject| fs::metadata(&subject.path).map_or(0, |data| data.len()))
    {
        let place = format!("`why` of the real dump {}, 5 ms away", subject.name);
        trips(waits, place, &subject.path, Question::Why, "767 round trips, 7 s", "60, under 0.5 s", 60)?;
    }
    let path = dir.join(format!("{LARGE_BLOCKS}-large-blocks.dmp"));
    if !path.exists() {
        let moment = leak::Moment { blocks: LARGE_BLOCKS, allocations: 0, ..leak::BEFORE };
        leak::leak(Width::W64, moment).write_file(&path)?;
    }
    let place = format!("heaps with {} large blocks, 5 ms away", grouped(LARGE_BLOCKS));
    trips(waits, place, &path, Question::Lists, "30,000 round trips, 150 s", "600, under 3 s", 600)
}

fn trips(
    waits: &mut Waits,
    place: String,
    path: &Path,
    question: Question,
    before: &'static str,
    goal: &'static str,
    most: u64,
) -> anyhow::Result<()> {
    eprintln!("{place} ...");
    let far::Cost { trips, reads, bytes, wall } = far::cost(path, question)?;
    let behind =
        format!("{place}: {trips} round trips with {reads} reads of {:.1} MB together.", bytes as f64 / 1e6);
    waits.behind.push(behind);
    waits.add(place, before, format!("{trips} round trips, {wall:.2} s"), goal, Some(trips <= most));
    Ok(())
}

/// A small dump: two threads, and memory of 100 kB.
fn small(dir: &Path) -> anyhow::Result<PathBuf> {
    let path = dir.join("small").join("small.dmp");
    if !path.exists() {
        fs::create_dir_all(dir.join("small"))?;
        presets::tiny().write_file(&path)?;
    }
    Ok(path)
}

/// A folder with so many names of one dump.
fn folder(dir: &Path, dump: &Path, count: u32) -> anyhow::Result<PathBuf> {
    let folder = dir.join(format!("names-{count}"));
    fs::create_dir_all(&folder)?;
    let mut of = dump.to_owned();
    for number in 0..count {
        if number % NAMES == 0 && number > 0 {
            of = dump.with_extension(format!("{number}.dmp"));
            fs::copy(dump, &of)?;
        }
        let name = folder.join(format!("{number}.dmp"));
        match fs::hard_link(&of, &name) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    Ok(folder)
}

/// Reads the first bytes once, one after the other, so that what follows finds them in the page cache. Returns how many
/// there were.
pub(super) fn prime(path: &Path, bytes: u64) -> io::Result<u64> {
    io::copy(&mut io::Read::take(File::open(path)?, bytes), &mut io::sink())
}

/// Least CPU in ms, and greatest peak in MB.
fn least(
    own: &Program,
    runs: u32,
    args: impl Fn(&mut std::process::Command) -> &mut std::process::Command,
) -> anyhow::Result<(f64, f64)> {
    let samples = samples(runs, || {
        let mut command = own.command::<_, &str>([]);
        args(&mut command);
        command
    })?;
    Ok((cpu(&samples).min, peak(&samples).max))
}

/// Some runs, after one that warms up.
fn samples(runs: u32, command: impl Fn() -> std::process::Command) -> anyhow::Result<Vec<Sample>> {
    let once = || run::once(command()).map_err(anyhow::Error::msg);
    if runs > 1 {
        once()?;
    }
    (0..runs).map(|_| once()).collect()
}
