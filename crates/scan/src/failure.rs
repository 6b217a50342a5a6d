//! Why a file has no report.

use std::io;

use dumplens_core::OpenError;
use serde::{Deserialize, Serialize};

/// Why a file has no report: a stable code, and one line for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Which of the reasons.
    pub code: Code,
    /// For people; may hold names out of the file system.
    pub message: String,
}

/// The codes of `docs/scan.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// The file does not exist.
    NotFound,
    /// It may not be read.
    PermissionDenied,
    /// A folder, a device, or a line that is not a path.
    NotAFile,
    /// Not a minidump of a process.
    NotADump,
    /// Reading it failed.
    Unreadable,
    /// It is still being written.
    BeingWritten,
    /// It took longer than it may.
    TimedOut,
    /// A URL, in a build that cannot use the network, or on a server that does not serve parts of files.
    Unsupported,
    /// Too many dumps before it never came to an end.
    GaveUp,
    /// An error in this program.
    InternalError,
}

impl Code {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Code::NotFound => "not_found",
            Code::PermissionDenied => "permission_denied",
            Code::NotAFile => "not_a_file",
            Code::NotADump => "not_a_dump",
            Code::Unreadable => "unreadable",
            Code::BeingWritten => "being_written",
            Code::TimedOut => "timed_out",
            Code::Unsupported => "unsupported",
            Code::GaveUp => "gave_up",
            Code::InternalError => "internal_error",
        }
    }

    /// Whether the bytes of the file are the reason, so that another try would end the same.
    pub fn is_final(self) -> bool {
        self == Code::NotADump
    }
}

impl Failure {
    /// A reason in words.
    pub fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }
}

/// ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION: another process has it open for writing.
fn is_in_use(error: &io::Error) -> bool {
    cfg!(windows) && matches!(error.raw_os_error(), Some(32 | 33))
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        let code = match error.kind() {
            _ if is_in_use(&error) => Code::BeingWritten,
            io::ErrorKind::NotFound => Code::NotFound,
            io::ErrorKind::PermissionDenied => Code::PermissionDenied,
            io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput => Code::NotAFile,
            io::ErrorKind::Unsupported => Code::Unsupported,
            io::ErrorKind::TimedOut => Code::TimedOut,
            _ => Code::Unreadable,
        };
        Failure::new(code, error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Failure {
        match error {
            OpenError::Io(error) => error.into(),
            OpenError::Read(_) => Failure::new(Code::Unreadable, error.to_string()),
            _ => Failure::new(Code::NotADump, error.to_string()),
        }
    }
}
