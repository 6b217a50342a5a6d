//! Earlier exceptions, by the records that remain on the stacks of the threads.
//!
//! This is secondary evidence. A record above the stack pointer may be an old one that no later frame has overwritten;
//! one below it is always a remainder. So every field of a candidate must be plausible ([`judge`]).

use std::collections::HashSet;
use std::ops::Range;

use dumplens_core::process::{CppException, ExceptionRecord, RecordSearch, Teb, cpp_exception};
use dumplens_core::{Memory, Width};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes;
use super::judge;
use crate::process::{Process, Thread};
use crate::space::Hex;
use crate::stack;
use crate::symbols::Undecorator;

/// Exceptions of one thread that are reported, those nearest to its stack pointer: more are a loop's.
const MOST_OF_A_THREAD: usize = 8;
/// Exceptions of all threads together that are reported: more than anyone reads, and each names a type.
const MOST_IN_ALL: usize = 256;

/// An earlier exception, from a record on a stack. Secondary evidence: when it happened, and who caught it, is not
/// known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EarlierReport {
    /// Address of the record.
    pub at: Hex,
    /// Whether the record is above the stack pointer, in what may be a frame in use. If not, the functions that
    /// raised and handled it have returned. `None` if the stack pointer is not known.
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
    /// The thrown type, for a C++ exception whose ThrowInfo is in the dump.
    pub cpp_type: Option<String>,
    /// Bytes of the record that say something.
    #[serde(skip)]
    pub size: u64,
}

/// Looks for exceptions on stacks.
pub(crate) struct Search<'p, 'd> {
    process: &'p Process<'d>,
    records: RecordSearch<'d>,
    /// The dump's own exception.
    own: Option<Key>,
    names: Undecorator,
    /// How many are reported.
    found: usize,
    /// Threads whose stacks were not searched, since others took all that may be read.
    pub(crate) unsearched: u64,
    /// Exceptions that were found and are not reported.
    pub(crate) left_out: u64,
}

/// Code, address and parameters: what copies of one record have in common. Unwinding changes the flags.
type Key = (u32, u64, Vec<u64>);

/// A part of a stack.
struct Part {
    range: Range<u64>,
    width: Width,
    /// Whether it lies above the stack pointer; `None` if this is not known.
    in_use: Option<bool>,
}

/// A record, and where it lies.
struct Found {
    at: u64,
    in_use: Option<bool>,
    width: Width,
    record: ExceptionRecord,
}

impl<'p, 'd> Search<'p, 'd> {
    pub(crate) fn new(process: &'p Process<'d>) -> Search<'p, 'd> {
        let own = process
            .dump
            .exception()
            .ok()
            .flatten()
            .map(|exception| (exception.code, exception.address, exception.parameters));
        Search {
            process,
            records: RecordSearch::new(process.dump.memory()),
            own,
            names: Undecorator::default(),
            found: 0,
            unsearched: 0,
            left_out: 0,
        }
    }

    /// Where most of what is searched of a thread's stack lies: an address and a length.
    pub(crate) fn place(thread: &Thread<'_>, sp: Option<u64>) -> (u64, u64) {
        let (Some(sp), Some(teb)) = (sp, thread.teb.as_ref()) else { return (0, 0) };
        let stack = teb.stack_limit..teb.stack_base;
        let (below, above) = (RecordSearch::below(sp, &stack), RecordSearch::above(sp, &stack));
        (below.start, above.end.saturating_sub(below.start))
    }

    /// The exceptions on a thread's stack, those above the stack pointer first, and of them the innermost; `None` if
    /// nothing of the stack could be read.
    pub(crate) fn of(&mut self, thread: &Thread<'_>, sp: Option<u64>) -> Option<Vec<EarlierReport>> {
        if self.records.is_spent() {
            self.unsearched += 1;
            return None;
        }
        let (mut all, mut any, mut cut) = (Vec::new(), false, false);
        for Part { range, width, in_use } in parts(self.process, thread, sp) {
            let from = all.len();
            let found = |at, record| {
                if judge::is_exception(self.process, &record, width) {
                    all.push(Found { at, in_use, width, record });
                }
            };
            match self.records.search(range, width, codes::is_failure, found) {
                Some(read) => any |= read,
                None => cut = true,
            }
            if in_use == Some(false) {
                all.get_mut(from..).unwrap_or_default().reverse();
            }
        }
        self.unsearched += u64::from(cut);
        let mut known: HashSet<Key> = self.own.iter().cloned().collect();
        all.retain(|found| {
            let record = &found.record;
            known.insert((record.code, record.address, record.parameters.clone()))
        });
        let room = MOST_OF_A_THREAD.min(MOST_IN_ALL - self.found);
        self.left_out += all.len().saturating_sub(room) as u64;
        all.truncate(room);
        self.found += all.len();
        any.then(|| all.into_iter().map(|found| self.report(found)).collect())
    }

    fn report(&mut self, found: Found) -> EarlierReport {
        let Found { at, in_use, width, record } = found;
        let site = stack::site_of(self.process, record.address);
        let thrown = Some(&record)
            .filter(|record| judge::is_throw_info(self.process, &record.parameters))
            .and_then(|record| thrown(self.process.dump.memory(), record));
        EarlierReport {
            at: Hex(at),
            in_use,
            code: record.code.into(),
            name: codes::name(record.code),
            flags: record.flags.into(),
            address: Hex(record.address),
            module: site.as_ref().map(|site| site.name.clone()),
            offset: site.map(|site| Hex(site.offset)),
            cpp_type: thrown.map(|decorated| self.names.type_name(&decorated)),
            size: record.size(width),
            parameters: record.parameters.into_iter().map(Hex).collect(),
        }
    }
}

/// The decorated type of what was thrown, if the dump tells.
fn thrown(memory: Memory<'_>, record: &ExceptionRecord) -> Option<String> {
    let thrown = CppException::read(memory, &record.parameters).ok();
    thrown.filter(|_| record.code == cpp_exception::CODE)?.types.into_iter().next().map(|t| t.decorated)
}

/// What of a thread's stacks is searched.
fn parts(process: &Process<'_>, thread: &Thread<'_>, sp: Option<u64>) -> Vec<Part> {
    let mut parts = Vec::new();
    let width = process.dump.width();
    if let Some(sp) = sp {
        let stack = thread.teb.as_ref().and_then(|teb| bounds(process, teb)).filter(|s| s.contains(&sp));
        // A dump that keeps no TEBs keeps little else than the stacks from their stack pointers on.
        let whole = stack.clone().unwrap_or(0..u64::MAX);
        parts.push(Part { range: RecordSearch::above(sp, &whole), width, in_use: Some(true) });
        if let Some(stack) = stack {
            parts.push(Part { range: RecordSearch::below(sp, &stack), width, in_use: Some(false) });
        }
    }
    // Where the 32-bit half of a thread was in its stack is not known.
    if let Some(stack) = thread.teb32.as_ref().and_then(|teb| bounds(process, teb)) {
        let Range { start, end } = RecordSearch::before(stack.end);
        parts.push(Part { range: start.max(stack.start)..end, width: Width::Bits32, in_use: None });
    }
    parts
}

/// First address of a stack, and the first behind it.
fn bounds(process: &Process<'_>, teb: &Teb<'_>) -> Option<Range<u64>> {
    process.stack(teb).map(|(base, end, _)| base..end)
}
