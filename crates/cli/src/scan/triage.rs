//! One file: its row, its line of JSON, or why there is none.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

use dumplens_analyzer::{Process, Report};
use dumplens_core::{Dump, OpenError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::failure::{Code, Failure};
use super::guard::{Guard, Guarded};
use super::row::Row;
use crate::symbols::SymbolArgs;
use crate::{open, remote};

/// A file that is cut off and younger than this is taken to be still being written.
const YOUNG: Duration = Duration::from_secs(10);

/// What one file gave.
#[derive(Debug, Clone)]
pub(crate) struct Triaged {
    pub(crate) row: Row,
    pub(crate) report: Report,
}

/// Reads and judges the dump at `path`, within the limits of `guard`. `None`: it was interrupted.
pub(crate) fn triage(
    path: &Path,
    options: &dumplens_analyzer::Options,
    symbols: &SymbolArgs,
    guard: &Guard,
) -> Option<Result<Triaged, Failure>> {
    // What lies on a server says itself when it changes.
    let before = match (remote::is_url(path), fs::metadata(path)) {
        (true, _) => None,
        (false, Ok(before)) => Some(before),
        (false, Err(error)) => return Some(Err(error.into())),
    };
    let read = read(path, options, symbols, guard, before.as_ref());
    if guard.stopped() {
        return None;
    }
    // Whatever was found meanwhile was found without what could not be read.
    if guard.late() {
        return Some(Err(Failure::new(Code::TimedOut, "it took longer than --timeout allows")));
    }
    let state = |file: &Metadata| (file.len(), file.modified().ok());
    if guard.stale()
        || before.is_some_and(|before| fs::metadata(path).is_ok_and(|after| state(&after) != state(&before)))
    {
        return Some(Err(Failure::new(Code::BeingWritten, "it changed while it was read")));
    }
    Some(read)
}

fn read(
    path: &Path,
    options: &dumplens_analyzer::Options,
    symbols: &SymbolArgs,
    guard: &Guard,
    before: Option<&Metadata>,
) -> Result<Triaged, Failure> {
    let (source, guard) = (open::source(path)?, guard.clone());
    let young = before.is_some_and(is_young);
    let dump = Dump::open(Guarded { source, guard })
        .map_err(|error| if is_cut(&error) && young { cut() } else { error.into() })?;
    let report = open::with_symbols(&Process::gather(&dump), path, options, symbols)
        .map_err(|error| Failure::new(Code::InternalError, format!("{error:#}")))?;
    if report.dump.truncated && young {
        return Err(cut());
    }
    let row = Row::new(&report, before.and_then(modified))
        .ok_or_else(|| Failure::new(Code::InternalError, "the report has no verdict"))?;
    Ok(Triaged { row, report })
}

fn is_cut(error: &OpenError) -> bool {
    matches!(error, OpenError::Empty | OpenError::HeaderCut { .. } | OpenError::NothingReadable { .. })
}

fn cut() -> Failure {
    Failure::new(Code::BeingWritten, "it is cut off, and was written to seconds ago")
}

/// A clock that is behind the one of a share must not make a file old.
fn is_young(file: &Metadata) -> bool {
    let Ok(modified) = file.modified() else { return false };
    let now = SystemTime::now();
    let age = now.duration_since(modified).or_else(|_| modified.duration_since(now));
    age.is_ok_and(|age| age < YOUNG)
}

fn modified(file: &Metadata) -> Option<String> {
    OffsetDateTime::from(file.modified().ok()?).replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}
