//! `dumplens report`: everything that is known, for another program.

use std::path::PathBuf;

use clap::ValueEnum;
use dumplens_analyzer::render::text;

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
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let wanted = dumplens_analyzer::Options {
        include_secrets: options.include_secrets,
        details: true,
        verdict: true,
        stacks: dumplens_analyzer::report::Stacks::All,
        ..dumplens_analyzer::Options::default()
    };
    let mut report = open::report_with_symbols(&options.dump, &wanted, &options.symbols)?;
    if options.format == Format::Json {
        return output.json(&report);
    }
    let warnings = std::mem::take(&mut report.warnings);
    output.text(&text::info(&report))?;
    output.raw("\n")?;
    output.text(&text::summary(&report))?;
    output.raw("\n")?;
    output.text(&text::threads(&report))?;
    output.raw("\n")?;
    report.warnings = warnings;
    output.text(&text::stacks(&report))
}
