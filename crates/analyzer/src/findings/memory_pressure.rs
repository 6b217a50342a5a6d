//! # What it detects
//! The machine, the process's job, its address space or the thread was at a memory limit when something other than a
//! failed allocation ended the program, or when the dump was requested. The failure is then likely a consequence.
//!
//! # What proves it
//! The commit that was left (SystemMemoryInfo, the job's figures in ProcessVmCounters), the largest free region of the
//! address space, and what the TEB records of the thread's last failed request: LastStatusValue and LastErrorValue.
//!
//! # What fools it
//! A program may have handled the failed request and then crashed for another reason. Status and error stay until
//! another call fails. A machine at its limit also crashes for other reasons. So the confidence is never more than
//! medium.
//!
//! # Example
//! `The machine was at its commit limit: 39.987 GB of 40.000 GB was committed, and 13.000 MB was left. The failure may
//! be a consequence of that.`
//!
//! # Source
//! TEB; SYSTEM_PERFORMANCE_INFORMATION; PROCESS_VM_COUNTERS; the commit rules of Windows.

use super::{Confidence, Crash, Found, commit_limit, job_limit, last_error, short};
use crate::exceptions::limit::Limit;
use crate::facts::ThreadReport;

/// What an allocator takes at once for small requests: a process whose largest hole is smaller fails soon, whatever it asks
/// for. Stacks of threads are 1 MB by default.
const SMALL_HOLE: u64 = 1 << 20;
/// The largest segment by which a heap grows. A request that was refused in a process whose largest hole is smaller was
/// likely refused for that.
const SEGMENT: u64 = 16 << 20;

/// The limit at which process or machine was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressure {
    /// The machine's commit limit.
    Commit,
    /// The job's.
    Job,
    /// No hole of the address space is large enough for what allocators take.
    AddressSpace,
    /// What the thread's last status names.
    Told(Limit),
}

/// The limit at which process or machine was, the one that figures show before the one that a status names.
pub(crate) fn of(crash: &Crash<'_>) -> Option<Pressure> {
    if crash.facts.exception.is_some() && crash.exception.is_none() {
        return None; // a signal of another system
    }
    let told = refused(crash).map(|(_, limit)| limit);
    if told != Some(Limit::Quota) && commit_limit::is_nearly_reached(crash) {
        return Some(Pressure::Commit);
    }
    if job_limit::is_nearly_reached(crash) {
        return Some(Pressure::Job);
    }
    let hole = crash.facts.memory.room().largest_free.map(|place| place.size_bytes);
    let small = if told == Some(Limit::Open) { SEGMENT } else { SMALL_HOLE };
    if hole.is_some_and(|hole| hole < small) {
        return Some(Pressure::AddressSpace);
    }
    told.map(Pressure::Told)
}

/// Whether a 32-bit program has no hole left by which a heap could grow: a request of any size may then be refused.
pub(crate) fn is_tight(crash: &Crash<'_>) -> bool {
    let hole = crash.facts.memory.room().largest_free.map_or(0, |place| place.size_bytes);
    let known = crash.facts.memory.room().free_bytes.is_some();
    known && crash.bits() == 32 && hole < SEGMENT
}

/// The thread that was last refused memory, and the limit that its status names: the exception's thread, or any where there
/// is no exception.
pub(crate) fn refused<'a>(crash: &Crash<'a>) -> Option<(&'a ThreadReport, Limit)> {
    let told = |thread: &'a ThreadReport| Some((thread, last_error::limit(thread)?));
    match crash.facts.exception {
        Some(_) => crash.thread.and_then(told),
        None => crash.facts.threads.iter().filter_map(told).min_by_key(|(_, limit)| *limit == Limit::Open),
    }
    // An address that is in use is no shortage.
    .filter(|(_, limit)| *limit != Limit::AddressTaken)
}

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    if crash.was_refused() {
        return None; // the cause says it
    }
    let pressure = of(crash)?;
    let confidence = match pressure {
        Pressure::Told(_) => Confidence::Low,
        _ => Confidence::Medium,
    };
    let title = match crash.facts.exception {
        Some(_) => format!("{} {CONSEQUENCE}", sentence(crash, pressure)),
        None => sentence(crash, pressure),
    };
    let mut found = Found::new(confidence, title);
    if let Some((commit, limit)) = commit_limit::figures(crash) {
        found = found.with("commit limit", short(limit)).with("committed", short(commit));
        found = found.with("left", short(limit.saturating_sub(commit)));
    }
    if let Some(place) = crash.facts.memory.room().largest_free.filter(|_| pressure == Pressure::AddressSpace)
    {
        found = found.with_at("largest free region", place.base.0, short(place.size_bytes));
    }
    Some(match refused(crash) {
        Some((thread, _)) => last_error::values_of(found, thread),
        None => found,
    })
}

const CONSEQUENCE: &str = "The failure may be a consequence of that.";

/// The limit, with its figures.
fn sentence(crash: &Crash<'_>, pressure: Pressure) -> String {
    match (pressure, commit_limit::figures(crash), job_limit::job(crash)) {
        (Pressure::Commit, Some((commit, limit)), _) => format!(
            "The machine was at its commit limit: {} of {} was committed, and {} was left.",
            short(commit),
            short(limit),
            short(limit.saturating_sub(commit))
        ),
        (Pressure::Job, _, Some((used, limit))) => format!(
            "The process's job was at its commit limit: {} of {} was committed.",
            short(used),
            short(limit)
        ),
        (Pressure::AddressSpace, ..) => {
            let hole = crash.facts.memory.room().largest_free.map_or(0, |place| place.size_bytes);
            format!("The process's address space was exhausted: the largest free region is {}.", short(hole))
        }
        _ => {
            let thread = refused(crash).map_or(0, |(thread, _)| thread.id);
            let name = refused(crash).and_then(|(thread, _)| last_error::name(thread)).unwrap_or_default();
            format!("The last error of thread {thread:#x} is that of a refused memory request{name}.")
        }
    }
}

/// The same in a few words, for the verdict's title.
pub(crate) fn in_short(pressure: Pressure) -> &'static str {
    match pressure {
        Pressure::Commit => "The machine was at its commit limit: the failure may be a consequence.",
        Pressure::Job => "The process's job was at its commit limit: the failure may be a consequence.",
        Pressure::AddressSpace => {
            "The process's address space was exhausted: the failure may be a consequence."
        }
        Pressure::Told(_) => "The last error of this thread is that of a refused memory request.",
    }
}
