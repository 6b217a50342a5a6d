//! Everything this crate may have dropped, clipped or guessed, in one enum.

use thiserror::Error;

use crate::vocabulary::StreamType;

/// One thing about the file that was not as it should be, and what it cost.
///
/// [`Damage::code`] is stable; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)] // each variant's message says what it means; the fields are its blanks
#[non_exhaustive]
pub enum Damage {
    #[error(
        "the stream directory lists {listed} streams, but the file contains only {present} of its entries"
    )]
    DirectoryCut { listed: u32, present: u32 },
    #[error("the stream directory lists {listed} streams, more than any writer writes; {read} were read")]
    TooManyStreams { listed: u32, read: u32 },
    #[error("{stream} is listed {times} times; the first one is used")]
    DuplicateStream { stream: StreamType, times: u32 },
    #[error("{stream} lies outside the file (offset {rva:#x}, {size} bytes): it is lost")]
    StreamOutside { stream: StreamType, rva: u64, size: u64 },
    #[error("{count} streams of unknown types (the first: {first}) lie or end outside the file")]
    UnknownStreamsOutside { count: u32, first: StreamType },
    #[error("{stream} is cut off: {present} of its {size} bytes are in the file")]
    StreamCut { stream: StreamType, size: u64, present: u64 },
    #[error("{stream} cannot be read ({why}): it is lost")]
    StreamMalformed { stream: StreamType, why: String },
    #[error("{stream} lists {listed} entries, but contains only {read}: the rest is lost")]
    EntriesCut { stream: StreamType, listed: u64, read: u64 },
    #[error("{stream} lists {listed} entries, more than the {limit} that are read")]
    EntriesOverLimit { stream: StreamType, listed: u64, limit: u64 },
    #[error("{stream}: {count} entries are left out ({why})")]
    EntriesDropped { stream: StreamType, count: u64, why: &'static str },
    #[error(
        "{stream}: the {what} of {count} entries cannot be read (first: entry {first}): lost, the entries are kept"
    )]
    PartsLost { stream: StreamType, what: &'static str, count: u64, first: u64 },
    #[error("{stream}: {count} names contain invalid UTF-16, shown as U+FFFD")]
    NamesRepaired { stream: StreamType, count: u64 },
    #[error("{stream}: {what} is {found}, at most {most} is possible; clipped")]
    FieldClipped { stream: StreamType, what: &'static str, found: u64, most: u64 },
    #[error(
        "the dump is cut off: {missing} bytes of the memory it lists are not in the file, the first at address {first:#x}"
    )]
    MemoryCut { missing: u64, first: u64 },
    #[error(
        "the header says that all memory was written, but no stream lists any: the writer did not finish"
    )]
    MemoryUnlisted,
    #[error("{stream}: {count} memory ranges overlap others; each address is read from the lower range")]
    RangesOverlap { stream: StreamType, count: u64 },
    #[error(
        "{stream}: {count} memory ranges have different bytes for addresses that a lower range also contains, the first \
         from {first:#x} on: which of the two are right is not known"
    )]
    RangesDiffer { stream: StreamType, count: u64, first: u64 },
    #[error(
        "{count} memory ranges overlap each other, or other parts of the dump, in the file: their bytes, the first \
         from {first:#x} on, may not be the original ones"
    )]
    RangesShared { count: u64, first: u64 },
    #[error(
        "{stream}: {count} memory ranges run past the end of the address space, or their contents past the end of any file, and are left out"
    )]
    RangesWrap { stream: StreamType, count: u64 },
    #[error(
        "{stream}: after the range at {after:#x}, the position of {count} ranges in the file is unknown: they are lost"
    )]
    RangesUnplaced { stream: StreamType, after: u64, count: u64 },
    #[error(
        "{stream}: the listed memory ends {surplus} bytes before the file does: a size in the list may be wrong, \
         and contents after it may be misplaced"
    )]
    MemorySurplus { stream: StreamType, surplus: u64 },
    #[error("the processor is not known ({why}): {bits} bits is a guess")]
    WidthGuessed { why: String, bits: u32 },
    #[error("reading failed at file offset {offset:#x}: {error}")]
    ReadFailed { offset: u64, error: String },
}

impl Damage {
    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            Damage::DirectoryCut { .. } => "directory_cut",
            Damage::TooManyStreams { .. } => "too_many_streams",
            Damage::DuplicateStream { .. } => "duplicate_stream",
            Damage::StreamOutside { .. } => "stream_outside_file",
            Damage::UnknownStreamsOutside { .. } => "unknown_streams_outside_file",
            Damage::StreamCut { .. } => "stream_cut",
            Damage::StreamMalformed { .. } => "stream_malformed",
            Damage::EntriesCut { .. } => "entries_cut",
            Damage::EntriesOverLimit { .. } => "entries_over_limit",
            Damage::EntriesDropped { .. } => "entries_dropped",
            Damage::PartsLost { .. } => "parts_lost",
            Damage::NamesRepaired { .. } => "names_repaired",
            Damage::FieldClipped { .. } => "field_clipped",
            Damage::MemoryCut { .. } => "memory_cut",
            Damage::MemoryUnlisted => "memory_unlisted",
            Damage::RangesOverlap { .. } => "ranges_overlap",
            Damage::RangesDiffer { .. } => "ranges_differ",
            Damage::RangesShared { .. } => "ranges_shared",
            Damage::RangesWrap { .. } => "ranges_wrap",
            Damage::RangesUnplaced { .. } => "ranges_unplaced",
            Damage::MemorySurplus { .. } => "memory_surplus",
            Damage::WidthGuessed { .. } => "width_guessed",
            Damage::ReadFailed { .. } => "read_failed",
        }
    }
}
