//! `dumplens waits`: what does each thread wait for, and who holds it?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Versioned;
use dumplens_analyzer::render::text;

use crate::args::{Format, Input};
use crate::open;
use crate::output::Output;
use crate::symbols::SymbolArgs;

/// Who waits for what, and on whom: deadlocks, chains, idle threads: !locks, !runaway
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    symbols: SymbolArgs,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let report = open::answer_with_symbols(&options.input.dump, Question::Waits, &options.symbols)?;
    match options.input.format {
        Format::Text => output.text(&text::waits(&report)),
        Format::Json => output.json(&Versioned::new(&Answer {
            waits: report.facts.waits.unwrap_or_default(),
            warnings: report.facts.warnings,
        })),
    }
}

/// The waits, and what was wrong with the dump.
#[derive(serde::Serialize)]
struct Answer {
    #[serde(flatten)]
    waits: Box<dumplens_analyzer::facts::WaitsReport>,
    warnings: Vec<dumplens_analyzer::facts::WarningReport>,
}
