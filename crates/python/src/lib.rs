//! The Python package: `dumplens.report` and `dumplens.scan`.
//!
//! The work is done on threads of Rust's own, while Python's threads run on; an analysis that panics is an error of its
//! dump, and never crosses over. Reports go over as the JSON that the program prints.

mod error;
mod report;
mod scan;

use pyo3::prelude::*;

/// What `dumplens/__init__.py` gives on.
#[pymodule]
mod _dumplens {
    #[pymodule_export]
    use crate::report::report;
    #[pymodule_export]
    use crate::scan::{Scan, scan};
}

/// JSON as Python's own objects.
fn loaded<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.getattr("loads")?.call1((json,))
}
