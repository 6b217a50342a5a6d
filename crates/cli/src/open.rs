//! From a path to a dump.

use std::io;
use std::path::Path;

use anyhow::Context;
use dumplens_analyzer::render::escape;
use dumplens_analyzer::{Options, Process, Question, Report};
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

/// Opens the dump and answers a question about it.
pub(crate) fn answer(path: &Path, question: Question) -> anyhow::Result<Report> {
    let dump = open(path)?;
    Ok(Report::answer(&Process::gather(&dump), question, &options(path)))
}

/// As [`answer`], with the PDBs that `symbols` names.
pub(crate) fn answer_with_symbols(
    path: &Path,
    question: Question,
    symbols: &SymbolArgs,
) -> anyhow::Result<Report> {
    let dump = open(path)?;
    with_symbols(&Process::gather(&dump), question, &options(path), path, symbols)
}

/// The answer about a process that was read from `path`, with the PDBs that `symbols` names.
pub(crate) fn with_symbols(
    process: &Process<'_>,
    question: Question,
    options: &Options,
    path: &Path,
    symbols: &SymbolArgs,
) -> anyhow::Result<Report> {
    let (search, warnings) = symbols.search(path)?;
    let mut report = Report::answer(process, question, &Options { search, ..options.clone() });
    report.facts.warnings.extend(warnings);
    Ok(report)
}

/// How a question about the dump at `path` is answered.
pub(crate) fn options(path: &Path) -> Options {
    Options { path: path.to_string_lossy().into_owned(), ..Options::default() }
}
