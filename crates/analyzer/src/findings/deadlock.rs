//! # What it detects
//! Threads that wait for each other in a circle: none of them can continue.
//!
//! # What proves it
//! Each thread waits, without a timeout, for an object that records its owner: a critical section (OwningThread), a
//! mutex (object information of the handle stream), a thread (its handle), the loader lock (PEB), a lock of .NET's
//! Monitor (sync block); and the circle closes. If the dump contains the threads' code but not the critical sections,
//! the code shows which ones a thread entered; that is less certain.
//!
//! # What fools it
//! Locks without an owner (SRW locks, condition variables, events) are in no circle, although they can deadlock too.
//! Before Windows 11 24H2, a dump does not show whether a wait has a timeout, so dumplens cannot see a timeout that
//! would end the wait.
//!
//! # Example
//! `Deadlock: thread 0x114 waits for the critical section at 0x14000d080 (app+0xd080), held by thread 0x118; thread
//! 0x118 waits for the critical section at 0x14000d0c0 (app+0xd0c0), held by thread 0x114.`
//!
//! # Source
//! docs/hangs.md; learn.microsoft.com, "Displaying a Critical Section".

use std::collections::HashSet;

use super::{Confidence, Crash, Found, wait_chain};
use crate::facts::managed::stands_still;
use crate::waits::{ChainReport, words};

/// Links that the sentence has.
const TOLD: usize = 3;
/// Links that are listed.
const LISTED: usize = 16;

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let chain = chain(crash)?;
    let links: Vec<String> = chain.links.iter().take(TOLD).map(words::link).collect();
    let more = chain.links.len().saturating_sub(TOLD);
    let more = if more > 0 {
        format!("; and so on through {more} more threads, back to the first")
    } else {
        String::new()
    };
    // Nothing is left open, and who holds what is written in the objects themselves.
    let confidence =
        if chain.links.iter().all(|link| link.certain) { Confidence::High } else { Confidence::Medium };
    let mut found = Found::new(confidence, format!("Deadlock: {}{more}.", links.join("; ")));
    for link in chain.links.iter().take(LISTED) {
        let at = link.via.address.or(link.via.handle).map_or(0, |at| at.0);
        let waits = format!("thread {:#x} waits for it, thread {:#x} holds it", link.from, link.to);
        found = found.with_at(words::via(&link.via), at, waits);
    }
    let open = open(crash, chain);
    Some(open.into_iter().fold(found, |found, why| found.with("less certain", why)))
}

/// What is left open.
fn open(crash: &Crash<'_>, chain: &ChainReport) -> Vec<&'static str> {
    let members: HashSet<u32> = chain.threads.iter().copied().collect();
    let waits = crash.facts.waits.iter().flat_map(|waits| &waits.threads);
    let waits = waits.filter(|thread| members.contains(&thread.id)).filter_map(|thread| thread.wait.as_ref());
    let (mut by_code, mut timeout) = (false, false);
    for wait in waits {
        by_code |= wait.objects.iter().any(|object| object.by_code);
        timeout |= wait.timeout.is_none();
    }
    let by_code = by_code.then_some(
        "the dump does not contain all of these critical sections: their owners follow from the code that the threads ran",
    );
    let timeout = timeout.then_some("it is not known whether the waits have a timeout");
    by_code.into_iter().chain(timeout).collect()
}

/// The first proven circle. One of .NET's locks is what holds a process up also where its own breakpoint has the dump written.
pub(crate) fn chain<'a>(crash: &Crash<'a>) -> Option<&'a ChainReport> {
    if let Some(waits) = wait_chain::waits(crash) {
        return waits.chains.iter().find(|chain| chain.deadlock);
    }
    let stopped = crash.facts.exception.as_ref().is_some_and(|exception| stands_still(exception.code.0));
    let waits = crash.facts.waits.as_deref().filter(|_| stopped)?;
    let managed = |chain: &&ChainReport| chain.links.iter().any(|link| link.via.kind == "Monitor");
    waits.chains.iter().filter(|chain| chain.deadlock).find(managed)
}
