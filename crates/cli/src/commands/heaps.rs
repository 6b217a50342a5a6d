//! `dumplens heaps`: which heaps are there, how large are they, do their own counters agree, and which blocks do they have?

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use dumplens_analyzer::facts::{BlockReport, HeapBlocksReport, WarningReport};
use dumplens_analyzer::render::json::{self, Part};
use dumplens_analyzer::render::{csv, text};
use dumplens_analyzer::report::{SCHEMA_VERSION, Tool};
use dumplens_analyzer::{Process, Question, Report};
use dumplens_core::process::heap::{BlockReader, BlockState, Heap};

use crate::address::{self, Place};
use crate::open;
use crate::output::{self, Output};
use crate::page::{self, Page, Paged};
use crate::paint::Look;

/// Show the heaps with their segments, large blocks and, with --blocks, all blocks (!heap -s, -stat, -h)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The minidump
    dump: PathBuf,
    /// Output format; csv and jsonl only with --blocks
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List every block in use, one per line
    #[arg(long, conflicts_with = "stat")]
    blocks: bool,
    /// Count blocks in use by requested size
    #[arg(long)]
    stat: bool,
    /// With --blocks: only the heap with this handle, in hex
    #[arg(long, requires = "blocks", value_parser = address::parse, value_name = "HANDLE")]
    heap: Option<Place>,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
    Jsonl,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    if !options.blocks && matches!(options.format, Format::Csv | Format::Jsonl) {
        output::note("dumplens: --format csv and jsonl need heaps --blocks\n");
        output.exit_with(2);
        return Ok(());
    }
    let dump = open::open(&options.dump)?;
    let process = Process::gather(&dump);
    if options.blocks {
        return blocks(options, &process, output);
    }
    let mut report = Report::answer(&process, Question::Lists, &open::options(&options.dump));
    let all = report.facts.count_blocks(&process, options.stat, options.stat);
    open::all_read(&dump, &options.dump)?;
    let piece = options.page.cut_facts(&mut report.facts).heaps;
    let next_offset = piece.next();
    output.look = Look::Heaps;
    match (options.format, all.filter(|_| options.stat)) {
        (Format::Json, Some(all)) => {
            output.json(&Paged { answer: Stat { heaps: Part::heaps(&report), all: &all }, next_offset })
        }
        (Format::Json, None) => output.json(&Paged { answer: Part::heaps(&report), next_offset }),
        (_, Some(all)) => output.text(&(text::block_sizes(&report, &all) + &piece.note("heaps"))),
        (_, None) => output.text(&(text::heaps(&report) + &piece.note("heaps"))),
    }
}

/// The heaps, and what they have together.
#[derive(serde::Serialize)]
struct Stat<'r> {
    #[serde(flatten)]
    heaps: Part<'r>,
    all: &'r HeapBlocksReport,
}

/// Blocks as they come: they are never held together. What is wrong goes to standard error, beside them.
fn blocks(options: &Options, process: &Process<'_>, output: &mut Output) -> anyhow::Result<()> {
    let reader = BlockReader::new(process.dump.memory(), &process.heaps.list);
    let handle = options.heap.as_ref().map(|place| place.resolve(process)).transpose()?;
    let wanted = |heap: &&Heap| handle.is_none_or(|handle| handle == heap.handle);
    let mut faults = Vec::new();
    let mut walks =
        process.heaps.list.iter().filter(wanted).map(|heap| reader.blocks(heap)).collect::<Vec<_>>();
    let rows = walks.iter_mut().flat_map(Iterator::by_ref);
    let rows = rows.filter(|block| block.state == BlockState::Busy).map(|block| BlockReport::new(&block));
    let mut rows = rows.skip(options.page.offset).peekable();
    let most = options.page.limit.map_or(usize::MAX, NonZeroUsize::get);
    let (shown, last) = (rows.by_ref().take(most), options.page.offset.saturating_add(most));
    let bits = process.dump.width().bits();
    match options.format {
        Format::Text => {
            let mut none = true;
            output.raw(&text::block_header(bits))?;
            for row in shown {
                none = false;
                output.raw(&text::block_row(&row, bits))?;
            }
            if none {
                let heaps = process.heaps.list.iter().filter(wanted).count();
                output.raw(&format!("0 blocks in use are known, in {heaps} heaps\n"))?;
            }
        }
        Format::Csv => csv::blocks(output.writer(), shown)?,
        Format::Jsonl => {
            for row in shown {
                output.raw(&json::compact(&row))?;
                output.raw("\n")?;
            }
        }
        Format::Json => as_json(shown, output)?,
    }
    let next = rows.peek().map(|_| last);
    drop(rows);
    match (options.format, next) {
        (Format::Json, next) => {
            let next = next.map(|next| format!(",\n  \"next_offset\": {next}")).unwrap_or_default();
            output.raw(&format!("{next}\n}}\n"))?;
        }
        (Format::Text, Some(next)) => {
            output.raw(&format!("\n{}", page::more("blocks", next)))?;
        }
        (_, Some(next)) => output::note(&format!("dumplens: {}", page::more("blocks", next))),
        (_, None) => {}
    }
    for (walk, heap) in walks.iter().zip(process.heaps.list.iter().filter(wanted)) {
        faults.extend(walk.faults().iter().map(|fault| (heap.handle, fault.fault)));
    }
    for (heap, fault) in faults {
        output::note(&format!("warning: heap {heap:#x}: {fault}\n"));
    }
    for warning in WarningReport::of(process) {
        output::note(&text::warning(&warning));
    }
    Ok(())
}

/// The object up to the end of its list.
fn as_json(rows: impl Iterator<Item = BlockReport>, output: &mut Output) -> anyhow::Result<()> {
    let tool = json::compact(&Tool::this());
    output
        .raw(&format!("{{\n  \"schema_version\": {SCHEMA_VERSION},\n  \"tool\": {tool},\n  \"list\": ["))?;
    for (n, row) in rows.enumerate() {
        output.raw(if n == 0 { "\n    " } else { ",\n    " })?;
        output.raw(&json::compact(&row))?;
    }
    output.raw("\n  ]")
}
