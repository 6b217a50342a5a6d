//! What an answer could not look at.

use dumplens_core::{Dump, StreamType};

use super::Warning;

/// Streams that MiniDumpWriteDump always writes.
const ALWAYS: [(StreamType, &str); 2] =
    [(StreamType::THREAD_LIST, "ThreadListStream"), (StreamType::MODULE_LIST, "ModuleListStream")];

/// What a dump of a crash lacks of what its verdict would rest on. To be called last: it counts the reads that failed.
pub(super) fn missing(dump: &Dump) -> Vec<Warning> {
    if !matches!(dump.exception(), Ok(Some(_))) {
        return Vec::new();
    }
    let absent = ALWAYS.iter().filter(|(kind, _)| dump.stream(*kind).is_none());
    let mut warnings: Vec<Warning> = absent.map(|(_, stream)| Warning::StreamMissing { stream }).collect();
    if let (count, Some(first)) = dump.missed_reads() {
        warnings.push(Warning::MemoryNotKept { count, first });
    }
    warnings
}
