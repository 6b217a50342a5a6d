//! `dumplens trim`: a dump small enough for a ticket, that gives the same report.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use dumplens_analyzer::render::json::Versioned;
use dumplens_analyzer::render::{escape, number};
use dumplens_analyzer::{TrimOptions, Trimmed};
use dumplens_core::Dump;
use dumplens_scan::Stop;
use dumplens_scan::place::{self, Draft, Refused};

use crate::args::Format;
use crate::interrupt::{self, INTERRUPTED};
use crate::open::{self, shown};
use crate::output::{self, Output};

/// How often Ctrl-C is looked at.
const TICK: Duration = Duration::from_millis(50);
/// As much stack as the main thread of a program has; Rust's own default is 2 MiB.
const STACK_BYTES: usize = 8 << 20;

/// Write a small dump with the same report, for a ticket
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The minidump
    dump: PathBuf,
    /// The file to write
    to: PathBuf,
    /// Leave out the environment, command line, object names and PDB folders, and zero all memory that could contain text
    #[arg(long)]
    redact: bool,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    /// How to show the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.dump)?;
    refuse(options)?;
    let named = || shown(&options.to);
    let stop = interrupt::stop()?;
    // Beside the target, so that it can take its place in one step; gone if anything fails.
    let draft = place::draft(&options.to).with_context(named)?;
    let (beside, size) = (draft.path().to_owned(), dump.size());
    let wanted = TrimOptions { redact: options.redact };
    let from = options.dump.clone();
    let work = move || write(&dump, wanted, draft).map(|done| open::all_read(&dump, &from).map(|()| done));
    let Some(written) = unless(&stop, work).with_context(named)? else {
        fs::remove_file(&beside).with_context(|| shown(&beside))?;
        output::note("dumplens: interrupted; nothing was written\n");
        output.exit_with(INTERRUPTED);
        return Ok(());
    };
    let (draft, trimmed) = written.with_context(named)??;
    place::put(draft, &options.to, options.force).with_context(named)?;
    output.answer(options.format, || told(options, &trimmed, size), || Versioned::new(&trimmed))
}

fn write(dump: &Dump, wanted: TrimOptions, draft: Draft) -> io::Result<(Draft, Trimmed)> {
    let mut out = io::BufWriter::with_capacity(256 << 10, draft);
    let trimmed = dumplens_analyzer::trim(dump, wanted, &mut out)?;
    Ok((out.into_inner().map_err(io::IntoInnerError::into_error)?, trimmed))
}

/// What `work` gives, from a thread of its own; `None` as soon as the stop is set. What it does then ends with the
/// program.
fn unless<T: Send + 'static>(
    stop: &Stop,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (send, done) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("trim".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(move || drop(send.send(work())))?;
    loop {
        match done.recv_timeout(TICK) {
            Ok(result) => return Ok(Some(result)),
            Err(RecvTimeoutError::Timeout) if stop.is_set() => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the analysis failed: this is an error in dumplens"));
            }
        }
    }
}

/// Nothing is overwritten unasked; the dump itself, and what is no file, never.
fn refuse(options: &Options) -> anyhow::Result<()> {
    let Err(refused) = place::free(&options.dump, &options.to, options.force) else { return Ok(()) };
    let why = match refused {
        Refused::Itself => "is the dump itself",
        Refused::Obstacle(obstacle) => obstacle,
        Refused::Exists => "already exists (--force replaces it)",
    };
    bail!("{}: {why}", shown(&options.to))
}

fn told(options: &Options, trimmed: &Trimmed, original: u64) -> String {
    format!(
        "{}: {} of {}\nMemory kept: {} of {}\n{}\n",
        shown(&options.to),
        number::size_text(trimmed.size_bytes),
        number::size_text(original),
        number::size_text(trimmed.kept_bytes),
        number::size_text(trimmed.original_bytes),
        escape::line(&trimmed.note),
    )
}
