//! The report as plain data: how many bytes were asked for, why they were refused, and what is not sure.
//!
//! `cargo run -p dumplens-analyzer --example requested -- app.dmp`
#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::path::Path;

use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, FileSource};

pub(crate) fn answer(path: &Path) -> Result<String, Box<dyn Error>> {
    let dump = Dump::open(FileSource::open(path)?)?;
    let report = Report::answer(&Process::gather(&dump), Question::Why, &Options::default());
    let requested = report.verdict.as_ref().and_then(|v| Some(v.allocation.as_ref()?.requested_bytes));
    let mut answer = match requested {
        Some(bytes) => format!("{bytes} bytes were asked for\n"),
        None => "how much was asked for is not known\n".to_owned(),
    };
    for warning in &report.facts.warnings {
        answer += &format!("{}: {}\n", warning.code, warning.message);
    }
    Ok(answer)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("which dump?")?;
    print!("{}", answer(path.as_ref())?);
    Ok(())
}
