//! Opens a dump, asks what happened, and renders the answer as `dumplens why` does.
//!
//! `cargo run -p dumplens-analyzer --example why -- app.dmp`
#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::path::Path;

use dumplens_analyzer::{Options, Process, Question, Report, render};
use dumplens_core::{Dump, FileSource};

pub(crate) fn answer(path: &Path) -> Result<String, Box<dyn Error>> {
    let dump = Dump::open(FileSource::open(path)?)?;
    let process = Process::gather(&dump);
    let report = Report::answer(&process, Question::Why, &Options::default());
    Ok(render::text::why(&report))
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("which dump?")?;
    print!("{}", answer(path.as_ref())?);
    Ok(())
}
