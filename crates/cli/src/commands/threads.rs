//! `dumplens threads`: which threads were there, how much stack had they, and what failed last in each?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;

use crate::args::Input;
use crate::open;
use crate::output::Output;
use crate::page::{Page, Paged};
use crate::symbols::SymbolArgs;

/// Show index, ID, TEB, stack bounds, last error and last status of every thread (~, !teb, !gle -all)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    page: Page,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let mut report = open::answer_with_symbols(&options.input.dump, Question::Threads, &options.symbols)?;
    let piece = options.page.cut_facts(&mut report.facts).threads;
    let json = || Paged { answer: Part::threads(&report), next_offset: piece.next() };
    output.answer(options.input.format, || text::threads(&report) + &piece.note("threads"), json)
}
