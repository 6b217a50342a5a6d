//! The exceptions of the runtime's threads.

use dumplens_core::clr::{ManagedException, Runtime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::space::Hex;
use crate::stack::is_framework;

/// An exception object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManagedExceptionReport {
    /// The thread that handles it, or threw it last; `None` for an inner exception.
    pub thread_id: Option<u32>,
    /// Whether the thread was still handling it; otherwise it may have been caught.
    pub current: bool,
    /// The object.
    pub address: Hex,
    /// Its class.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its message; `None` if the class generates it on demand.
    pub message: Option<String>,
    /// Its HRESULT.
    pub hresult: Option<Hex>,
    /// The methods that it passed through, innermost first, as the runtime prints them.
    pub frames: Vec<String>,
    /// Number of frames, including those without a name.
    pub frame_count: u64,
    /// The inner exception.
    pub inner: Option<Box<ManagedExceptionReport>>,
}

/// Exceptions that are listed; a process has few threads that ever threw one.
const MOST: usize = 256;

/// The exception of each thread that has one.
pub(super) fn all(runtime: &Runtime<'_>) -> Vec<ManagedExceptionReport> {
    let of_thread = |thread| {
        let (exception, current) = runtime.exception_of(thread)?;
        Some(ManagedExceptionReport { thread_id: Some(thread.os_id), current, ..of(exception) })
    };
    runtime.threads().iter().filter_map(of_thread).take(MOST).collect()
}

fn of(exception: ManagedException) -> ManagedExceptionReport {
    ManagedExceptionReport {
        thread_id: None,
        current: false,
        address: Hex(exception.address),
        type_name: exception.type_name,
        message: exception.message,
        hresult: exception.hresult.map(|code| Hex(u64::from(code))),
        frames: exception.frames.into_iter().filter_map(|frame| frame.method).collect(),
        frame_count: exception.frame_count,
        inner: exception.inner.map(|inner| Box::new(of(*inner))),
    }
}

impl ManagedExceptionReport {
    /// Whether it says that memory was refused.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        matches!(
            self.type_name.as_str(),
            "System.OutOfMemoryException" | "System.InsufficientMemoryException"
        )
    }

    /// The innermost methods that are not of .NET itself.
    pub(crate) fn own_frames(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().map(String::as_str).filter(|frame| !is_framework(frame))
    }
}
