//! `dumplens waits`: what does each thread wait for, and who holds it?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Answer;
use dumplens_analyzer::render::text;

use crate::args::{Format, Input};
use crate::open;
use crate::output::Output;
use crate::page::{Page, Paged, Piece};
use crate::symbols::SymbolArgs;

/// Show which threads wait for what and for whom: deadlocks, chains, idle threads (!locks, !cs, !runaway)
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
    let mut report = open::answer_with_symbols(&options.input.dump, Question::Waits, &options.symbols)?;
    let threads = options.page.of(report.facts.waits.as_ref().map_or(0, |waits| waits.threads.len()));
    if options.input.format == Format::Text {
        // Chains name threads of all pieces: only the table is cut.
        return output.text(&(text::waits(&report, threads.from..threads.to) + &threads.note("threads")));
    }
    let next_offset = report.facts.waits.as_deref_mut().and_then(|waits| {
        let lists = [
            options.page.cut(&mut waits.threads),
            options.page.cut(&mut waits.groups),
            options.page.cut(&mut waits.chains),
            options.page.cut(&mut waits.locks),
        ];
        lists.into_iter().filter_map(Piece::next).max()
    });
    let facts = &report.facts;
    output.json(&Paged { answer: Answer::versioned(facts.waits.as_deref(), &facts.warnings), next_offset })
}
