//! `dumplens modules`: which modules, which versions, which PDBs; which were unloaded?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;

use crate::args::Input;
use crate::open;
use crate::output::Output;

/// List the modules with their versions and PDBs, and the unloaded ones (lm)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let report = open::answer(&options.input.dump, Question::Lists)?;
    output.answer(options.input.format, || text::modules(&report), || Part::modules(&report))
}
