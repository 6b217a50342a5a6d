//! `dumplens regions`: every region, or those that match. Is there a free block of 2 GiB? Which are executable?

use dumplens_analyzer::render::{json, text};
use dumplens_analyzer::report::region::RegionReport;
use dumplens_analyzer::report::{SCHEMA_VERSION, WarningReport};
use dumplens_analyzer::{Filter, Process};

use crate::args::{Format, Input};
use crate::output::Output;
use crate::{open, value};

/// Every region, or those that match all filters, as !address lists them
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    /// Usage classes: free, image, stack, teb, peb, other, unknown; several are alternatives
    #[arg(long, value_delimiter = ',', value_parser = value::usage, value_name = "CLASS")]
    usage: Vec<String>,
    /// States: commit, reserve, free
    #[arg(long, value_delimiter = ',', value_parser = value::state, value_name = "STATE")]
    state: Vec<String>,
    /// Types: private, mapped, image
    #[arg(long = "type", value_delimiter = ',', value_parser = value::kind, value_name = "TYPE")]
    kind: Vec<String>,
    /// Protections, such as readwrite or PAGE_GUARD
    #[arg(long, value_delimiter = ',', value_parser = value::protection, value_name = "PROTECTION")]
    protect: Vec<String>,
    /// Least size: bytes, or with a unit, such as 64kB or 2GiB
    #[arg(long, value_parser = value::size, value_name = "SIZE")]
    min_size: Option<u64>,
    /// Greatest size
    #[arg(long, value_parser = value::size, value_name = "SIZE")]
    max_size: Option<u64>,
}

impl Options {
    fn filter(&self) -> Filter {
        Filter {
            usage: self.usage.clone(),
            state: self.state.clone(),
            kind: self.kind.clone(),
            protect: self.protect.clone(),
            min_size: self.min_size,
            max_size: self.max_size,
        }
    }
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.input.dump)?;
    let process = Process::gather(&dump);
    let filter = options.filter();
    let pieces = process.space.pieces().filter(|piece| filter.accepts(piece));
    let regions = pieces.map(|piece| RegionReport::new(&process, &piece));
    match options.input.format {
        Format::Text => as_text(&process, regions, filter == Filter::default(), output),
        Format::Json => as_json(&process, regions, output),
    }
}

/// A line for each region as it comes: a million of them are never held together.
fn as_text(
    process: &Process<'_>,
    regions: impl Iterator<Item = RegionReport>,
    unfiltered: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    let bits = process.dump.width().bits();
    output.raw(&text::region_header(bits))?;
    for region in regions {
        output.raw(&text::region_row(&region, unfiltered, bits))?;
        output.raw("\n")?;
    }
    for warning in &process.warnings {
        output.text(&text::warning(&warning.into()))?;
    }
    Ok(())
}

/// One object; its regions are one line each.
fn as_json(
    process: &Process<'_>,
    regions: impl Iterator<Item = RegionReport>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let warnings: Vec<WarningReport> = process.warnings.iter().map(WarningReport::from).collect();
    output.raw(&format!("{{\n  \"schema_version\": {SCHEMA_VERSION},\n  \"regions\": ["))?;
    for (n, region) in regions.enumerate() {
        output.raw(if n == 0 { "\n    " } else { ",\n    " })?;
        output.raw(&json::compact(&region))?;
    }
    output.raw("\n  ],\n  \"warnings\": ")?;
    output.raw(&json::compact(&warnings))?;
    output.raw("\n}\n")
}
