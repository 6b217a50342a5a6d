//! `dumplens scan`: four hundred dumps, and how many tickets?

use dumplens_analyzer::contents::Reading;
use dumplens_analyzer::verdict::Kind;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::bail;
use clap::CommandFactory;
use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;

use crate::args::Args;
use crate::interrupt::{self, INTERRUPTED};
use crate::output::{self, Output};
use crate::page::Page;
use crate::scan::groups::Groups;
use crate::scan::progress::Progress;
use crate::scan::worker::{Form, Outcome, Worker, lost};
use crate::scan::{json, lines, table};
use crate::store::Store;
use crate::symbols::SymbolArgs;
use dumplens_scan::Guard;
use dumplens_scan::pool::{self, End, Settings};
use dumplens_scan::{Found, Places, listed};

/// The exit code beside 0, 1, 2 and that of an interrupted program.
const FOUND: u8 = 3;
/// How long after its limit a dump may hang before it is given up.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// What `--fail-on` knows: two words, and the kinds of verdicts.
fn fail_on() -> PossibleValuesParser {
    let kinds = Kind::ALL.iter().map(|kind| kind.name());
    PossibleValuesParser::new(["any", "failed"].into_iter().chain(kinds))
}

/// Whether a kind of verdict is one of a failure; one that is not known may be.
fn may_be_fault(kind: &str) -> bool {
    Kind::ALL.iter().find(|known| known.name() == kind).is_none_or(|known| known.is_fault())
}

/// Analyze many dumps, and show a table of their causes, or one line per dump
///
/// Folders are searched recursively for .dmp, .mdmp and .hdmp files. A file that cannot be read becomes a row with the
/// reason; the exit code is still 0, unless --fail-on says otherwise.
///
/// --limit and --offset choose rows of the table, for which all dumps are analyzed. They cannot be combined with --jsonl and --csv,
/// whose lines come in the order in which dumps are finished.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // each is a flag that people type
pub(crate) struct Options {
    /// Files and folders; `-` alone reads a list of files from standard input, one per line. With the feature http, URLs too
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// In folders, take every file that is a minidump, whatever its name
    #[arg(long)]
    all: bool,
    /// Print the table as one JSON object
    #[arg(long, conflicts_with_all = ["csv", "jsonl"])]
    json: bool,
    /// Print the report of each dump as one line of JSON, as soon as it is finished
    #[arg(long, conflicts_with = "csv")]
    jsonl: bool,
    /// Print a row of comma-separated values for each dump, as soon as it is finished
    #[arg(long)]
    csv: bool,
    /// Number of dumps to analyze at the same time [default: the number of processors]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Time limit for one dump, in seconds; 0 for no limit
    #[arg(long, value_name = "SECS", default_value = "120", value_parser = seconds)]
    timeout: Duration,
    /// Keep the results in this file (SQLite), and read only dumps that are not in it yet
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Exit with 3 if a dump has this kind of verdict; `any`: if a program failed or may have failed; `failed`: if a file
    /// cannot be read; can be repeated
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = fail_on())]
    fail_on: Vec<String>,
    /// Also read some of the memory that fills each process, to show its kind of data
    #[arg(long)]
    census: bool,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    page: Page,
}

/// Seconds, with a fraction or without.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// As many workers as there are processors.
pub(crate) fn workers(jobs: Option<NonZeroUsize>) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    jobs.map_or_else(processors, NonZeroUsize::get).min(256)
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    if options.page.limit.is_some() && (options.jsonl || options.csv) {
        let why = "--limit supports only the table, as text and --json";
        Args::command().error(ErrorKind::ArgumentConflict, why).exit();
    }
    let form = match (options.jsonl, options.csv) {
        (true, _) => Form::Jsonl,
        (_, true) => Form::Csv,
        _ => Form::Text,
    };
    let stop = interrupt::stop()?;
    let store = options.store.as_deref().map(Store::open).transpose()?;
    let census = if options.census { Reading::Leader } else { Reading::Map };
    let worker =
        Arc::new(Worker { form, symbols: options.symbols.clone(), census, store: Mutex::new(store) });
    let (jobs, mut progress) = jobs(options)?;
    if form == Form::Csv {
        output.raw(&lines::csv_head())?;
    }
    let (mut groups, mut store_failed) = (Groups::default(), None);
    let sink = |outcome: Outcome| {
        // Results are still printed before the scan ends.
        if let Err(error) = worker.keep(&outcome) {
            store_failed.get_or_insert(error);
            stop.set();
        }
        progress.step(outcome.result.is_err());
        if !outcome.line.is_empty() {
            // A filter answers at once.
            progress.aside(|| output.raw(&outcome.line).and_then(|()| output.finish()))?;
        }
        match outcome.result {
            Ok(row) => groups.add(&outcome.path, row, outcome.known),
            Err(failure) => groups.fail(&outcome.path, &failure),
        }
        Ok(())
    };
    let limit = Some(options.timeout).filter(|limit| !limit.is_zero());
    let settings = Settings { workers: workers(options.jobs), limit, grace: GRACE, left: Arc::default() };
    let work = Arc::clone(&worker);
    let work = move |found: &Found, guard: &Guard| work.work(found, guard);
    let lost = move |found: &Found, why| lost(form, found, why);
    let end = pool::run(jobs, &settings, &stop, work, lost, sink);
    worker.close();
    let end = end?;
    progress.finish();
    if form == Form::Text {
        if options.json {
            output.json(&json::Table::new(&groups, options.page))?;
        } else {
            output.text(&table::table(&groups, options.page))?;
        }
        output.finish()?;
    }
    if let Some(error) = store_failed {
        tell(options, form, &groups, End::Done);
        return Err(error.context("the scan ended because its store cannot be written"));
    }
    tell(options, form, &groups, end);
    output.exit_with(status(options, &groups, end));
    Ok(())
}

type Jobs = Box<dyn Iterator<Item = Found> + Send>;

fn jobs(options: &Options) -> anyhow::Result<(Jobs, Progress)> {
    if options.paths.iter().all(|path| path != Path::new("-")) {
        let places = Places { roots: options.paths.clone(), all: options.all };
        let progress = Progress::new(Some(&places));
        let symbols = options.symbols.clone();
        return Ok((Box::new(places.dumps().filter(move |found| symbols.allows(&found.path))), progress));
    }
    if options.paths.len() > 1 {
        bail!("- reads the list of files, and cannot be combined with other paths");
    }
    Ok((Box::new(listed(io::BufReader::new(io::stdin()))), Progress::new(None)))
}

/// On standard error, what must not be overlooked.
fn tell(options: &Options, form: Form, groups: &Groups, end: End) {
    if let Some(failed) = table::failed(groups) {
        output::note(&format!("dumplens: {failed}\n"));
    }
    if (form != Form::Text || options.json) && options.store.is_some() {
        output::note(&format!("dumplens: {}\n", table::sum(groups)));
    }
    if groups.dumps == 0 && groups.failures() == 0 && end == End::Done {
        output::note("dumplens: no dumps found\n");
    }
    if end == End::Stopped {
        output::note("dumplens: interrupted; these are the finished results\n");
    }
}

/// Whether none of what was named is there.
fn missing(options: &Options) -> bool {
    let there = |path: &PathBuf| path == Path::new("-") || path.symlink_metadata().is_ok();
    !options.paths.iter().any(there)
}

fn status(options: &Options, groups: &Groups, end: End) -> u8 {
    let met = |what: &String| match what.as_str() {
        "failed" => groups.failures() > 0,
        "any" => groups.kinds.keys().any(|kind| may_be_fault(kind)),
        kind => groups.kinds.contains_key(kind),
    };
    match end {
        End::Stopped => INTERRUPTED,
        End::Done if options.fail_on.iter().any(met) => FOUND,
        // A name that was mistyped, and nothing else.
        End::Done if groups.dumps == 0 && missing(options) => 1,
        End::Done => 0,
    }
}
