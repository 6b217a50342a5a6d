//! `dumplens regions`: every region, or those that match. Is there a free block of 2 GiB? Which are executable?

use std::cmp::Reverse;
use std::path::PathBuf;

use clap::ValueEnum;
use dumplens_analyzer::facts::{RegionReport, WarningReport};
use dumplens_analyzer::render::{csv, json, text};
use dumplens_analyzer::report::{SCHEMA_VERSION, Tool};
use dumplens_analyzer::{Filter, Piece, Process};

use crate::output::{self, Output};
use crate::page::{self, Page, Piece as Part};
use crate::paint;
use crate::{open, value};

/// List all regions, or those that match all filters, in the format of !address
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The minidump
    dump: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Usage classes: free, image, stack, teb, peb, heap, pageheap, other, unknown; a region matches any of them
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
    /// Minimum size, in bytes or with a unit, such as 64kB or 2GiB
    #[arg(long, value_parser = value::size, value_name = "SIZE")]
    min_size: Option<u64>,
    /// Maximum size
    #[arg(long, value_parser = value::size, value_name = "SIZE")]
    max_size: Option<u64>,
    /// Filters of !address, such as -f:Free or -f:Heap,PAGE_READWRITE
    #[arg(short = 'f', value_name = ":FILTERS", value_parser = value::debugger_filter)]
    filters: Vec<Filter>,
    /// Sort order
    #[arg(long, value_enum, default_value_t = Order::Base)]
    sort: Order,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Csv,
    Tsv,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// By address
    Base,
    /// Largest first
    Size,
    /// By usage class, then by address
    Usage,
}

impl Options {
    fn filter(&self) -> Filter {
        let mut filter = Filter {
            usage: self.usage.clone(),
            state: self.state.clone(),
            kind: self.kind.clone(),
            protect: self.protect.clone(),
            min_size: self.min_size,
            max_size: self.max_size,
        };
        for more in &self.filters {
            filter.usage.extend_from_slice(&more.usage);
            filter.state.extend_from_slice(&more.state);
            filter.kind.extend_from_slice(&more.kind);
            filter.protect.extend_from_slice(&more.protect);
        }
        filter
    }
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.dump)?;
    let process = Process::gather(&dump);
    let filter = options.filter();
    let pieces = sorted(process.space.pieces().filter(|piece| filter.accepts(piece)), options.sort);
    let found = process.space.pieces().filter(|piece| filter.accepts(piece)).count();
    let part = options.page.of(found);
    let pieces = pieces.skip(part.from).take(part.to.saturating_sub(part.from));
    let regions = pieces.map(|piece| RegionReport::new(&process, &piece));
    open::all_read(&dump, &options.dump)?;
    let whole_list = filter == Filter::default() && options.sort == Order::Base;
    match options.format {
        Format::Text if found == 0 => nothing(&process, output),
        Format::Text => as_text(&process, regions, (whole_list, part), output),
        Format::Csv => as_table(&process, regions, b',', output),
        Format::Tsv => as_table(&process, regions, b'\t', output),
        Format::Json => as_json(&process, regions, part, output),
    }?;
    if let Some(next) = part.next().filter(|_| matches!(options.format, Format::Csv | Format::Tsv)) {
        output::note(&format!("dumplens: {}", page::more("regions", next)));
    }
    // The list itself may have been read while it was written.
    open::all_read(&dump, &options.dump)
}

/// In the order wanted; only an order other than the map's own holds all regions at once.
fn sorted<'p>(
    pieces: impl Iterator<Item = Piece> + 'p,
    order: Order,
) -> Box<dyn Iterator<Item = Piece> + 'p> {
    if order == Order::Base {
        return Box::new(pieces);
    }
    let mut list: Vec<Piece> = pieces.collect();
    match order {
        Order::Size => list.sort_by_key(|piece| Reverse(piece.size)),
        _ => list.sort_by_cached_key(|piece| piece.usage.to_string()),
    }
    Box::new(list.into_iter())
}

/// That there is none, of how many.
fn nothing(process: &Process<'_>, output: &mut Output) -> anyhow::Result<()> {
    match process.space.pieces().count() {
        0 => output.raw("no region is known\n")?,
        all => output.raw(&format!("0 of {all} regions match\n"))?,
    }
    for warning in WarningReport::of(process) {
        output.text(&text::warning(&warning))?;
    }
    Ok(())
}

/// A line for each region as it comes: a million of them are never held together.
fn as_text(
    process: &Process<'_>,
    regions: impl Iterator<Item = RegionReport>,
    (whole_list, part): (bool, Part),
    output: &mut Output,
) -> anyhow::Result<()> {
    let bits = process.dump.width().bits();
    let paints = output.paints();
    output.text(&text::region_header(bits))?;
    for region in regions {
        let row = text::region_row(&region, whole_list, bits);
        output.raw(&if paints { paint::region(&row, &region.usage) } else { row })?;
        output.raw("\n")?;
    }
    output.raw(&part.note("regions"))?;
    for warning in WarningReport::of(process) {
        output.text(&text::warning(&warning))?;
    }
    Ok(())
}

/// Values for a spreadsheet; warnings go to standard error, where they do not disturb it.
fn as_table(
    process: &Process<'_>,
    regions: impl Iterator<Item = RegionReport>,
    delimiter: u8,
    output: &mut Output,
) -> anyhow::Result<()> {
    csv::regions(output.writer(), delimiter, regions)?;
    for warning in WarningReport::of(process) {
        output::note(&text::warning(&warning));
    }
    Ok(())
}

/// One object; its regions are one line each.
fn as_json(
    process: &Process<'_>,
    regions: impl Iterator<Item = RegionReport>,
    part: Part,
    output: &mut Output,
) -> anyhow::Result<()> {
    let warnings: Vec<WarningReport> = WarningReport::of(process).collect();
    let tool = json::compact(&Tool::this());
    output
        .raw(&format!("{{\n  \"schema_version\": {SCHEMA_VERSION},\n  \"tool\": {tool},\n  \"list\": ["))?;
    for (n, region) in regions.enumerate() {
        output.raw(if n == 0 { "\n    " } else { ",\n    " })?;
        output.raw(&json::compact(&region))?;
    }
    output.raw("\n  ],\n  \"warnings\": ")?;
    output.raw(&json::compact(&warnings))?;
    if let Some(next) = part.next() {
        output.raw(&format!(",\n  \"next_offset\": {next}"))?;
    }
    output.raw("\n}\n")
}
