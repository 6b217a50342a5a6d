//! From a path to a dump.

use std::io;
use std::path::Path;

use anyhow::{Context, anyhow};
use dumplens_analyzer::contents::Reading;
use dumplens_analyzer::facts::WarningReport;
use dumplens_analyzer::render::escape;
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource, Source};
use dumplens_scan::{Guard, Guarded};

use crate::remote;
use crate::symbols::SymbolArgs;

/// The path as it is shown: whoever named the file may have been hostile, and a URL may hold secrets.
pub(crate) fn shown(path: &Path) -> String {
    escape::line(&remote::without_secrets(path))
}

/// Opens the dump at `path`; an error names the path and fits on one line.
pub(crate) fn open(path: &Path) -> anyhow::Result<Dump> {
    Dump::open(source(path).with_context(|| shown(path))?).with_context(|| shown(path))
}

/// The same, with reads that fail once the guard wants an end.
pub(crate) fn open_within(path: &Path, guard: Guard) -> anyhow::Result<Dump> {
    let source = source(path).with_context(|| shown(path))?;
    Dump::open(Guarded { source, guard }).with_context(|| shown(path))
}

/// Fails if not all that was asked for could be read: what is not known then is not absent from the dump.
pub(crate) fn all_read(dump: &Dump, path: &Path) -> anyhow::Result<()> {
    dump.read_failure().map_or(Ok(()), |error| Err(anyhow!("{}: {error}", shown(path))))
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
        "this build cannot use the network: it was built without the feature http",
    ))
}

/// Opens the dump and answers a question about it.
pub(crate) fn answer(path: &Path, question: Question) -> anyhow::Result<Report> {
    let dump = open(path)?;
    let report = Report::answer(&Process::gather(&dump), question, &options(path));
    all_read(&dump, path)?;
    Ok(report)
}

/// As [`answer`], with the PDBs that `symbols` names.
pub(crate) fn answer_with_symbols(
    path: &Path,
    question: Question,
    symbols: &SymbolArgs,
) -> anyhow::Result<Report> {
    let dump = open(path)?;
    with_symbols(&Gathered::new(&dump, symbols), question, &options(path), path, symbols)
}

/// A process, and what was told of the image files that its dump was given.
#[derive(Debug)]
pub(crate) struct Gathered<'d> {
    pub(crate) process: Process<'d>,
    pub(crate) warnings: Vec<WarningReport>,
}

impl<'d> Gathered<'d> {
    /// Gathers the facts, with the images that `symbols` names.
    pub(crate) fn new(dump: &'d Dump, symbols: &SymbolArgs) -> Gathered<'d> {
        let warnings = symbols.supply(dump);
        Gathered { process: Process::gather(dump), warnings }
    }
}

/// The answer about a process that was read from `path`, with the PDBs that `symbols` names.
pub(crate) fn with_symbols(
    gathered: &Gathered<'_>,
    question: Question,
    options: &Options,
    path: &Path,
    symbols: &SymbolArgs,
) -> anyhow::Result<Report> {
    let (search, warnings) = symbols.search(path)?;
    let mut report = Report::answer(&gathered.process, question, &Options { search, ..options.clone() });
    report.facts.warnings.extend(gathered.warnings.iter().cloned().chain(warnings));
    all_read(gathered.process.dump, path)?;
    Ok(report)
}

/// How a question about the dump at `path` is answered.
pub(crate) fn options(path: &Path) -> Options {
    Options { path: remote::without_secrets(path), census: Reading::Leader, ..Options::default() }
}
