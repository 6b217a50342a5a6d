//! `dumplens summary`: how is the address space used, and how much is left?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;

use crate::args::Input;
use crate::open;
use crate::output::Output;

/// Show address space and commit in the five tables of !address -summary
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let report = open::answer(&options.input.dump, Question::Summary)?;
    output.answer(options.input.format, || text::summary(&report), || Part::summary(&report))
}
