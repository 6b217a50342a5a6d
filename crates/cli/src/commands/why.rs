//! `dumplens why`: what happened, and how is that known?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;

use crate::args::Input;
use crate::limit::Limit;
use crate::open::{self, Gathered};
use crate::output::Output;
use crate::paint::Look;
use crate::symbols::SymbolArgs;

/// Explain what happened and why: how many bytes were requested, and what refused them
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    limit: Limit,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let (path, symbols) = (options.input.dump.clone(), options.symbols.clone());
    let report = options.limit.within(move |guard| {
        let dump = open::open_within(&path, guard)?;
        let gathered = Gathered::new(&dump, &symbols);
        open::with_symbols(&gathered, Question::Why, &open::options(&path), &path, &symbols)
    })?;
    output.look = Look::Why;
    let width = Output::width();
    let text = || width.map_or_else(|| text::why(&report), |width| text::why_within(&report, width));
    output.answer(options.input.format, text, || Part::verdict(&report))
}
