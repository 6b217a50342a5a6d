//! `dumplens modules`: which modules, which versions, which PDBs; which were unloaded?

use dumplens_analyzer::Question;
use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;

use crate::args::Input;
use crate::open;
use crate::output::Output;
use crate::page::{Page, Paged};

/// List the modules with their versions and PDBs, and the unloaded ones (lm)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    page: Page,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let mut report = open::answer(&options.input.dump, Question::Lists)?;
    let pieces = options.page.cut_facts(&mut report.facts);
    let next_offset = pieces.modules.next().max(pieces.unloaded.next());
    let json = || Paged { answer: Part::modules(&report), next_offset };
    let notes = pieces.modules.note("modules") + &pieces.unloaded.note("unloaded modules");
    output.answer(options.input.format, || text::modules(&report) + &notes, json)
}
