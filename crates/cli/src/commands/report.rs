//! `dumplens report`: everything that is known, for another program, a ticket or a browser.

use std::path::PathBuf;

use clap::ValueEnum;
#[cfg(feature = "html")]
use dumplens_analyzer::facts::SpaceMap;
#[cfg(feature = "html")]
use dumplens_analyzer::render::html;
use dumplens_analyzer::render::{markdown, text};
use dumplens_analyzer::{Question, Report};

use crate::limit::Limit;
use crate::open::{self, Gathered};
use crate::output::Output;
use crate::symbols::SymbolArgs;

/// Report everything about the dump in one answer
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The minidump
    dump: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Include the command line of the process, which may contain secrets
    #[arg(long)]
    include_secrets: bool,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The answers of why, info, summary, modules, heaps, allocations, threads, census, waits, managed and stack, one after
    /// the other
    Text,
    Json,
    /// For a ticket: verdict, evidence, tables and the stack of the exception; the other stacks are collapsed
    Markdown,
    /// A self-contained page with a picture of the address space
    #[cfg(feature = "html")]
    Html,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let wanted = dumplens_analyzer::Options {
        include_secrets: options.include_secrets,
        ..open::options(&options.dump)
    };
    let (path, symbols, format) = (options.dump.clone(), options.symbols.clone(), options.format);
    let answer = options.limit.within(move |guard| {
        let dump = open::open_within(&path, guard)?;
        let gathered = Gathered::new(&dump, &symbols);
        let report = open::with_symbols(&gathered, Question::Everything, &wanted, &path, &symbols)?;
        let answer = match format {
            #[cfg(feature = "html")]
            Format::Html => Answer::Page(html::page(&report, &SpaceMap::new(&gathered.process))),
            Format::Markdown => Answer::Page(markdown::report(&report)),
            Format::Text | Format::Json => Answer::Report(Box::new(report)),
        };
        open::all_read(&dump, &path)?;
        Ok(answer)
    })?;
    match answer {
        Answer::Page(page) => output.page(&page),
        Answer::Report(report) if options.format == Format::Json => output.json(&report),
        Answer::Report(report) => output.text(&text::report(*report)),
    }
}

/// What the work leaves to be printed.
enum Answer {
    Page(String),
    Report(Box<Report>),
}
