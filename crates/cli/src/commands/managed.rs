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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Types that are shown without `--all`.
const TYPES: usize = 40;

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.dump)?;
    let process = Process::gather(&dump);
    if let Some(name) = &options.type_name {
        list(&process, name, options.format, output)?;
    } else {
        let types = if options.all { usize::MAX } else { TYPES };
        let report = ManagedReport::of(&process, Extent { types, ..Extent::ALL });
        match options.format {
            Format::Json => output.json(&Versioned::new(&report.unwrap_or_default()))?,
            Format::Text => output.text(&text::managed(report.as_ref(), dump.width().bits()))?,
        }
    }
    for warning in WarningReport::of(&process) {
        output::note(&text::warning(&warning));
    }
    open::all_read(&dump, &options.dump)
}

/// Objects as they come: they are never held together.
fn list(process: &Process<'_>, name: &str, format: Format, output: &mut Output) -> anyhow::Result<()> {
    let bits = process.dump.width().bits();
    if format == Format::Json {
        let tool = json::compact(&Tool::this());
        output.raw(&format!(
            "{{\n  \"schema_version\": {SCHEMA_VERSION},\n  \"tool\": {tool},\n  \"objects\": ["
        ))?;
    }
    let (mut count, mut result) = (0u64, Ok(()));
    objects_of(process, name, &mut |object: ListedObject| {
        result = match format {
            Format::Text => output.raw(&text::object_row(&object, bits)),
            Format::Json => {
                let comma = if count == 0 { "\n    " } else { ",\n    " };
                output.raw(&format!("{comma}{}", json::compact(&object)))
            }
        };
        count += 1;
        result.is_ok()
    });
    result?;
    match format {
        Format::Json => output.raw("\n  ]\n}\n"),
        Format::Text if count == 0 => output.text("no objects of a type with this name\n"),
        Format::Text => Ok(()),
    }
}
