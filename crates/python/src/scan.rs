//! `dumplens.scan`: many dumps, one after the other as they are done.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json;
use dumplens_analyzer::report::SCHEMA_VERSION;
use dumplens_core::{Dump, FileSource, Source};
use dumplens_scan::pool::{self, Lost, Settings};
use dumplens_scan::{Failure, Found, Guard, Places, Stop, triage};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::ask::{Folders, options, with_symbols};
use crate::loaded;
use crate::work::TICK;

/// How long after its limit a dump may hang before it is given up.
const GRACE: Duration = Duration::from_secs(2);

/// A file, and its report in JSON or why there is none.
type Outcome = (PathBuf, Result<String, Failure>);

/// Dumps as they are done: iterate over it. It ends early with `close()`, or when it is dropped.
#[pyclass(frozen, module = "dumplens")]
pub(crate) struct Scan {
    /// `None` once it was closed. The workers end when nobody listens.
    outcomes: Mutex<Option<Receiver<Outcome>>>,
    stop: Stop,
}

/// One path, or all of an iterable.
fn roots(paths: &Bound<'_, PyAny>) -> PyResult<Vec<PathBuf>> {
    if let Ok(one) = paths.extract() {
        return Ok(vec![one]);
    }
    paths.try_iter()?.map(|path| path?.extract()).collect()
}

/// Looks at files, folders and patterns; gives a dict for each dump, as `dumplens scan --jsonl` does.
#[pyfunction]
#[pyo3(
    signature = (paths, *, all = false, jobs = None, timeout = Some(120.0), symbols = Vec::new(), images = Vec::new()),
    text_signature = "(paths, *, all=False, jobs=None, timeout=120.0, symbols=(), images=())"
)]
pub(crate) fn scan(
    paths: &Bound<'_, PyAny>,
    all: bool,
    jobs: Option<usize>,
    timeout: Option<f64>,
    symbols: Vec<PathBuf>,
    images: Vec<PathBuf>,
) -> PyResult<Scan> {
    let folders = Folders { symbols, images };
    let limit = timeout.map(Duration::try_from_secs_f64).transpose();
    let limit = limit.map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
    let processors = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let workers = jobs.unwrap_or_else(processors);
    if !(1..=256).contains(&workers) {
        return Err(PyValueError::new_err("jobs: from 1 to 256"));
    }
    let roots = roots(paths)?;
    let settings = Settings { workers, limit, grace: GRACE, left: Arc::default() };
    let stop = Stop::default();
    let (sender, outcomes) = mpsc::sync_channel(workers);
    let until = stop.clone();
    let supervise = move || {
        let work = move |found: &Found, guard: &Guard| looked_at(found, &folders, guard);
        let sink = |outcome| Ok(sender.send(outcome)?);
        // It fails only when nobody listens any more.
        let _ = pool::run(Places { roots, all }.dumps(), &settings, &until, work, lost, sink);
        until.set();
    };
    let threads = thread::Builder::new().name("scan".to_owned());
    threads.spawn(supervise).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    Ok(Scan { outcomes: Mutex::new(Some(outcomes)), stop })
}

fn looked_at(found: &Found, folders: &Folders, guard: &Guard) -> Option<Outcome> {
    let path = found.path.clone();
    if let Some(failure) = &found.failure {
        return Some((path, Err(failure.clone())));
    }
    let open = || Ok(Box::new(FileSource::open(&path)?) as Box<dyn Source>);
    let judge = |dump: &Dump| Ok(with_symbols(dump, Question::Everything, &options(&path), &path, folders));
    let triaged = triage(&path, true, open, guard, judge)?;
    Some((path, triaged.map(|triaged| json::compact(&triaged.report))))
}

fn lost(found: &Found, why: Lost) -> Outcome {
    (found.path.clone(), Err(why.failure()))
}

#[pymethods]
impl Scan {
    fn __iter__(scan: PyRef<'_, Self>) -> PyRef<'_, Self> {
        scan
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        loop {
            // Taken out while waiting, so that another thread may close it.
            let received = py.detach(|| {
                let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                outcomes.as_ref().map(|outcomes| outcomes.recv_timeout(TICK))
            });
            match received {
                Some(Ok((path, outcome))) => return told(py, &path.to_string_lossy(), outcome).map(Some),
                Some(Err(RecvTimeoutError::Timeout)) => py.check_signals()?,
                None | Some(Err(RecvTimeoutError::Disconnected)) => return Ok(None),
            }
        }
    }

    /// Ends it: what is being read is left, and there is nothing more.
    fn close(&self, py: Python<'_>) {
        self.stop.set();
        py.detach(|| *self.outcomes.lock().unwrap_or_else(PoisonError::into_inner) = None);
    }

    fn __enter__(scan: PyRef<'_, Self>) -> PyRef<'_, Self> {
        scan
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _error: &Bound<'_, PyAny>,
        _trace: &Bound<'_, PyAny>,
    ) {
        self.close(py);
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        self.stop.set();
    }
}

/// `path`, and the report's fields, or the version of its shape and `error`.
fn told<'py>(py: Python<'py>, path: &str, outcome: Result<String, Failure>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("path", path)?;
    match outcome {
        Ok(json) => dict.update(loaded(py, &json)?.cast::<PyDict>()?.as_mapping())?,
        Err(failure) => {
            let error = PyDict::new(py);
            error.set_item("code", failure.code.name())?;
            error.set_item("message", &failure.message)?;
            dict.set_item("schema_version", SCHEMA_VERSION)?;
            dict.set_item("error", error)?;
        }
    }
    Ok(dict)
}
