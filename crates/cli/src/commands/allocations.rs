//! `dumplens allocations`: who has the memory? Largest allocations, sizes, modules, stacks, private commit.

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;

use crate::args::Input;
use crate::open;
use crate::output::Output;

/// Show the largest allocations, allocations by size, modules by private pages, stacks, and the commit charge
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let report = open::answer(&options.input.dump, Question::Lists)?;
    output.answer(options.input.format, || text::allocations(&report), || Part::allocations(&report))
}
