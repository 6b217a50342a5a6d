//! Who waits for what: the waits themselves, joined with what other rooms know of their owners.

use crate::exceptions::code;
use crate::facts::{Question, ThreadReport, monitors};
use crate::managed::ManagedReport;
use crate::process::Process;
use crate::waits::{Reader, ThreadWaitReport, WaitsReport, chains, edges};

/// Collects waits, where the answer needs them: threads wait in every dump, and in one of a crash that explains nothing.
pub(super) fn reader<'p, 'd>(process: &'p Process<'d>, question: Question) -> Option<Reader<'p, 'd>> {
    let asked = match question {
        Question::Waits | Question::Everything => true,
        Question::Why => is_hang(process),
        _ => false,
    };
    (asked && process.is_windows()).then(|| Reader::new(process))
}

/// Whether nothing crashed: without an exception, or with one that stands for a hang, a break-in or a wish.
fn is_hang(process: &Process<'_>) -> bool {
    const CALM: [u64; 4] =
        [code::APPLICATION_HANG, code::BREAKPOINT, code::WOW64_BREAKPOINT, code::CRASHPAD_SIMULATED];
    match process.dump.exception() {
        Ok(Some(exception)) => CALM.contains(&u64::from(exception.code)),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// The chains of the waits, and of the locks of .NET.
pub(super) fn join(
    process: &Process<'_>,
    reader: Reader<'_, '_>,
    managed: Option<&ManagedReport>,
    threads: &[ThreadReport],
) -> Box<WaitsReport> {
    let mut waits = reader.finish();
    let mut links = edges(&waits.threads);
    links.extend(monitors::links(process, managed, threads, &mut waits.threads));
    let exception = process.exception().map(|exception| exception.thread_id);
    waits.chains = chains(&waits.threads, &links, &matters(&waits.threads, exception));
    Box::new(waits)
}

/// The threads that a person looks at first: the exception's, the first that has windows, the first of all.
fn matters(threads: &[ThreadWaitReport], exception: Option<u32>) -> Vec<u32> {
    let windows = threads.iter().find(|thread| thread.has_windows == Some(true));
    let first = threads.first();
    let mut all: Vec<u32> = exception.into_iter().chain(windows.or(first).map(|thread| thread.id)).collect();
    all.dedup();
    all
}
