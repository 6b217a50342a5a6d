//! `dumplens managed`: what is on the heaps of .NET, what was thrown, who holds which lock?

use std::path::PathBuf;

use clap::ValueEnum;
use dumplens_analyzer::Process;
use dumplens_analyzer::facts::WarningReport;
use dumplens_analyzer::managed::{Extent, ListedObject, ManagedReport, objects_of};
use dumplens_analyzer::render::json::{self, Versioned};
use dumplens_analyzer::render::text;
use dumplens_analyzer::report::{SCHEMA_VERSION, Tool};

use crate::open;
use crate::output::{self, Output};
use crate::page::{self, Page, Paged, Piece};

/// Show .NET runtimes, objects by type, exceptions, refused memory and locks (!dumpheap -stat, !pe, !syncblk)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The minidump
    dump: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List every type, not only the largest
    #[arg(long)]
    all: bool,
    /// List the objects of this type, one per line; the name is the one in the list of types
    #[arg(long = "type", value_name = "NAME", conflicts_with = "all")]
    type_name: Option<String>,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Types that are shown without `--all` and `--limit`.
const TYPES: usize = 40;

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.dump)?;
    let process = Process::gather(&dump);
    if let Some(name) = &options.type_name {
        list(&process, name, options, output)?;
    } else {
        let types = if options.all || options.page.limit.is_some() { usize::MAX } else { TYPES };
        let mut report = ManagedReport::of(&process, Extent { types, ..Extent::ALL });
        let piece = report.as_mut().map(|report| options.page.cut(&mut report.types));
        match options.format {
            Format::Json => {
                let answer = Versioned::new(report.unwrap_or_default());
                output.json(&Paged { answer, next_offset: piece.and_then(Piece::next) })?;
            }
            Format::Text => {
                let note = piece.map_or_else(String::new, |piece| piece.note("types"));
                output.text(&(text::managed(report.as_ref(), dump.width().bits()) + &note))?;
            }
        }
    }
    for warning in WarningReport::of(&process) {
        output::note(&text::warning(&warning));
    }
    open::all_read(&dump, &options.dump)
}

/// Objects as they come: they are never held together.
fn list(process: &Process<'_>, name: &str, options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let bits = process.dump.width().bits();
    if options.format == Format::Json {
        let tool = json::compact(&Tool::this());
        output.raw(&format!(
            "{{\n  \"schema_version\": {SCHEMA_VERSION},\n  \"tool\": {tool},\n  \"objects\": ["
        ))?;
    }
    let from = options.page.offset;
    let to = options.page.limit.map_or(usize::MAX, |limit| from.saturating_add(limit.get()));
    let (mut count, mut result) = (0, Ok(()));
    objects_of(process, name, &mut |object: ListedObject| {
        let n = count;
        count += 1;
        if !(from..to).contains(&n) {
            return n < to;
        }
        result = match options.format {
            Format::Text => output.raw(&text::object_row(&object, bits)),
            Format::Json => {
                let comma = if n == from { "\n    " } else { ",\n    " };
                output.raw(&format!("{comma}{}", json::compact(&object)))
            }
        };
        result.is_ok()
    });
    result?;
    let next = (count > to).then_some(to);
    match (options.format, next) {
        (Format::Json, None) => output.raw("\n  ]\n}\n"),
        (Format::Json, Some(next)) => output.raw(&format!("\n  ],\n  \"next_offset\": {next}\n}}\n")),
        (Format::Text, Some(next)) => output.raw(&format!("\n{}", page::more("objects", next))),
        (Format::Text, None) if count == 0 => output.text("no objects of a type with this name\n"),
        (Format::Text, None) if count <= from => {
            output.text(&format!("{count} objects, none from offset {from}\n"))
        }
        (Format::Text, None) => Ok(()),
    }
}
