//! `dumplens diff`: the process grew. What of it, by how much, how fast, and when does it end?

use std::path::PathBuf;

use clap::ValueEnum;
use dumplens_analyzer::Difference;
use dumplens_analyzer::render::{markdown, text};

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
    let paths = [&options.old, &options.new].map(|path| open::options(path));
    let difference = Difference::of([&old, &new], &paths, options.census);
    open::all_read(&old, &options.old)?;
    open::all_read(&new, &options.new)?;
    match options.format {
        Format::Text => output.text(&text::diff(&difference)),
        Format::Json => output.json(&difference),
        Format::Markdown => output.raw(&markdown::diff(&difference)),
    }
}
