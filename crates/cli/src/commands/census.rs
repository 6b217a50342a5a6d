//! `dumplens census`: what fills the memory?

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, ValueEnum};
use dumplens_analyzer::Process;
use dumplens_analyzer::contents::{self, CensusOptions, Reading, RefsReport};
use dumplens_analyzer::facts::{self, WarningReport};
#[cfg(feature = "html")]
use dumplens_analyzer::render::html;
use dumplens_analyzer::render::json::{Answer, Versioned};
use dumplens_analyzer::render::{markdown, text};

use crate::address::{self, Place};
use crate::args::Args;
use crate::open::{self, Gathered};
use crate::output::Output;
use crate::page::{self, Page, Paged};
use crate::symbols::SymbolArgs;

const AFTER_HELP: &str = "\
Up to 1 GiB of private memory, dumplens reads all of it. Above that, it reads a random sample of \
64 KiB units, always the same for a dump, and shows each estimate with its 95% interval. It shows \
names of classes, sizes and counts, but no contents of memory unless --show-strings is given.

Exit status:
  0  the question was answered, with or without warnings
  1  the file cannot be read as a minidump of a process
  2  the command line is wrong";

/// Show what fills the private memory: by use, block size, kind of data and class
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// The minidump
    dump: PathBuf,
    /// Read all private memory in the dump, and list all classes and sizes
    #[arg(long)]
    all: bool,
    /// Show who points to the block, or into the allocation, at this address, up to three levels
    #[arg(long, value_parser = address::parse, value_name = "ADDR", conflicts_with = "all")]
    refs: Option<Place>,
    /// Show some characters of groups that consist of text, and some strings of arrays of strings
    #[arg(long)]
    show_strings: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    /// For a ticket
    Markdown,
    /// One page with a picture of what fills the memory
    #[cfg(feature = "html")]
    Html,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.dump)?;
    let Gathered { process, warnings: images } = Gathered::new(&dump, &options.symbols);
    if let Some(address) = &options.refs {
        return refs(options, &process, address.resolve(&process)?, output);
    }
    let reading = if options.all { Reading::Whole } else { Reading::Enough };
    let listed = match options.page.limit {
        Some(limit) => options.page.offset..options.page.offset.saturating_add(limit.get()),
        None if options.all => 0..usize::MAX,
        None => text::CENSUS_ROWS,
    };
    let (search, more) = options.symbols.search(&options.dump)?;
    let wanted = CensusOptions {
        reading,
        rows: listed.end,
        strings: options.show_strings,
        ..CensusOptions::default()
    };
    let (mut taken, by_symbols) = facts::census(&process, &wanted, search);
    open::all_read(&dump, &options.dump)?;
    let warnings: Vec<_> = WarningReport::of(&process).chain(images).chain(more).chain(by_symbols).collect();
    let bits = dump.width().bits();
    let next_offset = taken.as_ref().filter(|_| options.page.limit.is_some()).and_then(|taken| {
        let left = taken.sizes_left_out.max(taken.classes_left_out).max(taken.vftables_left_out);
        (left > 0).then_some(listed.end)
    });
    match options.format {
        Format::Text => {
            let more = next_offset.map_or_else(String::new, |next| page::more("rows", next));
            output.text(&(text::census(taken.as_ref(), &warnings, bits, &listed) + &more))
        }
        Format::Json => {
            if let Some(taken) = &mut taken {
                taken.sizes.drain(..listed.start.min(taken.sizes.len()));
                taken.classes.drain(..listed.start.min(taken.classes.len()));
                taken.vftables.drain(..listed.start.min(taken.vftables.len()));
            }
            output.json(&Paged { answer: Answer::versioned(taken.as_ref(), &warnings), next_offset })
        }
        Format::Markdown => output.page(&markdown::census(taken.as_ref())),
        #[cfg(feature = "html")]
        Format::Html => output.page(&html::census(taken.as_ref(), &open::options(&options.dump).path, bits)),
    }
}

fn refs(options: &Options, process: &Process<'_>, address: u64, output: &mut Output) -> anyhow::Result<()> {
    let found = contents::refs(process, address);
    open::all_read(process.dump, &options.dump)?;
    let warnings: Vec<_> = WarningReport::of(process).collect();
    let bits = process.dump.width().bits();
    match options.format {
        Format::Text => output.text(&text::refs(found.as_ref(), &warnings, bits)),
        Format::Json => output.json(&Versioned::new(Refs { refs: found.as_ref(), warnings: &warnings })),
        _ => Args::command()
            .error(ErrorKind::ArgumentConflict, "--refs supports only the formats text and json")
            .exit(),
    }
}

/// Who points there, as JSON.
#[derive(serde::Serialize)]
struct Refs<'a> {
    refs: Option<&'a RefsReport>,
    warnings: &'a [WarningReport],
}
