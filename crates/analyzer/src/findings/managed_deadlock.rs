//! Circles of .NET locks (`lock`, `Monitor.Enter`): each lock's sync block names its owner and counts those that wait; a thread
//! that waits has the block's address on its stack several times. Told by the finding `deadlock`.

use super::{Confidence, Crash, Found, raising};
use crate::facts::managed::stands_still;
use crate::managed::LockReport;

/// Threads of a circle that are named.
const THREADS: usize = 8;

/// The first circle, in a dump of a process that nothing ended.
pub(super) fn found(crash: &Crash<'_>) -> Option<Found> {
    let facts = crash.facts;
    let calm = match &facts.exception {
        Some(exception) => stands_still(exception.code.0),
        None => facts.exception_lost.is_none() && raising::detect(crash).is_none(),
    };
    let managed = facts.managed.as_ref().filter(|_| calm)?;
    let cycle = managed.deadlocks.first()?;
    let names: Vec<String> = cycle.iter().take(THREADS).map(|id| format!("{id:#x}")).collect();
    let title = match names.as_slice() {
        [one, other] => format!(
            "Threads {one} and {other} wait for each other: each holds a lock (Monitor) that the other wants."
        ),
        _ => format!(
            "{} threads wait for each other in a circle, each for a lock (Monitor) that the next one holds: {}.",
            cycle.len(),
            names.join(", ")
        ),
    };
    let held: Vec<Option<&LockReport>> = (0..cycle.len())
        .map(|n| lock_between(&managed.locks, cycle[n], cycle[(n + 1) % cycle.len()]))
        .collect();
    let counted =
        held.iter().flatten().all(|lock| lock.waiting_thread_ids.len() as u64 == u64::from(lock.waiters));
    let sure = if counted { Confidence::High } else { Confidence::Medium };
    let mut found = Found::new(sure, title);
    for (n, lock) in held.iter().enumerate().take(THREADS) {
        let (Some(lock), Some(id), Some(owner)) = (lock, cycle.get(n), cycle.get((n + 1) % cycle.len()))
        else {
            continue;
        };
        let value = format!("{}, held by {owner:#x}", lock.type_name);
        found = found.with_at(format!("thread {id:#x} waits for"), lock.object.0, value);
    }
    Some(found)
}

/// The lock that one thread waits for and another holds.
fn lock_between(locks: &[LockReport], waiting: u32, owner: u32) -> Option<&LockReport> {
    locks
        .iter()
        .find(|lock| lock.owner_thread_id == Some(owner) && lock.waiting_thread_ids.contains(&waiting))
}
