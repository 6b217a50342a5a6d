//! `cargo xtask peers`: what dumplens costs where users wait, and what other readers of dumps cost on the same dumps.
//!
//! Programs that can be had are installed into a directory of their own; one that cannot is left out, and said to be.
//! Each is run as a process, all of them in turn. What it prints is docs/performance.md.

mod census;
mod document;
mod far;
mod filled;
mod folders;
mod goals;
mod growth;
mod install;
mod instructions;
mod programs;
mod regions;
mod run;
mod subjects;
mod tables;
mod totals;
mod waits;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;

use crate::cargo;
use programs::{Program, Who};
use run::Sample;
use subjects::Subject;
use waits::Waits;

/// Compare dumplens with the other readers of dumps, and write docs/performance.md
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where dumps and peers are, or are to be put; by default `bench` in cargo's target directory
    #[arg(long)]
    dir: Option<PathBuf>,
    /// A folder of real dumps, also packed ones (.dmp.zst); by default `dumps` of the team's reference folder
    #[arg(long)]
    real: Option<PathBuf>,
    /// The static program of a release for Linux (musl): where the start counts, it is measured too
    #[arg(long = "static")]
    released: Option<PathBuf>,
    /// Measurements of each program on each dump, fewer of those that take long
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Measure only where users wait, and print that: some minutes less
    #[arg(long, conflicts_with = "write")]
    waits: bool,
    /// Write docs/performance.md instead of printing it
    #[arg(long)]
    write: bool,
    /// Exit with 1 if a goal is not met
    #[arg(long)]
    check: bool,
}

/// What a program gave on a dump.
struct Row {
    who: Who,
    runs: Result<Runs, String>,
}

/// What a program took on a dump.
#[derive(Default)]
struct Runs {
    samples: Vec<Sample>,
    /// What was compared with dumplens' totals, and equal; empty where the program tells no totals.
    same: Vec<&'static str>,
    /// Millions of instructions, of dumplens on dumps that were made to show growth.
    instructions: Option<f64>,
}

/// Everything measured on one dump.
struct Measured {
    subject: Subject,
    rows: Vec<Row>,
}

/// Everything measured.
struct Results {
    programs: Vec<Program>,
    /// What dumplens takes to start and end: least CPU in ms, and millions of instructions.
    start: (f64, Option<f64>),
    dumps: Vec<Measured>,
    /// Where users wait.
    waits: Waits,
    /// Lines on what could not be had.
    skipped: Vec<String>,
    runs: u32,
    own_peak: Option<u64>,
    took: std::time::Duration,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let dir = match &options.dir {
        Some(dir) => dir.clone(),
        None => cargo::target_dir()?.join("bench"),
    };
    let dir = std::path::absolute(dir)?;
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let mut skipped = Vec::new();
    let own = programs::own()?;
    let real = subjects::real(&dir, options.real.as_deref(), &mut skipped)?;
    let others = if options.waits { Vec::new() } else { programs::others(&dir, &mut skipped)? };
    let begun = Instant::now();
    let released = options.released.as_deref().map(programs::released);
    let (mut waits, start) = waits::measure(&dir, &own[0], released.as_ref())?;
    if options.waits {
        waits::distance(&dir, &real, &mut waits)?;
        print!("{}", waits.table().plain());
        waits.behind.iter().for_each(|line| println!("{line}"));
        return Ok(code(options, waits.are_met()));
    }
    let programs: Vec<Program> = own.into_iter().chain(others).collect();
    let start = (start, instructions::of(&programs[0].starting()));
    if start.1.is_none() {
        skipped.push("instructions could not be counted: that takes valgrind".to_owned());
    }
    let made = subjects::made(&dir)?;
    let distant: Vec<Subject> = real.clone();
    let dumps =
        made.into_iter().chain(real).map(|subject| measure(subject, &programs, options.runs)).collect();
    let own_peak = run::own_peak();
    waits::distance(&dir, &distant, &mut waits)?;
    let (runs, took) = (options.runs, begun.elapsed());
    let results = Results { programs, start, dumps, waits, skipped, runs, own_peak, took };
    let goals = goals::of(&results);
    let text = document::render(&results, &goals)?;
    if options.write {
        let path = cargo::root().join("docs").join("performance.md");
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        eprintln!("wrote {}", path.display());
    } else {
        print!("{text}");
    }
    Ok(code(options, results.waits.are_met() && goals.iter().all(|goal| goal.met)))
}

fn code(options: &Options, met: bool) -> ExitCode {
    if options.check && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn measure(subject: Subject, programs: &[Program], runs: u32) -> Measured {
    eprintln!("{} ...", subject.name);
    // What cannot be read is told by the programs.
    let _ = waits::prime(&subject.path, subject.head);
    let ours = totals::of_dumplens(programs, &subject);
    let mut rows: Vec<Row> = programs
        .iter()
        .filter(|program| subject.is_compared() || program.who.is_own())
        .map(|program| {
            let same = ours.as_ref().map_err(ToString::to_string);
            let runs = same.and_then(|ours| totals::compare(ours, program, &subject)).map(|same| {
                let shows_growth = program.who.is_own() && subject.shape.is_some();
                let instructions = shows_growth.then(|| instructions::of(&program.on(&subject))).flatten();
                Runs { same, instructions, ..Runs::default() }
            });
            Row { who: program.who, runs }
        })
        .collect();
    run::in_turn(&subject, programs, &mut rows, runs);
    Measured { subject, rows }
}

impl Measured {
    /// Whether any program has figures.
    fn is_measured(&self) -> bool {
        self.rows.iter().any(|row| row.runs.is_ok())
    }

    fn runs(&self, who: Who) -> Option<&Runs> {
        let row = self.rows.iter().find(|row| row.who == who)?;
        row.runs.as_ref().ok().filter(|runs| !runs.samples.is_empty())
    }
}
