//! `dumplens waits`: what does each thread wait for, and who holds it?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Answer;
use dumplens_analyzer::render::text;

use crate::args::Input;
use crate::open;
use crate::output::Output;
use crate::symbols::SymbolArgs;

/// Show which threads wait for what and for whom: deadlocks, chains, idle threads (!locks, !cs, !runaway)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    symbols: SymbolArgs,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let report = open::answer_with_symbols(&options.input.dump, Question::Waits, &options.symbols)?;
    let facts = &report.facts;
    let answer = || Answer::versioned(facts.waits.as_deref(), &facts.warnings);
    output.answer(options.input.format, || text::waits(&report), answer)
}
