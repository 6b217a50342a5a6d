//! `dumplens allocations`: who has the memory? Largest allocations, sizes, modules, stacks, private commit.

use dumplens_analyzer::render::json::Part;
use dumplens_analyzer::render::text;
use dumplens_analyzer::{Process, Question, Report};

use crate::args::{Format, Input};
use crate::open;
use crate::output::Output;
use crate::page::{Page, Paged, Piece};

/// Show the largest allocations, allocations by size, modules by private pages, stacks, and the commit charge
///
/// Without --limit, the ten largest allocations are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    page: Page,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let path = &options.input.dump;
    let dump = open::open(path)?;
    let process = Process::gather(&dump);
    let mut report = Report::answer(&process, Question::Lists, &open::options(path));
    let mut piece = None;
    if let Some(all) = report.facts.memory.allocations.as_mut().filter(|_| options.page.limit.is_some()) {
        let of = options.page.of(usize::try_from(all.count).unwrap_or(usize::MAX));
        all.list(&process, of.from..of.to);
        piece = Some(of);
    }
    open::all_read(&dump, path)?;
    let text = |report: &Report| {
        text::allocations(report) + &piece.map_or_else(String::new, |piece| piece.note("allocations"))
    };
    match options.input.format {
        Format::Text => output.text(&text(&report)),
        Format::Json => {
            let lists = options.page.cut_facts(&mut report.facts);
            let next = [piece, Some(lists.threads), Some(lists.modules)];
            let next_offset = next.into_iter().flatten().filter_map(Piece::next).max();
            output.json(&Paged { answer: Part::allocations(&report), next_offset })
        }
    }
}
