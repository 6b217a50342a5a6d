//! # What it detects
//! A thread used up its stack, or its stack could not grow because no memory could be committed for it.
//!
//! # What proves it
//! STATUS_STACK_OVERFLOW. The stack pointer and the lowest committed address of the stack, compared with its lowest
//! reserved address, distinguish the two causes. The function that fills the stack is the one that calls itself.
//!
//! # What fools it
//! A stack that was exhausted long before, of which the handler freed nothing; a large local array instead of a
//! recursion.
//!
//! # Example
//! `Thread 0x1a2c used up its stack of 1024.000 kB.`
//!
//! # Source
//! TEB: StackBase, StackLimit, DeallocationStack; the memory map.

use std::collections::HashMap;

use super::{Confidence, Crash, Found, code, short};
use crate::symbols::Source;

/// Bytes at a stack's lower end that are never committed: the guard region with what a handler needs.
const NEAR_THE_END: u64 = 0x1_0000;
/// Rows of one function that are called a recursion.
const OFTEN: usize = 16;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let exception = crash.raised(code::STACK_OVERFLOW)?;
    let stack = crash.thread.and_then(|thread| thread.stack.as_deref());
    let id = exception.thread_id;
    let known = stack.and_then(|s| Some((s.base.0.checked_sub(s.reserved_from?.0)?, s.limit?.0, s)));
    let Some((reserved, limit, stack)) = known else {
        // The code alone does not tell the two causes apart.
        let title = format!("Thread {id:#x} could not get more stack; how much it had is not known.");
        return Some(Found::new(Confidence::Medium, title));
    };
    let used = stack.base.0.saturating_sub(limit);
    let full = reserved.saturating_sub(used) <= NEAR_THE_END;
    let title = if full {
        format!("Thread {id:#x} used up its stack of {}.", short(reserved))
    } else {
        format!(
            "The stack of thread {id:#x} could not grow beyond {} of {}: no more memory was committed for it.",
            short(used),
            short(reserved)
        )
    };
    let found = Found::new(if full { Confidence::High } else { Confidence::Medium }, title)
        .with_at("StackLimit", limit, short(used))
        .with_at("DeallocationStack", stack.base.0 - reserved, short(reserved));
    Some(match recursion(crash) {
        Some((name, times)) => found.with("recursion", format!("{name}, {times} times")),
        None => found,
    })
}

/// The place that occurs most often on the stack.
fn recursion(crash: &Crash<'_>) -> Option<(String, usize)> {
    let mut times: HashMap<u64, usize> = HashMap::new();
    for frame in crash.frames().iter().filter(|frame| !frame.inline) {
        *times.entry(frame.ip.0).or_default() += 1;
    }
    let (ip, count) =
        times.into_iter().max_by_key(|(ip, count)| (*count, *ip)).filter(|(_, n)| *n >= OFTEN)?;
    let frame = crash.frames().iter().find(|frame| frame.ip.0 == ip && !frame.inline)?;
    let module = frame.module.as_deref().unwrap_or("?");
    let function = frame.function.as_deref().filter(|_| frame.source != Some(Source::NearestExport));
    let name = match (function, frame.offset) {
        (Some(function), _) => format!("{module}!{function}"),
        (None, Some(offset)) => format!("{module}+{:#x}", offset.0),
        (None, None) => format!("{ip:#x}"),
    };
    Some((name, count))
}
