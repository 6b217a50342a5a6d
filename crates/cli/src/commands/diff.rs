//! `dumplens diff`: the process grew. What of it, by how much, how fast, and when does it end?

use std::path::PathBuf;

use clap::ValueEnum;
use dumplens_analyzer::contents::{self, CensusOptions, CensusReport, Reading};
use dumplens_analyzer::diff::Side;
use dumplens_analyzer::managed::{Extent, ManagedReport};
use dumplens_analyzer::render::{markdown, text};
use dumplens_analyzer::{Difference, Facts, Process, Question};

use crate::open;
use crate::output::Output;

const AFTER_HELP: &str = "\
Examples:
  dumplens diff monday.dmp tuesday.dmp                    what grew, how fast, and when it hits a limit
  dumplens diff monday.dmp tuesday.dmp --format markdown  the same for a ticket
  dumplens diff monday.dmp tuesday.dmp --format json      the same for another program

Exit status:
  0  the dumps were compared, even if they are of different programs: the first line says so
  1  one of the files cannot be read as a minidump of a process
  2  the command line is wrong";

/// Show what changed between two dumps of one program: growth by usage, heap, module and size, per hour
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// The older minidump
    old: PathBuf,
    /// The newer minidump
    new: PathBuf,
    /// Also compare what fills the private memory: by class, heap block size and kind of data
    #[arg(long)]
    census: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    /// For a ticket
    Markdown,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let (old, new) = (open::open(&options.old)?, open::open(&options.new)?);
    let (old, new) = (Process::gather(&old), Process::gather(&new));
    let mut before = Facts::gather(&old, Question::Lists, &open::options(&options.old));
    let mut after = Facts::gather(&new, Question::Lists, &open::options(&options.new));
    before.managed = counted(&old, before.managed);
    after.managed = counted(&new, after.managed);
    if options.census {
        before.census = taken(&old);
        after.census = taken(&new);
    }
    let old = Side { process: &old, facts: &before };
    let new = Side { process: &new, facts: &after };
    let difference = Difference::between(&old, &new);
    open::all_read(old.process.dump, &options.old)?;
    open::all_read(new.process.dump, &options.new)?;
    match options.format {
        Format::Text => output.text(&text::diff(&difference)),
        Format::Json => output.json(&difference),
        Format::Markdown => output.raw(&markdown::diff(&difference)),
    }
}

/// With the objects of .NET, if there is a runtime that can be read.
fn counted(process: &Process<'_>, known: Option<Box<ManagedReport>>) -> Option<Box<ManagedReport>> {
    let known = known?;
    let readable = known.runtimes.iter().any(|runtime| runtime.readable);
    let counted = || ManagedReport::of(process, Extent::COMPARED).map(Box::new);
    if readable { counted() } else { Some(known) }
}

/// With so many rows that what grew is among them.
fn taken(process: &Process<'_>) -> Option<Box<CensusReport>> {
    let wanted = CensusOptions { reading: Reading::Enough, rows: 4096, ..CensusOptions::default() };
    contents::census(process, &wanted).map(Box::new)
}
