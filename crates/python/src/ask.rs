//! `dumplens.report`, `why`, `census` and `waits`: a question about one dump.

use std::path::{Path, PathBuf};

use dumplens_analyzer::contents::{CensusOptions, Reading};
use dumplens_analyzer::facts::{self, Warning, WarningReport};
use dumplens_analyzer::render::json::{self, Answer, Part};
use dumplens_analyzer::symbols::{Listings, supply_images};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource};
use dumplens_scan::{Failure, local_search};
use pyo3::prelude::*;

use crate::error::dump_error;
use crate::loaded;
use crate::work::apart;

/// Folders of symbols and of images.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folders {
    pub(crate) symbols: Vec<PathBuf>,
    pub(crate) images: Vec<PathBuf>,
}

/// Everything that is known about a dump, as a dict: what `dumplens report PATH` prints as JSON.
///
/// What the dump does not have is None, and what of it is damaged is in `warnings`. A file that gives no report at all
/// raises DumpError.
#[pyfunction]
#[pyo3(
    signature = (path, *, symbols = Vec::new(), images = Vec::new(), include_secrets = false),
    text_signature = "(path, *, symbols=(), images=(), include_secrets=False)"
)]
pub(crate) fn report(
    py: Python<'_>,
    path: PathBuf,
    symbols: Vec<PathBuf>,
    images: Vec<PathBuf>,
    include_secrets: bool,
) -> PyResult<Bound<'_, PyAny>> {
    let folders = Folders { symbols, images };
    answered(py, path, move |dump, path| {
        let options = Options { include_secrets, ..options(path) };
        json::compact(&with_symbols(dump, Question::Everything, &options, path, &folders))
    })
}

/// What happened, and why: what `dumplens why PATH` prints as JSON.
#[pyfunction]
#[pyo3(
    signature = (path, *, symbols = Vec::new(), images = Vec::new()),
    text_signature = "(path, *, symbols=(), images=())"
)]
pub(crate) fn why(
    py: Python<'_>,
    path: PathBuf,
    symbols: Vec<PathBuf>,
    images: Vec<PathBuf>,
) -> PyResult<Bound<'_, PyAny>> {
    reported(py, path, Question::Why, Folders { symbols, images }, |report| {
        json::compact(&Part::verdict(report))
    })
}

/// Who waits for what, and on whom: what `dumplens waits PATH` prints as JSON.
#[pyfunction]
#[pyo3(
    signature = (path, *, symbols = Vec::new(), images = Vec::new()),
    text_signature = "(path, *, symbols=(), images=())"
)]
pub(crate) fn waits(
    py: Python<'_>,
    path: PathBuf,
    symbols: Vec<PathBuf>,
    images: Vec<PathBuf>,
) -> PyResult<Bound<'_, PyAny>> {
    reported(py, path, Question::Waits, Folders { symbols, images }, |report| {
        json::compact(&Answer::versioned(report.facts.waits.as_deref(), &report.facts.warnings))
    })
}

/// What fills the private memory: what `dumplens census PATH` prints as JSON.
#[pyfunction]
#[pyo3(
    signature = (path, *, all = false, symbols = Vec::new(), images = Vec::new(), show_strings = false),
    text_signature = "(path, *, all=False, symbols=(), images=(), show_strings=False)"
)]
pub(crate) fn census(
    py: Python<'_>,
    path: PathBuf,
    all: bool,
    symbols: Vec<PathBuf>,
    images: Vec<PathBuf>,
    show_strings: bool,
) -> PyResult<Bound<'_, PyAny>> {
    let folders = Folders { symbols, images };
    answered(py, path, move |dump, path| {
        let images = supplied(dump, &folders);
        let process = Process::gather(dump);
        let (search, ignored) = local_search(&folders.symbols, Some(path));
        let bare = CensusOptions { strings: show_strings, ..CensusOptions::default() };
        let wanted = if all {
            CensusOptions { reading: Reading::Whole, rows: usize::MAX, ..bare }
        } else {
            CensusOptions { reading: Reading::Enough, ..bare }
        };
        let (taken, by_symbols) = facts::census(&process, &wanted, search);
        let warnings = WarningReport::of(&process).chain(images).chain(ignored).chain(by_symbols);
        json::compact(&Answer::versioned(taken.as_ref(), &warnings.collect::<Vec<_>>()))
    })
}

/// Answers a question with a part of the report, JSON, as Python's own objects.
fn reported(
    py: Python<'_>,
    path: PathBuf,
    question: Question,
    folders: Folders,
    part: fn(&Report) -> String,
) -> PyResult<Bound<'_, PyAny>> {
    answered(py, path, move |dump, path| part(&with_symbols(dump, question, &options(path), path, &folders)))
}

/// Opens the dump and gives what `answer` makes of it, JSON, as Python's own objects.
fn answered(
    py: Python<'_>,
    path: PathBuf,
    answer: impl FnOnce(&Dump, &Path) -> String + Send + 'static,
) -> PyResult<Bound<'_, PyAny>> {
    let file = path.clone();
    let work = move || {
        let dump = opened(&file)?;
        let json = answer(&dump, &file);
        all_read(&dump).map(|()| json)
    };
    loaded(py, &apart(py, work)?.map_err(|failure| dump_error(py, &path, &failure))?)
}

pub(crate) fn opened(path: &Path) -> Result<Dump, Failure> {
    Ok(Dump::open(FileSource::open(path)?)?)
}

/// What was not read because a read failed is not absent.
pub(crate) fn all_read(dump: &Dump) -> Result<(), Failure> {
    dump.read_failure().map_or(Ok(()), |error| Err(error.into()))
}

/// How a question about the dump at `path` is answered: as the program does.
pub(crate) fn options(path: &Path) -> Options {
    Options { path: path.to_string_lossy().into_owned(), census: Reading::Leader, ..Options::default() }
}

/// The answer, with the images and the names that the folders give.
pub(crate) fn with_symbols(
    dump: &Dump,
    question: Question,
    options: &Options,
    path: &Path,
    folders: &Folders,
) -> Report {
    let images = supplied(dump, folders);
    let (search, ignored) = local_search(&folders.symbols, Some(path));
    let options = Options { search, ..options.clone() };
    let mut report = Report::answer(&Process::gather(dump), question, &options);
    report.facts.warnings.extend(images.into_iter().chain(ignored));
    report
}

/// Gives the dump the images that lie in the folders; what was refused or not found.
fn supplied(dump: &Dump, folders: &Folders) -> Vec<WarningReport> {
    let warnings = supply_images(dump, &folders.images, &Listings::default());
    warnings.into_iter().map(|warning| WarningReport::from(&Warning::Symbols(warning))).collect()
}
