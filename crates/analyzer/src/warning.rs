//! Everything the analyzer may have repaired, guessed or not been able to answer, in one enum.

use std::fmt;

use dumplens_core::Damage;

use crate::symbols::SymbolWarning;

/// Something a reader of the report must know before believing it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The file itself: dropped, clipped or guessed by the core.
    Damage(Damage),
    /// Symbols: refused, unreadable or left out.
    Symbols(SymbolWarning),
    /// Regions of size zero were left out.
    RegionsEmpty {
        /// How many.
        count: u64,
    },
    /// The region list was not sorted by address; it has been.
    RegionsUnsorted,
    /// Several regions began at one address; the first listed was kept.
    RegionsDuplicate {
        /// How many were left out.
        count: u64,
    },
    /// Regions reached into the one that begins behind them, and were cut off there.
    RegionsOverlap {
        /// How many.
        count: u64,
        /// The address of the first.
        first: u64,
    },
    /// Regions that run past 2^64 with nothing behind them to cut them off were left out.
    RegionsWrap {
        /// How many.
        count: u64,
    },
    /// Nothing was listed between some regions; the gaps were taken as free.
    RegionsGap {
        /// How many gaps.
        count: u64,
        /// Their bytes, together.
        bytes: u64,
    },
    /// Regions whose state is none of commit, reserve and free.
    RegionsOddState {
        /// How many.
        count: u64,
    },
    /// The dump has no memory map: free space is unknown.
    NoMemoryMap,
    /// Modules whose names are longer than file systems allow; they are cut where they are repeated.
    ModuleNamesCut {
        /// How many.
        count: u64,
    },
    /// Threads' registers are in the dump, but are not those of its processor.
    ContextsUnusable {
        /// How many.
        count: u64,
        /// The ID of the first thread concerned.
        first: u32,
        /// Whether the dump says which processor it was.
        processor_known: bool,
    },
    /// A thread's TEB could not be read, or is not one.
    TebsUnusable {
        /// How many.
        count: u64,
        /// The ID of the first thread concerned.
        first: u32,
        /// Why, of the first.
        why: String,
    },
    /// A PEB that the TEBs name cannot be read.
    PebUnread {
        /// Where, and why.
        why: String,
    },
    /// Heaps, or the list of them, whose structures the dump does not keep.
    HeapsUnread {
        /// How many structures.
        count: u64,
        /// The first of them, and why.
        first: String,
    },
    /// Heaps, or the list of them, that are not as they should be.
    HeapsDamaged {
        /// How many faults there are.
        count: u64,
        /// The first of them.
        first: String,
    },
    /// Page heap is enabled for the process.
    PageHeap,
    /// The exception names a thread that is not in the thread list.
    ExceptionThreadUnknown {
        /// Its ID.
        thread_id: u32,
    },
    /// More of the stacks, or of the exceptions found on them, than is looked at.
    EarlierExceptionsCut {
        /// Threads whose stacks were not searched.
        threads: u64,
        /// Exceptions that were found and are not reported.
        records: u64,
    },
    /// The analysis of the crash, or a part of it, is left out.
    CrashAnalysisLacks {
        /// What, and why.
        lost: String,
    },
    /// A stream is there, but every figure in it is zero.
    StreamEmpty {
        /// Which.
        stream: &'static str,
    },
    /// A minidump of another operating system.
    NotWindows {
        /// Which.
        os: String,
    },
    /// The comment held characters that are not valid.
    CommentRepaired,
    /// Times that cannot be: the process was created after the dump.
    ProcessFromTheFuture {
        /// Seconds by which creation follows the dump.
        seconds: u64,
    },
}

impl Warning {
    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            Warning::Damage(damage) => damage.code(),
            Warning::Symbols(symbols) => symbols.code(),
            Warning::RegionsEmpty { .. } => "regions_empty",
            Warning::RegionsUnsorted => "regions_unsorted",
            Warning::RegionsDuplicate { .. } => "regions_duplicate",
            Warning::RegionsOverlap { .. } => "regions_overlap",
            Warning::RegionsWrap { .. } => "regions_wrap",
            Warning::RegionsGap { .. } => "regions_gap",
            Warning::RegionsOddState { .. } => "regions_odd_state",
            Warning::NoMemoryMap => "no_memory_map",
            Warning::ModuleNamesCut { .. } => "module_names_cut",
            Warning::ContextsUnusable { .. } => "contexts_unusable",
            Warning::TebsUnusable { .. } => "tebs_unusable",
            Warning::PebUnread { .. } => "peb_unread",
            Warning::HeapsUnread { .. } => "heaps_unread",
            Warning::HeapsDamaged { .. } => "heaps_damaged",
            Warning::PageHeap => "page_heap",
            Warning::ExceptionThreadUnknown { .. } => "exception_thread_unknown",
            Warning::EarlierExceptionsCut { .. } => "earlier_exceptions_cut",
            Warning::CrashAnalysisLacks { .. } => "crash_analysis_lacks",
            Warning::StreamEmpty { .. } => "stream_empty",
            Warning::NotWindows { .. } => "not_windows",
            Warning::CommentRepaired => "comment_repaired",
            Warning::ProcessFromTheFuture { .. } => "process_from_the_future",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Damage(damage) => damage.fmt(f),
            Warning::Symbols(symbols) => symbols.fmt(f),
            Warning::RegionsEmpty { count } => write!(f, "{count} regions of size zero are left out of the memory map"),
            Warning::RegionsUnsorted => f.write_str("the memory map was not sorted by address; it has been"),
            Warning::RegionsDuplicate { count } => {
                write!(f, "{count} regions begin where another does; the first one listed is kept")
            }
            Warning::RegionsOverlap { count, first } => write!(
                f,
                "{count} regions (the first at {first:#x}) reach into the next one and are cut off where it begins"
            ),
            Warning::RegionsWrap { count } => {
                write!(f, "{count} regions run past the end of the address space and are left out of the memory map")
            }
            Warning::RegionsGap { count, bytes } => {
                write!(f, "the memory map has {count} gaps of {bytes} bytes together; they are taken as free")
            }
            Warning::RegionsOddState { count } => {
                write!(f, "{count} regions have a state that is none of MEM_COMMIT, MEM_RESERVE and MEM_FREE")
            }
            Warning::NoMemoryMap => f.write_str(
                "the dump holds no MemoryInfoList: the regions are those whose bytes it keeps, and its modules; \
                 free, reserved and total space are unknown",
            ),
            Warning::ModuleNamesCut { count } => write!(
                f,
                "the names of {count} modules are longer than file systems allow: \
                 frames and regions show their last 255 and 520 characters"
            ),
            Warning::ContextsUnusable { count, first, processor_known } => write!(
                f,
                "the registers of {count} threads cannot be used (first: thread {first:#x}): {}",
                match processor_known {
                    true => "they are of another processor",
                    false => "the dump does not say of which processor they are",
                }
            ),
            Warning::TebsUnusable { count, first, why } => {
                write!(f, "the TEB of {count} threads cannot be used (first: thread {first:#x}, {why})")
            }
            Warning::PebUnread { why } => {
                write!(f, "the PEB cannot be read ({why}): heaps and what else it points to are <unknown>")
            }
            Warning::HeapsUnread { count, first } => write!(
                f,
                "{count} heap structures cannot be read (the first {first}): what belongs to these heaps is <unknown>"
            ),
            Warning::HeapsDamaged { count, first } => write!(
                f,
                "{count} faults in the heaps' structures (the first: {first}): a part of these heaps may be <unknown>"
            ),
            Warning::PageHeap => f.write_str(
                "page heap is enabled: it inflates address space and commit, since each block has pages of its own",
            ),
            Warning::ExceptionThreadUnknown { thread_id } => {
                write!(f, "the exception's thread {thread_id:#x} is not in the thread list")
            }
            Warning::EarlierExceptionsCut { threads, records } => write!(
                f,
                "of earlier exceptions on stacks {records} are left out, and {threads} stacks were not searched: \
                 there are too many"
            ),
            Warning::CrashAnalysisLacks { lost } => write!(f, "the analysis of the crash lacks {lost}"),
            Warning::StreamEmpty { stream } => {
                write!(f, "{stream} is there, but all its figures are zero: they are unknown, not zero")
            }
            Warning::NotWindows { os } => write!(
                f,
                "a minidump of {os}: it has no memory map, TEBs or PEB, so address space, commit, last errors, heaps \
                 and uptime cannot be told"
            ),
            Warning::CommentRepaired => f.write_str("the comment holds invalid UTF-16, shown as U+FFFD"),
            Warning::ProcessFromTheFuture { seconds } => {
                write!(f, "the process was created {seconds} s after the dump was written: its uptime is unknown")
            }
        }
    }
}
