//! # What it detects
//! A critical section whose owner has ended: threads that wait for it wait forever. Of a mutex Windows does not allow
//! that.
//!
//! # What proves it
//! Its owner is not in the thread list. The DEBUG structure of a critical section points back to it, which proves that
//! it is one.
//!
//! # What fools it
//! If a critical section has no DEBUG structure, its counts and the waiting thread are the only evidence that it is
//! one.
//!
//! # Example
//! `The critical section at 0x7ff6a1b2c3d0 (app+0x2c3d0), held by thread 0x7770, which has ended: 2 threads wait for
//! it.`
//!
//! # Source
//! RTL_CRITICAL_SECTION; ThreadListStream.

use super::{Confidence, Crash, Found, wait_chain};
use crate::waits::{ObjectReport, words};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let waits = wait_chain::waits(crash)?;
    let all = waits.threads.iter().flat_map(|thread| {
        let objects = thread.wait.iter().flat_map(|wait| &wait.objects);
        objects.map(|object| (thread.id, object))
    });
    let lost =
        |(_, object): &(u32, &ObjectReport)| object.owner_ended && object.kind.as_deref() != Some("Thread");
    let lost: Vec<(u32, &ObjectReport)> = all.filter(lost).collect();
    let (_, first) = lost.first()?;
    let same = |object: &ObjectReport| object.address == first.address && object.handle == first.handle;
    let waiting: Vec<u32> = lost.iter().filter(|(_, object)| same(object)).map(|(id, _)| *id).collect();
    let wait = match waiting.as_slice() {
        [one] => format!("thread {one:#x} waits for it"),
        many => format!("{} threads wait for it", many.len()),
    };
    let mut title = format!("{}: {wait}.", words::object(first));
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let confidence = if first.proven { Confidence::High } else { Confidence::Medium };
    let mut found = Found::new(confidence, title);
    for (id, object) in lost.iter().take(8) {
        let at = object.address.or(object.handle).map_or(0, |at| at.0);
        found = found.with_at(format!("thread {id:#x} waits"), at, words::object(object));
    }
    Some(found)
}
