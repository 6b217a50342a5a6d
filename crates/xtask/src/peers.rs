//! `cargo xtask peers`: what dumplens costs, and what the other readers of dumps cost on the same dumps.
//!
//! Programs that can be had are installed into a directory of their own; one that cannot is left out, and said to be.
//! Each is run as a process, all of them in turn. What it prints is docs/performance.md.

mod document;
mod far;
mod goals;
mod growth;
mod install;
mod instructions;
mod programs;
mod run;
mod subjects;
mod tables;
mod totals;
mod users;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;

use crate::cargo;
use programs::{Program, Who};
use run::Sample;
use subjects::Subject;

/// Compare dumplens with the other readers of dumps, and write docs/performance.md
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where dumps and peers are, or are to be put; by default `bench` in cargo's target directory
    #[arg(long)]
    dir: Option<PathBuf>,
    /// A folder of real dumps, also packed ones (.dmp.zst); by default `dumps` of the team's reference folder
    #[arg(long)]
    real: Option<PathBuf>,
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
struct Runs {
    warm: Vec<Sample>,
    /// With the dump out of the page cache, where it can be put out of it.
    cold: Vec<Sample>,
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
    /// What each program takes to start and end, in the order of `programs`.
    starts: Vec<Vec<Sample>>,
    /// Millions of instructions that dumplens takes to start and end.
    start_instructions: Option<f64>,
    dumps: Vec<Measured>,
    scans: Vec<tables::Scan>,
    /// Where users wait.
    waits: users::Waits,
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
    let programs = programs::all(&dir, &mut skipped)?;
    let subjects = subjects::all(&dir, options.real.as_deref(), &mut skipped)?;
    let start = Instant::now();
    let own = programs.iter().find(|program| program.who.is_own());
    let start_instructions = own.and_then(|program| instructions::of(&program.starting()));
    if start_instructions.is_none() {
        skipped.push("instructions could not be counted: that takes valgrind".to_owned());
    }
    let mut waits = users::Waits::default();
    users::of_programs(&dir, &programs, &mut waits)?;
    let starts = programs.iter().map(|program| run::starts(program, options.runs)).collect();
    let dumps = if options.waits { Vec::new() } else { subjects };
    let dumps: Vec<Measured> =
        dumps.into_iter().map(|subject| measure(subject, &programs, options.runs)).collect();
    let scans = tables::scans(&dir, &programs)?;
    let own_peak = crate::bench::own_peak();
    let real = subjects::all(&dir, options.real.as_deref(), &mut Vec::new())?;
    users::of_distance(&dir, &real, &mut waits)?;
    let results = Results {
        start_instructions,
        starts,
        dumps,
        scans,
        waits,
        programs,
        skipped,
        runs: options.runs,
        own_peak,
        took: start.elapsed(),
    };
    if options.waits {
        print!("{}", results.waits.table().plain());
        results.waits.behind.iter().for_each(|line| println!("{line}"));
        return Ok(ExitCode::SUCCESS);
    }
    let goals = goals::of(&results);
    let text = document::render(&results, &goals)?;
    if options.write {
        let path = cargo::root().join("docs").join("performance.md");
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        eprintln!("wrote {}", path.display());
    } else {
        print!("{text}");
    }
    let waits = || results.waits.rows.iter().any(|row| row.met == Some(false));
    let failed = options.check && (waits() || goals.iter().any(|goal| !goal.met));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn measure(subject: Subject, programs: &[Program], runs: u32) -> Measured {
    eprintln!("{} ...", subject.name);
    let ours = totals::of_dumplens(programs, &subject);
    let mut rows: Vec<Row> = programs
        .iter()
        .map(|program| {
            let same = ours.as_ref().map_err(ToString::to_string);
            let same = same.and_then(|ours| totals::compare(ours, program, &subject));
            let runs = same.map(|same| {
                let shows_growth = program.who.is_own() && subject.shape.is_some();
                let command = program.on(&subject).filter(|_| shows_growth);
                let instructions = command.and_then(|command| instructions::of(&command));
                Runs { warm: Vec::new(), cold: Vec::new(), same, instructions }
            });
            Row { who: program.who, runs }
        })
        .collect();
    run::in_turn(&subject, programs, &mut rows, runs);
    Measured { subject, rows }
}

impl Results {
    fn start_of(&self, who: Who) -> Option<&[Sample]> {
        let at = self.programs.iter().position(|program| program.who == who)?;
        self.starts.get(at).map(Vec::as_slice).filter(|samples| !samples.is_empty())
    }
}

impl Measured {
    fn runs(&self, who: Who) -> Option<&Runs> {
        let row = self.rows.iter().find(|row| row.who == who)?;
        row.runs.as_ref().ok().filter(|runs| !runs.warm.is_empty())
    }
}
