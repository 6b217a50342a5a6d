//! `dumplens watch`: analyze dumps when they appear.

use dumplens_analyzer::contents::Reading;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::bail;

use super::scan::{GRACE, seconds, workers};
use crate::interrupt;
use crate::open::shown;
use crate::output::{self, Output};
use crate::scan::table;
use crate::scan::worker::{Form, Outcome, Worker, lost};
use crate::store::Store;
use crate::symbols::SymbolArgs;
use crate::watch::events::{self, Events};
use crate::watch::exec::hand_over;
use crate::watch::pending::Pending;
use dumplens_scan::Code;
use dumplens_scan::Guard;
use dumplens_scan::Stop;
use dumplens_scan::pool::{self, End, Settings};
use dumplens_scan::{Found, Places};

/// Watch a folder, and analyze each new dump as soon as it has stopped growing
///
/// Ctrl-C ends it, with exit code 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder; its subfolders are watched too
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Also take dumps that exist already
    #[arg(long)]
    existing: bool,
    /// Take every file that is a minidump, whatever its name
    #[arg(long)]
    all: bool,
    /// Print the report of each dump as one line of JSON
    #[arg(long)]
    jsonl: bool,
    /// Keep the results in this file (SQLite), and skip dumps that are in it already
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Number of seconds for which a file must not have changed
    #[arg(long, value_name = "SECS", default_value = "5", value_parser = seconds)]
    settle: Duration,
    /// Look for files every SECS seconds, for network shares, where the system does not report changes
    #[arg(long, value_name = "SECS", value_parser = period)]
    poll: Option<Duration>,
    /// Time limit for one dump, in seconds; 0 for no limit
    #[arg(long, value_name = "SECS", default_value = "120", value_parser = seconds)]
    timeout: Duration,
    /// Number of dumps to analyze at the same time [default: the number of processors]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Time limit for the program of --exec, in seconds
    #[arg(long, value_name = "SECS", default_value = "60", value_parser = seconds)]
    exec_timeout: Duration,
    /// Run a program for each report, with the report's JSON on its standard input. Everything up to `;` or the end is
    /// the program and its arguments; no shell is used
    #[arg(
        long,
        value_names = ["PROGRAM", "ARGUMENT"],
        num_args = 1..,
        value_terminator = ";",
        allow_hyphen_values = true
    )]
    exec: Vec<OsString>,
    #[command(flatten)]
    symbols: SymbolArgs,
}

fn period(text: &str) -> Result<Duration, String> {
    seconds(text)
        .and_then(|period| if period.is_zero() { Err("must not be 0".to_owned()) } else { Ok(period) })
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    if !options.folder.is_dir() {
        bail!("{}: is not a folder", shown(&options.folder));
    }
    let stop = interrupt::stop()?;
    let store = options.store.as_deref().map(Store::open).transpose()?;
    // The program is given JSON, whatever is printed.
    let (form, symbols, store) = (Form::Jsonl, options.symbols.clone(), Mutex::new(store));
    let worker = Arc::new(Worker { form, symbols, census: Reading::Map, store });
    let limit = Some(options.timeout).filter(|limit| !limit.is_zero());
    let settings = Settings { workers: workers(options.jobs), limit, grace: GRACE, left: Arc::default() };
    let places = Places { roots: vec![options.folder.clone()], all: options.all };
    let mut pending = Pending::new(options.settle);
    // First the events and then the look at what is there: nothing can come in between.
    let mut events = Events::new(&options.folder, options.poll)?;
    if options.existing {
        events::look(&places, &mut pending);
    } else {
        places.clone().dumps().for_each(|found| pending.is_old(&found.path));
    }
    output::note(&format!("dumplens: watching {}; Ctrl-C ends it\n", shown(&options.folder)));
    while !stop.is_set() {
        events.wait(&places, &mut pending)?;
        // Before a file has settled, its first bytes may not be there.
        let mut settled = pending.settled();
        settled.retain(|path| places.takes(path));
        if settled.is_empty() {
            continue;
        }
        let work = Arc::clone(&worker);
        let work = move |found: &Found, guard: &Guard| work.work(found, guard);
        let lost = |found: &Found, why| lost(Form::Jsonl, found, why);
        let sink = |outcome: Outcome| told(options, &worker, &mut pending, output, &outcome, &stop);
        if pool::run(settled.into_iter().map(Found::from), &settings, &stop, work, lost, sink)?
            == End::Stopped
        {
            break;
        }
    }
    worker.close();
    Ok(())
}

/// Keeps, prints and hands on what a dump gave.
fn told(
    options: &Options,
    worker: &Worker,
    pending: &mut Pending,
    output: &mut Output,
    outcome: &Outcome,
    stop: &Stop,
) -> anyhow::Result<()> {
    let kept = worker.keep(outcome);
    let path = &outcome.path;
    match &outcome.result {
        Err(failure) if failure.code == Code::BeingWritten => {
            pending.again(path);
            return Ok(());
        }
        // It went away meanwhile.
        Err(failure) if failure.code == Code::NotFound => return kept,
        _ if outcome.known => return kept,
        _ if options.jsonl => output.raw(&outcome.line)?,
        Ok(row) => output.text(&table::line(path, row))?,
        Err(failure) => output.text(&table::failure(path, failure))?,
    }
    output.finish()?;
    if outcome.result.is_ok()
        && let Err(why) = hand_over(&options.exec, &outcome.line, options.exec_timeout, stop)
    {
        let program = options.exec.first().map(PathBuf::from).unwrap_or_default();
        output::note(&format!("dumplens: {}: {why}, for {}\n", shown(&program), shown(path)));
    }
    // A result that cannot be kept is still printed; then the watch ends.
    kept
}
