//! What an assertion's writer and a game engine wrote down of the end, in streams of their own.

use dumplens_core::Dump;
use dumplens_core::process::unreal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Warning;
use crate::exceptions::code;
use crate::process::{Process, known};

/// A failed assertion, from the stream of Breakpad and Crashpad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssertionReport {
    /// The expression.
    pub expression: Option<String>,
    /// The function that contains it.
    pub function: Option<String>,
    /// Its source file.
    pub file: Option<String>,
    /// The line in that file.
    pub line: Option<u32>,
    /// Whether it was an invalid parameter of a C runtime function.
    pub invalid_parameter: bool,
    /// Whether a pure virtual function was called.
    pub pure_virtual_call: bool,
}

/// What Unreal Engine recorded about the crash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnrealReport {
    /// `Assert`, `Crash`, `Ensure`, `GPUCrash`, `OutOfMemory`, …
    pub crash_type: Option<String>,
    /// The engine's message, from its crash context or from the assertion.
    pub message: Option<String>,
    /// Whether the engine says that it was out of memory; `None` if it does not say.
    pub out_of_memory: Option<bool>,
    /// Bytes of the failed request.
    pub allocation_bytes: Option<u64>,
    /// RAM that was available.
    pub available_physical_bytes: Option<u64>,
}

/// The assertion stream.
pub(super) fn assertion(dump: &Dump, warnings: &mut Vec<Warning>) -> Option<AssertionReport> {
    let found = known(dump.assertion(), warnings).flatten()?;
    Some(AssertionReport {
        expression: found.expression,
        function: found.function,
        file: found.file,
        line: found.line,
        invalid_parameter: found.kind == 1,
        pure_virtual_call: found.kind == 2,
    })
}

/// The engine's crash context, and the message of an assertion that it raised.
pub(super) fn unreal(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<UnrealReport> {
    let context = known(process.dump.unreal_context(), warnings).flatten();
    let raised = message(process);
    if context.is_none() && raised.is_none() {
        return None;
    }
    let context = context.unwrap_or_default();
    Some(UnrealReport {
        crash_type: context.crash_type,
        message: context.error_message.or(raised),
        out_of_memory: context.out_of_memory,
        allocation_bytes: context.allocation_bytes,
        available_physical_bytes: context.available_physical_bytes,
    })
}

/// The message of an assertion, to which parameter 0 leads.
fn message(process: &Process<'_>) -> Option<String> {
    let exception = process.exception().filter(|_| process.is_windows())?;
    let first =
        exception.parameters.first().filter(|_| u64::from(exception.code) == code::UNREAL_ASSERTION)?;
    unreal::message(process.dump.memory(), *first, process.dump.width())
}
