//! `!why`, `!waits`, `!census`, `!dumpheap`: what the commands of dumplens itself print.

use dumplens_analyzer::contents::{self, CensusOptions};
use dumplens_analyzer::managed::{Extent, ManagedReport};
use dumplens_analyzer::render::text;
use dumplens_analyzer::{Options as Analysis, Question, Report};

use crate::commands::At;
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

/// Types that `!dumpheap` lists.
const TYPES: usize = 100;

impl Session<'_, '_> {
    /// The answer to one of the questions of dumplens.
    pub(super) fn report(&self, question: Question) -> Report {
        let options = Analysis { search: self.options.search.clone(), ..Analysis::default() };
        Report::answer(self.process, question, &options)
    }
}

pub(super) fn why(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    out.text(&text::why(&session.report(Question::Why)));
    Ok(())
}

pub(super) fn waits(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    out.text(&text::waits(&session.report(Question::Waits), 0..usize::MAX));
    Ok(())
}

pub(super) fn census(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let taken = contents::census(session.process, &CensusOptions::default());
    out.text(&text::census(taken.as_ref(), &[], session.process.dump.width().bits(), &text::CENSUS_ROWS));
    Ok(())
}

pub(super) fn heap(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let report = ManagedReport::of(session.process, Extent { types: TYPES, ..Extent::ALL });
    out.text(&text::managed(report.as_ref(), session.process.dump.width().bits()));
    Ok(())
}
