//! `dumplens heaps`: which heaps are there, how large are they, and do their own counters agree?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;

use crate::args::{Format, Input};
use crate::open;
use crate::output::Output;

/// Every heap with its segments and large blocks: !heap -s
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let report = open::answer(&options.input.dump, Question::Lists)?;
    match options.input.format {
        Format::Text => output.text(&text::heaps(&report)),
        Format::Json => output.json(&Part::heaps(&report)),
    }
}
