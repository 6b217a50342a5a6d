//! Exceptions that left their records on stacks.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Hex, Options, Stacks, ThreadReport};
use crate::exceptions::earlier::Search;
use crate::stack::Walker;
use crate::warning::Warning;

/// An exception that happened before, by a record of it on a stack. Evidence of the second order: nothing tells when it
/// happened, nor who caught it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EarlierReport {
    /// Where the record lies.
    pub at: Hex,
    /// Whether that is above the stack pointer, in what may be a frame in use. If not, the functions that raised and
    /// handled it have returned. `None` if the stack pointer is not known.
    pub in_use: Option<bool>,
    /// `ExceptionCode`.
    pub code: Hex,
    /// Its name.
    pub name: Option<String>,
    /// `ExceptionFlags`.
    pub flags: Hex,
    /// `ExceptionAddress`.
    pub address: Hex,
    /// The debugger's name of the module there.
    pub module: Option<String>,
    /// From the module's base to the address.
    pub offset: Option<Hex>,
    /// `ExceptionInformation`.
    pub parameters: Vec<Hex>,
    /// The type that was thrown, of a C++ exception whose ThrowInfo the dump keeps.
    pub cpp_type: Option<String>,
    /// Bytes of the record that say something.
    #[serde(skip)]
    pub size: u64,
}

/// Searches the stacks that are walked, and for a verdict all of them; that of the exception first.
pub(super) fn fill(
    walker: &Walker<'_, '_>,
    options: &Options,
    threads: &mut [ThreadReport],
    warnings: &mut Vec<Warning>,
) {
    let process = walker.process();
    if !process.is_windows() || (options.stacks == Stacks::None && !options.verdict) {
        return;
    }
    let crashed = process.dump.exception().ok().flatten().map(|e| e.raw.thread_id);
    let mut search = Search::new(process);
    for first in [true, false] {
        for (thread, of) in threads.iter_mut().zip(&process.threads) {
            let is_crashed = crashed == Some(of.id);
            let walked = options.stacks.include(thread.index, is_crashed || crashed.is_none());
            let wanted = options.verdict || walked;
            if wanted && is_crashed == first {
                thread.exceptions = search.of(of, walker);
            }
        }
    }
    if search.unsearched > 0 || search.left_out > 0 {
        warnings.push(Warning::EarlierExceptionsCut { threads: search.unsearched, records: search.left_out });
    }
}
