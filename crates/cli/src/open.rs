//! From a path to a dump.

use std::io;
use std::path::Path;

use anyhow::Context;
use dumplens_analyzer::render::escape;
use dumplens_analyzer::symbols::Symbols;
use dumplens_analyzer::{Options, Process, Report};
use dumplens_core::{Dump, FileSource, Source};

use crate::remote;
use crate::symbols::SymbolArgs;

/// The path as it is shown: whoever named the file may have been hostile.
pub(crate) fn shown(path: &Path) -> String {
    escape::line(&path.to_string_lossy())
}

/// Opens the dump at `path`; an error names the path and fits on one line.
pub(crate) fn open(path: &Path) -> anyhow::Result<Dump> {
    Dump::open(source(path).with_context(|| shown(path))?).with_context(|| shown(path))
}

/// The bytes of a dump: a file's, or those behind a URL.
pub(crate) fn source(path: &Path) -> io::Result<Box<dyn Source>> {
    if !remote::is_url(path) {
        return Ok(Box::new(FileSource::open(path)?));
    }
    #[cfg(feature = "http")]
    return Ok(Box::new(remote::HttpSource::open(path)?));
    #[cfg(not(feature = "http"))]
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this build cannot use the network: it is without the feature http",
    ))
}

/// What commands that list threads, modules or heaps need.
pub(crate) fn detailed() -> Options {
    Options { details: true, ..Options::default() }
}

/// Opens the dump and reports on it.
pub(crate) fn report(path: &Path, options: &Options) -> anyhow::Result<Report> {
    let dump = open(path)?;
    Ok(report_on(&Process::gather(&dump), path, options))
}

/// The report on a process that was read from `path`.
pub(crate) fn report_on(process: &Process<'_>, path: &Path, options: &Options) -> Report {
    Report::new(process, &named(path, options))
}

/// As [`report`], with names for its addresses.
pub(crate) fn report_with_symbols(
    path: &Path,
    options: &Options,
    symbols: &SymbolArgs,
) -> anyhow::Result<Report> {
    let dump = open(path)?;
    with_symbols(&Process::gather(&dump), path, options, symbols)
}

/// The report on a process that was read from `path`, with names for its addresses.
pub(crate) fn with_symbols(
    process: &Process<'_>,
    path: &Path,
    options: &Options,
    symbols: &SymbolArgs,
) -> anyhow::Result<Report> {
    let (search, warnings) = symbols.search(path)?;
    let mut report = Report::new(process, &named(path, options));
    report.symbolise(&mut Symbols::new(process, search));
    report.warnings.extend(warnings);
    Ok(report)
}

fn named(path: &Path, options: &Options) -> Options {
    Options { path: path.to_string_lossy().into_owned(), ..options.clone() }
}
