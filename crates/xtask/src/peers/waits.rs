//! Where users wait: the table at the head of docs/performance.md.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use dumplens_analyzer::Question;
use dumplens_synth::presets::heaps::leak;
use dumplens_synth::{Width, presets};

use super::far;
use super::programs::Program;
use super::run::{Sample, cpu, peak, samples};
use super::subjects::Subject;
use super::{census, folders, regions};
use crate::bench::dumps::{BenchDump, Shape};
use crate::bench::number::grouped;
use crate::bench::table::Table;

/// How often a command of some ms is run.
pub(super) const RUNS: u32 = 40;
const LARGE_BLOCKS: u64 = 20_000;

/// One row: what was measured, what it was before, what it is now, and what it is to be.
struct Row {
    place: String,
    before: &'static str,
    now: String,
    goal: &'static str,
    /// `None` where no goal is set.
    met: Option<bool>,
}

/// What was measured, and more about how.
#[derive(Default)]
pub(super) struct Waits {
    rows: Vec<Row>,
    /// Lines on what is behind the rows.
    pub(super) behind: Vec<String>,
}

impl Waits {
    pub(super) fn add(
        &mut self,
        place: impl Into<String>,
        before: &'static str,
        now: String,
        goal: &'static str,
        met: Option<bool>,
    ) {
        self.rows.push(Row { place: place.into(), before, now, goal, met });
    }

    pub(super) fn are_met(&self) -> bool {
        self.rows.iter().all(|row| row.met != Some(false))
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

/// Measures what dumplens takes as a program, and returns the least CPU of a start in ms. What this process does itself comes
/// later ([`distance`]): it would count into the peaks. `released` is the program of a release, if there is one.
pub(super) fn measure(dir: &Path, own: &Program, released: Option<&Program>) -> anyhow::Result<(Waits, f64)> {
    let mut waits = Waits::default();
    let small = small(dir)?;
    folders::measure(dir, own, &small, &mut waits)?;
    let programs: Vec<&Program> = released.into_iter().chain([own]).collect();
    let mut brief = |place: &str, before, goal, most, arguments: &dyn Fn(&mut Command)| {
        let took = |program: &&Program| anyhow::Ok(cpu(&runs(program, 2 * RUNS, arguments)?).min);
        let all = programs.iter().map(took).collect::<anyhow::Result<Vec<f64>>>()?;
        let (first, last) = (all[0], all[all.len() - 1]);
        let built = if all.len() > 1 { format!("; {last:.2} ms built as in README") } else { String::new() };
        waits.add(place, before, format!("{first:.2} ms{built}"), goal, Some(first < most));
        anyhow::Ok(last)
    };
    brief("`why` of a small dump, CPU", "2.8 ms", "under 2 ms", 2.0, &|command| {
        command.arg("why").arg(&small);
    })?;
    let start = brief("start, CPU", "1.1 ms", "under 0.8 ms", 0.8, &|command| {
        command.arg("--version");
    })?;
    regions::measure(dir, own, start, &mut waits)?;
    census::measure(dir, own, &mut waits)?;
    Ok((waits, start))
}

/// Counts round trips. Each takes 5 ms.
pub(super) fn distance(dir: &Path, real: &[Subject], waits: &mut Waits) -> anyhow::Result<()> {
    let why = |before, goal, most, seconds| Far { question: Question::Why, before, goal, most, seconds };
    let at = "5 ms away";
    for (threads, far) in [
        (200, why("1,666 round trips, 12 s", "30 in 0.5 s", 30, 0.5)),
        (1000, why("8,127 round trips, 55 s", "60 in 0.5 s", 60, 0.5)),
    ] {
        let dump = BenchDump::find_or_make(dir, Shape { threads, ..Shape::of_regions(50_000) })?;
        let place = format!("`why` of {} threads, {at}", grouped(threads.into()));
        prime(&dump.path, dump.metadata)?;
        trips(waits, &place, &dump.path, &far)?;
    }
    let size = |subject: &&Subject| fs::metadata(&subject.path).map_or(0, |data| data.len());
    if let Some(largest) = real.iter().max_by_key(size) {
        let place = format!("`why` of the real dump {}, {at}", largest.name);
        prime(&largest.path, largest.head)?;
        trips(waits, &place, &largest.path, &why("767 round trips, 7 s", "60 in 0.5 s", 60, 0.5))?;
    }
    let path = dir.join(format!("{LARGE_BLOCKS}-large-blocks.dmp"));
    if !path.exists() {
        let moment = leak::Moment { blocks: LARGE_BLOCKS, allocations: 0, ..leak::BEFORE };
        leak::leak(Width::W64, moment).write_file(&path)?;
    }
    let place = format!("heaps with {} large blocks, {at}", grouped(LARGE_BLOCKS));
    prime(&path, u64::MAX)?;
    let lists = Far { question: Question::Lists, ..why("30,000 round trips, 150 s", "600 in 3 s", 600, 3.0) };
    trips(waits, &place, &path, &lists)
}

/// A question that is asked from far away, and what it may take.
struct Far {
    question: Question,
    before: &'static str,
    goal: &'static str,
    /// Round trips.
    most: u64,
    seconds: f64,
}

fn trips(waits: &mut Waits, place: &str, path: &Path, far: &Far) -> anyhow::Result<()> {
    eprintln!("{place} ...");
    let far::Cost { trips, reads, bytes, wall } = far::cost(path, far.question)?;
    let megabytes = bytes as f64 / 1e6;
    waits.behind.push(format!(
        "{place}: {} round trips, with {} reads of {megabytes:.1} MB in total.",
        grouped(trips),
        grouped(reads),
    ));
    let now = format!("{} round trips, {wall:.2} s", grouped(trips));
    waits.add(place, far.before, now, far.goal, Some(trips <= far.most && wall < far.seconds));
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

/// Reads the first bytes once, one after the other, so that what follows finds them in the page cache. Returns how many
/// there were.
pub(super) fn prime(path: &Path, bytes: u64) -> io::Result<u64> {
    io::copy(&mut io::Read::take(File::open(path)?, bytes), &mut io::sink())
}

/// Runs dumplens with some arguments.
pub(super) fn runs(own: &Program, runs: u32, args: impl Fn(&mut Command)) -> anyhow::Result<Vec<Sample>> {
    samples(runs, || {
        let mut command = own.command::<_, &str>([]);
        args(&mut command);
        command
    })
}

/// Least CPU in ms, and greatest peak in MB.
pub(super) fn least(samples: &[Sample]) -> (f64, f64) {
    (cpu(samples).min, peak(samples).max)
}
