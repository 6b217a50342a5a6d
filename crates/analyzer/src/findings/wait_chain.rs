//! # What it detects
//! Which threads wait for each other, from the thread that matters to the one that does not wait: from the thread with
//! windows, or the first thread; or the longest chain.
//!
//! # What proves it
//! The registers and stacks of threads inside waiting system calls, the types and owners of the handles, the owners of
//! critical sections.
//!
//! # What fools it
//! A dump is one moment, and waiting threads are normal. Who will signal an event, or who holds an SRW lock, is not
//! stored anywhere. A thread that spins does not wait.
//!
//! # Example
//! `Thread 0x1a4 waits for the critical section at 0x7ff6a1b2c3d0 (app+0x2c3d0), held by thread 0x2b0; thread 0x2b0
//! waits for another process, through the alpc port 0x3c.`
//!
//! # Source
//! docs/hangs.md; Raymond Chen, "Chasing the wait chain inside a process".

use super::{Confidence, Crash, Found, on_request, raising};
use crate::exceptions::code;
use crate::waits::{ChainEnd, ChainReport, WaitKind, WaitReport, WaitsReport, words};

/// Links that the sentence has.
const TOLD: usize = 4;
/// Chains that are listed.
const LISTED: usize = 8;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let waits = waits(crash)?;
    let told = |chain: &&ChainReport| !chain.deadlock && is_telling(waits, chain);
    let chains: Vec<&ChainReport> = waits.chains.iter().filter(told).collect();
    let lead = chains.first()?;
    let proven = !lead.links.is_empty() && lead.links.iter().all(|link| link.proven);
    let confidence = if proven { Confidence::High } else { Confidence::Medium };
    let mut found = Found::new(confidence, sentence(waits, lead));
    for chain in chains.iter().take(LISTED) {
        let ids: Vec<String> = chain.threads.iter().map(|id| format!("{id:#x}")).collect();
        found = found.with(format!("threads {}", ids.join(", ")), end(waits, chain));
    }
    Some(found)
}

/// The waits, if the dump is of a process that nothing ended: it ran, hung, or was asked for a dump.
pub(crate) fn waits<'a>(crash: &Crash<'a>) -> Option<&'a WaitsReport> {
    let facts = crash.facts;
    let none =
        facts.exception.is_none() && facts.exception_lost.is_none() && raising::detect(crash).is_none();
    let calm = none || crash.raised(code::APPLICATION_HANG).is_some() || on_request::detect(crash).is_some();
    facts.waits.as_deref().filter(|_| calm)
}

/// Whether a chain says more than that a thread waits for its next task.
fn is_telling(waits: &WaitsReport, chain: &ChainReport) -> bool {
    let idle = |wait: &WaitReport| wait.is_idle() || matches!(wait.kind, WaitKind::Message | WaitKind::Delay);
    let over = chain.ends == ChainEnd::Signalled;
    !chain.links.is_empty() || (!over && last(waits, chain).is_some_and(|wait| !idle(wait)))
}

fn last<'w>(waits: &'w WaitsReport, chain: &ChainReport) -> Option<&'w WaitReport> {
    let id = chain.threads.last()?;
    waits.threads.iter().find(|thread| thread.id == *id)?.wait.as_deref()
}

fn end(waits: &WaitsReport, chain: &ChainReport) -> String {
    words::end(chain, last(waits, chain))
}

/// `Thread 0x1a4 waits for …, held by thread 0x2b0; thread 0x2b0 is not waiting.`
fn sentence(waits: &WaitsReport, chain: &ChainReport) -> String {
    let mut parts: Vec<String> = chain.links.iter().take(TOLD).map(words::link).collect();
    if chain.links.len() > TOLD {
        parts.push(format!("and so on, {} threads in all", chain.threads.len()));
    }
    parts.push(end(waits, chain));
    let mut text = parts.join("; ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + "."
}
