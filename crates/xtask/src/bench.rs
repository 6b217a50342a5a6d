//! `cargo xtask bench`: the totals of a 20 GiB dump, by dumplens and by forty lines on the `minidump` crate.
//!
//! Both are run as processes, in turn, on the same sparse dumps, with the page cache warm. A third program reads
//! the same metadata and does nothing with it: below that no reader can get.

pub(crate) mod agree;
mod counting;
pub(crate) mod dumps;
mod goals;
pub(crate) mod machine;
mod measure;
pub(crate) mod number;
mod report;
pub(crate) mod spread;
pub(crate) mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cargo;
use dumps::{BenchDump, Shape};
pub(crate) use measure::own_peak;
use measure::{Program, Sample};

/// Compare `dumplens summary` with the minidump crate on generated 20 GiB dumps
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the dumps are, or are to be written; by default `bench` in cargo's target directory
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Measurements of each program on each dump
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print Markdown
    #[arg(long)]
    markdown: bool,
    /// Exit with 1 if a goal is not met
    #[arg(long)]
    check: bool,
}

/// Paths of what is compared.
struct Binaries {
    dumplens: PathBuf,
    harness: PathBuf,
    floor: PathBuf,
}

/// What one program took on one dump, run after run.
struct Series {
    program: String,
    samples: Vec<Sample>,
}

/// Everything measured.
struct Results {
    /// Measurements of each program on each dump.
    runs: u32,
    /// The largest that this process was while it measured, in bytes, where that limits what can be measured.
    own_peak: Option<u64>,
    dumps: Vec<Measured>,
}

/// Everything measured on one dump.
struct Measured {
    dump: BenchDump,
    dumplens: Series,
    harness: Series,
    floor: Series,
    /// Bytes that dumplens read.
    read: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let binaries = Binaries::build()?;
    let dir = match &options.dir {
        Some(dir) => dir.clone(),
        None => cargo::target_dir()?.join("bench"),
    };
    let dumps: Vec<BenchDump> = dumps::REGIONS
        .iter()
        .map(|regions| BenchDump::find_or_make(&dir, Shape::of_regions(*regions)))
        .collect::<Result<_, _>>()?;
    for dump in &dumps {
        println!("{}", agree::check(&binaries.dumplens, &binaries.harness, dump)?);
    }
    let results = measure_all(&binaries, dumps, options.runs)?;
    let goals = goals::of(&results.dumps);
    print!("\n{}", report::render(&results, &goals, options.markdown)?);
    let failed = options.check && goals.iter().any(|goal| !goal.met);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Times everything, and only then opens dumps in this process: its own peak memory would be counted into that of
/// the programs (see [`measure`]).
fn measure_all(binaries: &Binaries, dumps: Vec<BenchDump>, runs: u32) -> anyhow::Result<Results> {
    let mut measured = Vec::new();
    for dump in dumps {
        eprintln!("timing {} regions ...", number::grouped(dump.regions));
        let [dumplens, harness, floor] = measure::in_turn(&binaries.programs(&dump)?, runs)?;
        measured.push(Measured { dump, dumplens, harness, floor, read: 0 });
    }
    let own_peak = measure::own_peak();
    for entry in &mut measured {
        entry.read = counting::bytes_read(&entry.dump.path)?;
    }
    Ok(Results { runs, own_peak, dumps: measured })
}

impl Binaries {
    fn build() -> anyhow::Result<Binaries> {
        eprintln!("building ...");
        Ok(Binaries {
            dumplens: cargo::build("dumplens", "dumplens")?,
            harness: cargo::build("dumplens-xtask", "minidump_totals")?,
            floor: cargo::build("dumplens-xtask", "read_floor")?,
        })
    }

    fn programs(&self, dump: &BenchDump) -> anyhow::Result<[Program; 3]> {
        let harness = format!("minidump {}", cargo::locked_version("minidump")?);
        let path: &Path = &dump.path;
        Ok([
            Program::new("dumplens summary", &self.dumplens, ["summary".as_ref(), path.as_os_str()]),
            Program::new(&harness, &self.harness, [path.as_os_str()]),
            Program::new("read only", &self.floor, [path.as_os_str(), dump.metadata.to_string().as_ref()]),
        ])
    }
}
