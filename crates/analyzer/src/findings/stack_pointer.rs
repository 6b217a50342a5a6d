//! # What it detects
//! The stack pointer of the thread with the exception points into no stack, or into that of another thread.
//!
//! # What proves it
//! The registers at the exception, and the bounds of the stacks from the TEBs.
//!
//! # What fools it
//! Programs switch to stacks of their own: fibers, coroutines, the goroutines of Go, emulators.
//!
//! # Example
//! `The stack pointer of thread 0x1a2c, 0x4141414141414141, is in no thread's stack: it was overwritten, or the program
//! switched to a stack of its own.`
//!
//! # Source
//! CONTEXT; NT_TIB.StackBase and StackLimit, TEB.DeallocationStack.

use super::{Confidence, Crash, Found, code};
use crate::facts::{StackReport, ThreadReport};
use crate::stack::Trust;

/// More than any stack reserves. Where only the end of a stack is known, what is farther away is outside.
const MOST_STACK: u64 = 1 << 30;
/// What a function may take at once below the end of a stack before it touches it.
const FRAME: u64 = 1 << 20;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    crash.exception?;
    let thread = crash.thread?;
    // Otherwise the registers are those of a later time, or of another processor's code.
    let sp = crash.frames().first().filter(|frame| frame.trust == Trust::Context)?.sp.0;
    let stack = thread.stack.as_deref()?;
    let from = lowest(stack);
    let overflowed =
        crash.raised(code::STACK_OVERFLOW).is_some() && sp < from && from.saturating_sub(sp) <= FRAME;
    if has(thread, sp) || overflowed {
        return None;
    }
    let other = crash.facts.threads.iter().find(|other| has(other, sp));
    let title = match other {
        Some(other) => format!(
            "The stack pointer of thread {:#x}, {sp:#x}, is in the stack of thread {:#x}.",
            thread.id, other.id
        ),
        None => format!(
            "The stack pointer of thread {:#x}, {sp:#x}, is in no thread's stack: it was overwritten, or the program \
             switched to a stack of its own.",
            thread.id
        ),
    };
    let found = Found::new(Confidence::Medium, title);
    Some(found.with("the thread's stack", format!("{from:#x} to {:#x}", stack.base.0)))
}

/// The lowest address that a stack can have.
fn lowest(stack: &StackReport) -> u64 {
    let known = stack.reserved_from.or(stack.limit);
    known.map_or(stack.base.0.saturating_sub(MOST_STACK), |from| from.0)
}

fn holds(stack: &StackReport, address: u64) -> bool {
    (lowest(stack)..stack.base.0).contains(&address)
}

/// Whether one of a thread's stacks holds an address.
fn has(thread: &ThreadReport, address: u64) -> bool {
    [&thread.stack, &thread.stack64].into_iter().flatten().any(|stack| holds(stack, address))
}
