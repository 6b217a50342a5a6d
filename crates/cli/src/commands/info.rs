//! `dumplens info`: what is this file? Who wrote it, when, why, on what machine, and what is in it?

use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;
use dumplens_analyzer::{Process, Question, Report};

use crate::args::Input;
use crate::open;
use crate::output::Output;

/// Show the system, process, times, last event, comment and streams (vertarget, .time, .lastevent)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    /// Show the command line of the process, which may contain secrets
    #[arg(long)]
    include_secrets: bool,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let path = &options.input.dump;
    let wanted =
        dumplens_analyzer::Options { include_secrets: options.include_secrets, ..open::options(path) };
    let dump = open::open(path)?;
    let report = Report::answer(&Process::gather(&dump), Question::Lists, &wanted);
    open::all_read(&dump, path)?;
    output.answer(options.input.format, || text::info(&report), || Part::info(&report))
}
