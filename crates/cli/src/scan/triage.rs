//! One file: its row and its report, or why there is none.

use std::path::Path;

use dumplens_analyzer::contents::Reading;
use dumplens_analyzer::{Options, Question, Report};
use dumplens_scan::{Code, Failure, Guard};

use super::row::Row;
use crate::open::{self, Gathered};
use crate::remote;
use crate::symbols::SymbolArgs;

/// What one file gave.
#[derive(Debug, Clone)]
pub(crate) struct Triaged {
    pub(crate) row: Row,
    pub(crate) report: Report,
}

/// Reads and judges the dump at `path`, within the limits of `guard`. `None`: it was interrupted.
pub(crate) fn triage(
    path: &Path,
    question: Question,
    (symbols, census): (&SymbolArgs, Reading),
    guard: &Guard,
) -> Option<Result<Triaged, Failure>> {
    let options = Options { census, ..open::options(path) };
    let source = || open::source(path);
    let triaged = dumplens_scan::triage(path, !remote::is_url(path), source, guard, |dump| {
        open::with_symbols(&Gathered::new(dump, symbols), question, &options, path, symbols)
            .map_err(|error| Failure::new(Code::InternalError, format!("{error:#}")))
    })?;
    Some(triaged.and_then(|triaged| {
        let row = Row::new(&triaged.report, triaged.modified)
            .ok_or_else(|| Failure::new(Code::InternalError, "the report has no verdict"))?;
        Ok(Triaged { row, report: triaged.report })
    }))
}
