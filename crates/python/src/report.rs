//! `dumplens.report`: one dump.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use dumplens_analyzer::render::json;
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource};
use dumplens_scan::{Code, Failure, local_search};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error::dump_error;
use crate::loaded;

/// How often Ctrl-C is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(50);
/// As much stack as the main thread of a program has.
const STACK_BYTES: usize = 8 << 20;

/// Everything that is known about a dump, as a dict: what `dumplens report PATH` prints as JSON.
///
/// What the dump does not have is None, and what of it is damaged is in `warnings`. A file that gives no report at all
/// raises DumpError.
#[pyfunction]
#[pyo3(
    signature = (path, *, symbols = Vec::new(), include_secrets = false),
    text_signature = "(path, *, symbols=(), include_secrets=False)"
)]
pub(crate) fn report(
    py: Python<'_>,
    path: PathBuf,
    symbols: Vec<PathBuf>,
    include_secrets: bool,
) -> PyResult<Bound<'_, PyAny>> {
    let (sender, mut answer) = mpsc::channel();
    let file = path.clone();
    let work = move || {
        let _ = sender.send(whole(&file, &symbols, include_secrets));
    };
    let threads = thread::Builder::new().name("report".to_owned()).stack_size(STACK_BYTES);
    threads.spawn(work).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    loop {
        let received;
        (received, answer) = py.detach(|| (answer.recv_timeout(TICK), answer));
        match received {
            Ok(Ok(json)) => return loaded(py, &json),
            Ok(Err(failure)) => return Err(dump_error(py, &path, &failure)),
            // With Ctrl-C the thread is left to end by itself: it holds nothing of Python's.
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                let why = "the analysis failed: this is an error in dumplens";
                return Err(dump_error(py, &path, &Failure::new(Code::InternalError, why)));
            }
        }
    }
}

fn whole(path: &Path, symbols: &[PathBuf], include_secrets: bool) -> Result<String, Failure> {
    let dump = Dump::open(FileSource::open(path)?)?;
    let report = judged(&dump, path, symbols, include_secrets);
    // What was not read because of that is not absent.
    dump.read_failure().map_or(Ok(()), |error| Err(Failure::from(error)))?;
    Ok(json::compact(&report))
}

/// The report with all that it can have, and with names for its addresses.
pub(crate) fn judged(dump: &Dump, path: &Path, symbols: &[PathBuf], include_secrets: bool) -> Report {
    let path_text = path.to_string_lossy().into_owned();
    let process = Process::gather(dump);
    let (search, warnings) = local_search(symbols, Some(path));
    let mut report = Report::new(&process, &options);
    report.symbolise(&mut Symbols::new(&process, search));
    report.facts.warnings.extend(warnings);
    report
}
