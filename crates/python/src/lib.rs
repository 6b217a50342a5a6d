//! The Python package: the questions of the command line, each as a function that gives what the program prints as JSON.
//!
//! The work is done on threads of Rust's own, while Python's threads run on; an analysis that panics is an error of its
//! dump, and never crosses over. Reports go over as the JSON that the program prints.

mod ask;
mod compare;
mod error;
mod scan;
mod trim;
mod work;

use pyo3::prelude::*;

/// What `dumplens/__init__.py` gives on.
#[pymodule]
mod _dumplens {
    #[pymodule_export]
    use crate::ask::{census, report, waits, why};
    #[pymodule_export]
    use crate::compare::diff;
    #[pymodule_export]
    use crate::scan::{Scan, scan};
    #[pymodule_export]
    use crate::trim::trim;
    /// The version, of package and program alike.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}

/// JSON as Python's own objects.
fn loaded<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.getattr("loads")?.call1((json,))
}
