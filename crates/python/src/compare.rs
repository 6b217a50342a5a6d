//! `dumplens.diff`: two dumps of one program.

use std::path::{Path, PathBuf};

use dumplens_analyzer::Difference;
use dumplens_analyzer::render::json;
use dumplens_scan::Failure;
use pyo3::prelude::*;

use crate::ask::{all_read, opened, options};
use crate::error::dump_error;
use crate::loaded;
use crate::work::apart;

/// What changed between two dumps of one program: what `dumplens diff OLD NEW` prints as JSON.
#[pyfunction]
#[pyo3(signature = (old, new, *, census = false))]
pub(crate) fn diff(py: Python<'_>, old: PathBuf, new: PathBuf, census: bool) -> PyResult<Bound<'_, PyAny>> {
    let (before, after) = (old.clone(), new.clone());
    let work = move || Ok(compared(&before, &after, census));
    match apart(py, work)? {
        Ok(Ok(json)) => loaded(py, &json),
        Ok(Err((path, failure))) => Err(dump_error(py, &path, &failure)),
        Err(failure) => Err(dump_error(py, &old, &failure)),
    }
}

/// The comparison; of an error, which file it is about.
fn compared(old: &Path, new: &Path, census: bool) -> Result<String, (PathBuf, Failure)> {
    let about = |path: &Path| {
        let path = path.to_owned();
        move |failure| (path, failure)
    };
    let dumps = [opened(old).map_err(about(old))?, opened(new).map_err(about(new))?];
    let difference = Difference::of(dumps.each_ref(), &[options(old), options(new)], census);
    for (dump, path) in dumps.iter().zip([old, new]) {
        all_read(dump).map_err(about(path))?;
    }
    Ok(json::compact(&difference))
}
