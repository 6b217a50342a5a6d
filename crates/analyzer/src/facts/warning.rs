//! The warnings of all rooms, joined.

use std::fmt;

use dumplens_core::Damage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exceptions::ExceptionWarning;
use crate::managed::ManagedWarning;
use crate::process::{Process, ProcessWarning};
use crate::space::SpaceWarning;
use crate::symbols::SymbolWarning;

/// Something a reader of the report must know before believing it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The process: its streams, structures, and memory map.
    Process(ProcessWarning),
    /// Symbols: refused, unreadable or left out.
    Symbols(SymbolWarning),
    /// Exceptions.
    Exceptions(ExceptionWarning),
    /// .NET.
    Managed(ManagedWarning),
    /// Threads' registers are in the dump, but are not those of its processor.
    ContextsUnusable {
        /// How many.
        count: u64,
        /// The ID of the first thread concerned.
        first: u32,
        /// Whether the dump says which processor it was.
        processor_known: bool,
    },
    /// A stream is there, but every figure in it is zero.
    StreamEmpty {
        /// Which.
        stream: &'static str,
    },
    /// A stream that every writer writes is not there.
    StreamMissing {
        /// Which.
        stream: &'static str,
    },
    /// Memory that was looked at is not in the dump.
    MemoryNotKept {
        /// Places that could not be read.
        count: u64,
        /// The lowest of them.
        first: u64,
    },
    /// Figures of the machine, or of the process, that cannot all be right.
    FiguresContradict {
        /// What contradicts what.
        what: String,
    },
    /// The census that `trim` kept in this copy cannot be used.
    CensusRecordUnusable {
        /// Why.
        why: String,
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
    /// The damage to the file, if it is that.
    pub(super) fn damage(&self) -> Option<&Damage> {
        match self {
            Warning::Process(ProcessWarning::Damage(damage)) => Some(damage),
            _ => None,
        }
    }

    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            Warning::Process(process) => process.code(),
            Warning::Symbols(symbols) => symbols.code(),
            Warning::Exceptions(exceptions) => exceptions.code(),
            Warning::Managed(managed) => managed.code(),
            Warning::ContextsUnusable { .. } => "contexts_unusable",
            Warning::StreamEmpty { .. } => "stream_empty",
            Warning::StreamMissing { .. } => "stream_missing",
            Warning::MemoryNotKept { .. } => "memory_not_kept",
            Warning::FiguresContradict { .. } => "figures_contradict",
            Warning::CensusRecordUnusable { .. } => "census_record_unusable",
            Warning::CommentRepaired => "comment_repaired",
            Warning::ProcessFromTheFuture { .. } => "process_from_the_future",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Process(process) => process.fmt(f),
            Warning::Symbols(symbols) => symbols.fmt(f),
            Warning::Exceptions(exceptions) => exceptions.fmt(f),
            Warning::Managed(managed) => managed.fmt(f),
            Warning::ContextsUnusable { count, first, processor_known } => write!(
                f,
                "the registers of {count} threads cannot be used (first: thread {first:#x}): {}",
                match processor_known {
                    true => "they are those of another processor",
                    false => "the dump does not say which processor they belong to",
                }
            ),
            Warning::StreamEmpty { stream } => {
                write!(f, "{stream} is present, but all its values are zero: they are unknown, not zero")
            }
            Warning::StreamMissing { stream } => {
                write!(f, "the dump has no {stream}: what depends on it is not known")
            }
            Warning::MemoryNotKept { count, first } => write!(
                f,
                "the dump does not contain all the memory that dumplens looked at (places missing: {count}, the first at {first:#x}): \
                 its contents might change the answer"
            ),
            Warning::FiguresContradict { what } => {
                write!(f, "figures contradict each other, so none of them is used: {what}")
            }
            Warning::CensusRecordUnusable { why } => {
                write!(f, "the copy's record of the original's census cannot be used: {why}")
            }
            Warning::CommentRepaired => f.write_str("the comment contains invalid UTF-16, shown as U+FFFD"),
            Warning::ProcessFromTheFuture { seconds } => {
                write!(
                    f,
                    "the process was created {seconds} s after the dump was written: its uptime is unknown"
                )
            }
        }
    }
}

impl From<ProcessWarning> for Warning {
    fn from(warning: ProcessWarning) -> Warning {
        Warning::Process(warning)
    }
}

impl From<SymbolWarning> for Warning {
    fn from(warning: SymbolWarning) -> Warning {
        Warning::Symbols(warning)
    }
}

impl From<ExceptionWarning> for Warning {
    fn from(warning: ExceptionWarning) -> Warning {
        Warning::Exceptions(warning)
    }
}

impl From<ManagedWarning> for Warning {
    fn from(warning: ManagedWarning) -> Warning {
        Warning::Managed(warning)
    }
}

impl From<Damage> for Warning {
    fn from(warning: Damage) -> Warning {
        Warning::Process(warning.into())
    }
}

impl From<SpaceWarning> for Warning {
    fn from(warning: SpaceWarning) -> Warning {
        Warning::Process(warning.into())
    }
}

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WarningReport {
    /// Stable name.
    pub code: String,
    /// For people.
    pub message: String,
}

impl WarningReport {
    /// The warnings about a process, mainly about its memory map, that apply to every question.
    pub fn of<'p>(process: &'p Process<'_>) -> impl Iterator<Item = WarningReport> + 'p {
        process.warnings.iter().map(|warning| WarningReport::from(&Warning::from(warning.clone())))
    }
}

impl From<&Warning> for WarningReport {
    fn from(warning: &Warning) -> WarningReport {
        WarningReport { code: warning.code().to_owned(), message: warning.to_string() }
    }
}
