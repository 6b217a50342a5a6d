//! `dumplens why`: what happened, and how is that known?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;

use crate::args::{Format, Input};
use crate::open;
use crate::output::Output;
use crate::symbols::SymbolArgs;

/// What happened, and why: the bytes that were asked for and the reason they were refused
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    symbols: SymbolArgs,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let report = open::answer_with_symbols(&options.input.dump, Question::Why, &options.symbols)?;
    match options.input.format {
        Format::Text => output.text(&text::why(&report)),
        Format::Json => output.json(&Part::verdict(&report)),
    }
}
