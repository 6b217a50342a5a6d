//! One file for each stream: how its bytes are checked, and what is kept of them.
//!
//! Streams that the `minidump` crate reads are copied into the [`crate::extract`]; the others have a view of
//! their own.

pub(crate) mod assertion;
pub(crate) mod breakpad_info;
pub(crate) mod comment;
pub(crate) mod crashpad_info;
pub(crate) mod exception;
pub(crate) mod function_table;
pub(crate) mod handle_information;
pub(crate) mod handles;
pub(crate) mod memory_info;
pub(crate) mod memory_ranges;
pub(crate) mod misc_info;
pub(crate) mod modules;
mod ranges_shared;
pub(crate) mod stability_report;
pub(crate) mod system_info;
pub(crate) mod system_memory;
pub(crate) mod table;
pub(crate) mod thread_info;
pub(crate) mod thread_names;
pub(crate) mod threads;
pub(crate) mod trim_record;
pub(crate) mod unloaded_modules;
pub(crate) mod unreal;
pub(crate) mod vm_counters;

use crate::damage::Damage;
use crate::vocabulary::StreamType;

/// The damage that costs the whole stream.
pub(crate) fn malformed(stream: StreamType, why: impl Into<String>) -> Damage {
    Damage::StreamMalformed { stream, why: why.into() }
}
