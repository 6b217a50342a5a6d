//! One file: its report, or why there is none.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use dumplens_analyzer::Report;
use dumplens_core::{Dump, OpenError, Source};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::failure::{Code, Failure};
use crate::guard::{Guard, Guarded};

/// A file that is cut off and younger than this is taken to be still being written.
const YOUNG: Duration = Duration::from_secs(10);

/// What one file gave.
#[derive(Debug, Clone)]
pub struct Triaged {
    /// The report.
    pub report: Report,
    /// When the file was changed last, RFC 3339 in UTC; `None` if it is not a file.
    pub modified: Option<String>,
}

/// Reads the dump at `path`, within the limits of `guard`, and lets `judge` report on it. `None`: it was interrupted.
///
/// `open` gives its bytes; `is_file` is false for what lies elsewhere, which says itself when it changes. A file that
/// changes meanwhile, or is cut off and was written to in the last ten seconds, is still being written.
pub fn triage(
    path: &Path,
    is_file: bool,
    open: impl FnOnce() -> io::Result<Box<dyn Source>>,
    guard: &Guard,
    judge: impl FnOnce(&Dump) -> Result<Report, Failure>,
) -> Option<Result<Triaged, Failure>> {
    let before = match (is_file, fs::metadata(path)) {
        (false, _) => None,
        (true, Ok(before)) => Some(before),
        (true, Err(error)) => return Some(Err(error.into())),
    };
    let read = read(open, guard, before.as_ref(), judge);
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
    open: impl FnOnce() -> io::Result<Box<dyn Source>>,
    guard: &Guard,
    before: Option<&Metadata>,
    judge: impl FnOnce(&Dump) -> Result<Report, Failure>,
) -> Result<Triaged, Failure> {
    let (source, guard) = (open()?, guard.clone());
    let young = before.is_some_and(is_young);
    let dump = Dump::open(Guarded { source, guard })
        .map_err(|error| if is_cut(&error) && young { cut() } else { error.into() })?;
    let report = judge(&dump)?;
    // What was not read because of that is not absent.
    if let Some(error) = dump.read_failure() {
        return Err(error.into());
    }
    if report.facts.dump.truncated && young {
        return Err(cut());
    }
    Ok(Triaged { report, modified: before.and_then(modified) })
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
