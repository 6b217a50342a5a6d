//! Work on a thread of Rust's own, while Python's threads run on and Ctrl-C ends the call.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use dumplens_scan::{Code, Failure};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// How often Ctrl-C is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(50);
/// As much stack as the main thread of a program has.
const STACK_BYTES: usize = 8 << 20;

/// Does the work on a thread of its own. The outer error is Python's: Ctrl-C, or no thread could be started.
pub(crate) fn apart<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> PyResult<Result<T, Failure>> {
    let (sender, mut answer) = mpsc::channel();
    let threads = thread::Builder::new().name("dumplens".to_owned()).stack_size(STACK_BYTES);
    let started = threads.spawn(move || drop(sender.send(work())));
    started.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    loop {
        let received;
        (received, answer) = py.detach(|| (answer.recv_timeout(TICK), answer));
        match received {
            Ok(result) => return Ok(result),
            // With Ctrl-C the thread is left to end by itself: it holds nothing of Python's.
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                let why = "the analysis failed: this is an error in dumplens";
                return Ok(Err(Failure::new(Code::InternalError, why)));
            }
        }
    }
}
