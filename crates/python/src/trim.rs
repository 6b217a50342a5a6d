//! `dumplens.trim`: a smaller dump with the same report.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use dumplens_analyzer::TrimOptions;
use dumplens_analyzer::render::json::{self, Versioned};
use dumplens_scan::Failure;
use dumplens_scan::place::{self, Refused};
use pyo3::exceptions::{PyFileExistsError, PyOSError};
use pyo3::prelude::*;

use crate::ask::{all_read, opened};
use crate::error::dump_error;
use crate::loaded;
use crate::work::apart;

/// Writes a small dump that gives the same report: what `dumplens trim DUMP TO` does, and prints as JSON.
#[pyfunction]
#[pyo3(signature = (path, to, *, redact = false, force = false))]
pub(crate) fn trim(
    py: Python<'_>,
    path: PathBuf,
    to: PathBuf,
    redact: bool,
    force: bool,
) -> PyResult<Bound<'_, PyAny>> {
    let (from, options) = (path.clone(), TrimOptions { redact });
    let dump = apart(py, move || opened(&from))?.map_err(|failure| dump_error(py, &path, &failure))?;
    place::free(&path, &to, force).map_err(|refused| taken(&to, refused))?;
    // It takes its place in one step, once all is written; else it is removed when it is dropped, with Ctrl-C too.
    let draft = place::draft(&to)?;
    let work = move || {
        let mut out = BufWriter::with_capacity(256 << 10, draft);
        let written = dumplens_analyzer::trim(&dump, options, &mut out)
            .and_then(|trimmed| Ok((out.into_inner().map_err(io::IntoInnerError::into_error)?, trimmed)));
        all_read(&dump).map(|()| written)
    };
    let (draft, trimmed) = apart(py, work)?.map_err(|failure: Failure| dump_error(py, &path, &failure))??;
    place::put(draft, &to, force)?;
    loaded(py, &json::compact(&Versioned::new(&trimmed)))
}

/// Why nothing is written there.
fn taken(to: &Path, refused: Refused) -> PyErr {
    let to = to.to_string_lossy();
    match refused {
        Refused::Itself => PyOSError::new_err(format!("{to}: is the dump itself")),
        Refused::Obstacle(obstacle) => PyOSError::new_err(format!("{to}: {obstacle}")),
        Refused::Exists => PyFileExistsError::new_err(format!("{to}: exists (force=True replaces it)")),
    }
}
