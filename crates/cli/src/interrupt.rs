//! Ctrl-C, and SIGTERM where there is one: an end that keeps what is done.

use anyhow::Context;
use dumplens_scan::Stop;

/// The exit code of an end that they brought about.
pub(crate) const INTERRUPTED: u8 = 130;

/// A stop that they set; once in a process.
pub(crate) fn stop() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let set = stop.clone();
    ctrlc::set_handler(move || set.set()).context("Ctrl-C cannot be caught")?;
    Ok(stop)
}
