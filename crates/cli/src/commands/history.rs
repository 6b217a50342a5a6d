//! `dumplens history`: which causes come, which went?

use std::path::PathBuf;

use dumplens_analyzer::render::escape;

use crate::args::Format;
use crate::output::Output;
use crate::scan::table;
use crate::store::{History, SignatureHistory, Store};

/// Show how often each cause in a store occurred over time
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The store that scan and watch write
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let history = History::read(&Store::open_existing(&options.store)?)?;
    output.answer(options.format, || text(&history), || &history)
}

fn text(history: &History) -> String {
    let rows: Vec<[String; 8]> = history.signatures.iter().map(row).collect();
    let head = ["Count", "First seen", "Last seen", "Verdict", "Cause", "Module", "Signature", "By day"];
    let mut out = if rows.is_empty() { String::new() } else { table::columns(head, &rows, &[0]) + "\n" };
    let dumps: u64 = history.signatures.iter().map(|signature| signature.count).sum();
    out +=
        &format!("{dumps} dumps, {} signatures, {} files that are not dumps\n", rows.len(), history.failed);
    if history.unreadable > 0 {
        let rows = if history.unreadable == 1 { "row" } else { "rows" };
        out += &format!("{} {rows} of the store cannot be read\n", history.unreadable);
    }
    out
}

/// Days that are shown; JSON has all.
const DAYS: usize = 7;

fn row(of: &SignatureHistory) -> [String; 8] {
    let day = |time: &Option<String>| table::day(time.as_deref());
    let earlier = of.days.len().saturating_sub(DAYS);
    let mut days: Vec<String> =
        of.days.iter().skip(earlier).map(|d| format!("{}: {}", day(&d.day), d.count)).collect();
    if earlier > 0 {
        days.insert(0, "…".to_owned());
    }
    [
        of.count.to_string(),
        day(&of.first_seen),
        day(&of.last_seen),
        table::verdict(&of.newest),
        of.newest.cause.as_deref().map_or("-".to_owned(), escape::line),
        table::module(&of.newest),
        escape::line(&of.signature),
        days.join(", "),
    ]
}
