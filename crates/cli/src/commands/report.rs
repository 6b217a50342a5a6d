//! `dumplens report`: everything that is known, for another program, a ticket or a browser.

use std::path::PathBuf;

use clap::ValueEnum;
#[cfg(feature = "html")]
use dumplens_analyzer::facts::SpaceMap;
#[cfg(feature = "html")]
use dumplens_analyzer::render::html;
use dumplens_analyzer::render::{markdown, text};
use dumplens_analyzer::{Process, Question, Report};

use crate::open;
use crate::output::Output;
use crate::symbols::SymbolArgs;

/// Everything that is known about the dump, in one answer
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The minidump
    dump: PathBuf,
    /// How to show the answer
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Include the command line of the process, which may hold secrets
    #[arg(long)]
    include_secrets: bool,
    #[command(flatten)]
    symbols: SymbolArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// info, summary, threads and stacks, one after the other
    Text,
    Json,
    /// For a ticket: verdict, evidence, tables and the exception's stack; the other stacks are folded
    Markdown,
    /// One page that needs nothing but itself, with a picture of the address space
    #[cfg(feature = "html")]
    Html,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let wanted = dumplens_analyzer::Options {
        include_secrets: options.include_secrets,
        ..open::options(&options.dump)
    };
    let dump = open::open(&options.dump)?;
    let process = Process::gather(&dump);
    let report =
        open::with_symbols(&process, Question::Everything, &wanted, &options.dump, &options.symbols)?;
    match options.format {
        Format::Text => as_text(report, output),
        Format::Json => output.json(&report),
        Format::Markdown => output.raw(&markdown::report(&report)),
        #[cfg(feature = "html")]
        Format::Html => output.raw(&html::page(&report, &SpaceMap::new(&process))),
    }
}

fn as_text(mut report: Report, output: &mut Output) -> anyhow::Result<()> {
    let warnings = std::mem::take(&mut report.facts.warnings);
    output.text(&text::info(&report))?;
    output.raw("\n")?;
    output.text(&text::summary(&report))?;
    output.raw("\n")?;
    output.text(&text::threads(&report))?;
    output.raw("\n")?;
    report.facts.warnings = warnings;
    output.text(&text::stacks(&report))
}
