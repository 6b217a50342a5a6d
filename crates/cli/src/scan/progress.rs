//! The progress of a scan, on standard error, if that is a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use dumplens_scan::Places;

/// A line of progress.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    failed: u64,
}

impl Progress {
    /// `places`: the folders and files to count first; `None` where that cannot be known, as with a list on standard
    /// input.
    pub(crate) fn new(places: Option<&Places>) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress { bar: ProgressBar::hidden(), failed: 0 };
        }
        let total = places.map(|places| places.clone().dumps().count() as u64);
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let known = "{wide_bar} {pos}/{len} dumps, {msg} failed, {per_sec}, {eta} left";
        let open = "{pos} dumps, {msg} failed, {per_sec}";
        // A template that does not parse would show the default bar.
        if let Ok(style) = ProgressStyle::with_template(if total.is_some() { known } else { open }) {
            bar.set_style(style);
        }
        bar.set_message("0");
        Progress { bar, failed: 0 }
    }

    /// Counts a file.
    pub(crate) fn step(&mut self, failed: bool) {
        if failed {
            self.failed += 1;
            self.bar.set_message(self.failed.to_string());
        }
        self.bar.inc(1);
    }

    /// Writes something else on the terminal, without the two mixing.
    pub(crate) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
