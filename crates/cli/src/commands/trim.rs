//! `dumplens trim`: a dump small enough for a ticket, that gives the same report.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use dumplens_analyzer::render::{escape, number};
use dumplens_analyzer::{TrimOptions, Trimmed};

use crate::long;
use crate::open::{self, shown};
use crate::output::Output;

/// Writes a small dump that gives the same report: for a ticket, or for other eyes
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The minidump
    dump: PathBuf,
    /// The file to write
    to: PathBuf,
    /// Leave out environment, command line and names of objects, and zero what in memory is no pointer
    #[arg(long)]
    redact: bool,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.dump)?;
    refuse(options)?;
    // Beside the target, so that it can take its place in one step; gone if anything fails.
    let folder =
        options.to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = || shown(&options.to);
    let temporary = tempfile::Builder::new()
        .prefix(".dumplens-")
        .suffix(".tmp")
        .tempfile_in(long::path(folder))
        .with_context(named)?;
    let mut out = io::BufWriter::with_capacity(256 << 10, temporary);
    let trimmed = dumplens_analyzer::trim(&dump, TrimOptions { redact: options.redact }, &mut out)
        .with_context(named)?;
    open::all_read(&dump, &options.dump)?;
    let temporary = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(named)?;
    temporary.as_file().sync_all().with_context(named)?;
    let to = long::path(&options.to);
    let persisted = if options.force { temporary.persist(to) } else { temporary.persist_noclobber(to) };
    persisted.map_err(|failed| failed.error).with_context(named)?;
    output.text(&told(options, &trimmed, dump.size()))
}

/// Nothing is overwritten unasked, and the dump itself never.
fn refuse(options: &Options) -> anyhow::Result<()> {
    let to = &options.to;
    let Ok(existing) = fs::symlink_metadata(to) else { return Ok(()) };
    if let (Ok(from), Ok(to)) = (options.dump.canonicalize(), to.canonicalize())
        && from == to
    {
        bail!("{}: is the dump itself", shown(&options.to));
    }
    if existing.is_dir() {
        bail!("{}: is a directory", shown(to));
    }
    if !options.force {
        bail!("{}: exists (--force replaces it)", shown(to));
    }
    Ok(())
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
