//! `dumplens.DumpError`: a file gives no report. The class itself is Python, in `dumplens/_error.py`.

use std::path::Path;

use dumplens_scan::Failure;
use pyo3::prelude::*;

/// The exception for a file.
pub(crate) fn dump_error(py: Python<'_>, path: &Path, failure: &Failure) -> PyErr {
    let class = || py.import("dumplens._error")?.getattr("DumpError");
    match class()
        .and_then(|class| class.call1((failure.code.name(), &failure.message, path.to_string_lossy())))
    {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}
