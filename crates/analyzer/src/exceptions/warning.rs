//! Warnings of this room.

use std::fmt;

/// What is missing from the answer about exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExceptionWarning {
    /// The exception names a thread that is not in the thread list.
    ExceptionThreadUnknown {
        /// Its ID.
        thread_id: u32,
    },
    /// The exception's address lies in no memory of the process, by the memory map.
    ExceptionAddressNoMemory {
        /// The address.
        address: u64,
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
}

impl ExceptionWarning {
    /// A short name that does not change from version to version.
    pub fn code(&self) -> &'static str {
        match self {
            ExceptionWarning::ExceptionThreadUnknown { .. } => "exception_thread_unknown",
            ExceptionWarning::ExceptionAddressNoMemory { .. } => "exception_address_no_memory",
            ExceptionWarning::EarlierExceptionsCut { .. } => "earlier_exceptions_cut",
            ExceptionWarning::CrashAnalysisLacks { .. } => "crash_analysis_lacks",
        }
    }
}

impl fmt::Display for ExceptionWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExceptionWarning::ExceptionThreadUnknown { thread_id } => {
                write!(f, "the exception's thread {thread_id:#x} is not in the thread list")
            }
            ExceptionWarning::ExceptionAddressNoMemory { address } => write!(
                f,
                "the exception's address {address:#x} is not in any memory of the memory map, and no instruction was fetched \
                 there: the exception or the map is wrong"
            ),
            ExceptionWarning::EarlierExceptionsCut { threads, records } => write!(
                f,
                "{records} earlier exceptions on stacks are left out, and {threads} stacks were not searched: \
                 there are too many"
            ),
            ExceptionWarning::CrashAnalysisLacks { lost } => {
                write!(f, "the analysis of the crash lacks {lost}")
            }
        }
    }
}
