//! Handles of threads and processes that have ended: each keeps an object of the kernel alive, and many are a leak.

use super::report::EndedReport;
use super::table::Table;

/// Counts them; `None` if the dump does not tell of any thread or process whether it has ended.
pub(super) fn count(table: &Table) -> Option<EndedReport> {
    let mut found = EndedReport::default();
    for entry in table.all() {
        let Some(ended) = entry.ended.map(u64::from) else { continue };
        if entry.is("Process") {
            found.process_handles += 1;
            found.ended_processes += ended;
        } else {
            found.thread_handles += 1;
            found.ended_threads += ended;
        }
    }
    (found != EndedReport::default()).then_some(found)
}
