//! Locks of `Monitor`: who holds them, who waits for them, and which threads wait for each other.

use std::collections::HashMap;

use dumplens_core::clr::{Lock, LockState, Object, Runtime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stacks;
use crate::process::{Process, Thread};
use crate::space::Hex;
use crate::waits::{WaitsFor, cycles};

/// An object that is locked, or that threads wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockReport {
    /// The object.
    pub object: Hex,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The thread that holds it; `None` if it is free, or the owner's thread has ended.
    pub owner_thread_id: Option<u32>,
    /// Whether it is locked.
    pub held: bool,
    /// How often its owner entered it.
    pub recursion: u32,
    /// How many threads wait to enter, according to its own counter.
    pub waiters: u32,
    /// The threads that wait to enter, as far as their stacks show.
    pub waiting_thread_ids: Vec<u32>,
    /// A thread that released it until it is pulsed (`Monitor.Wait`).
    pub in_wait_thread_id: Option<u32>,
}

/// How often a thread that waits has the lock's address on its stack: five or six times were seen. One or two may be left
/// over from a lock that it held.
const TIMES: u32 = 3;
/// Locks that are listed.
const LOCKS: usize = 1000;

/// The locks among objects, those that nobody holds or waits for left out.
pub(super) fn of(process: &Process<'_>, runtime: &Runtime<'_>, objects: &[Object]) -> Vec<LockReport> {
    let locks = runtime.locks(objects);
    let wanted: HashMap<u64, u64> = locks.iter().filter_map(contended).collect();
    let waiting = if wanted.is_empty() { HashMap::new() } else { waiting(process, runtime, &wanted) };
    let report = |lock: &Lock| report(process, runtime, lock, &waiting);
    locks.iter().filter_map(report).take(LOCKS).collect()
}

/// The sync block of a lock that threads wait to enter, and its object.
fn contended(lock: &Lock) -> Option<(u64, u64)> {
    match lock.state {
        LockState::Block { address, waiters, .. } if waiters > 0 => Some((address, lock.object)),
        _ => None,
    }
}

fn report(
    process: &Process<'_>,
    runtime: &Runtime<'_>,
    lock: &Lock,
    waiting: &HashMap<u64, Vec<u32>>,
) -> Option<LockReport> {
    let mut report = LockReport {
        object: Hex(lock.object),
        type_name: runtime.type_name(lock.table).to_string(),
        owner_thread_id: None,
        held: true,
        recursion: 0,
        waiters: 0,
        waiting_thread_ids: Vec::new(),
        in_wait_thread_id: None,
    };
    match lock.state {
        LockState::Thin { managed_id, recursion } => {
            let owner = runtime.threads().iter().find(|t| t.managed_id == Some(managed_id))?;
            report.owner_thread_id = Some(owner.os_id);
            report.recursion = recursion.saturating_add(1);
        }
        LockState::Block { owner, held, recursion, waiters, wait_list, .. } => {
            if !held && waiters == 0 && wait_list.is_none() {
                return None;
            }
            (report.owner_thread_id, report.held, report.recursion) = (owner, held, recursion);
            report.waiters = waiters;
            let found = waiting.get(&lock.object).cloned().unwrap_or_default();
            // Who holds it does not wait for it.
            report.waiting_thread_ids = found.into_iter().filter(|id| Some(*id) != owner).collect();
            report.in_wait_thread_id =
                wait_list.and_then(|at| process.threads.iter().find(|t| stack_holds(t, at))).map(|t| t.id);
        }
    }
    Some(report)
}

fn stack_holds(thread: &Thread<'_>, address: u64) -> bool {
    thread.teb.is_some_and(|teb| (teb.stack_limit..teb.stack_base).contains(&address))
}

/// Which threads wait for which objects: those on whose stacks a sync block's address stands several times.
fn waiting(
    process: &Process<'_>,
    runtime: &Runtime<'_>,
    wanted: &HashMap<u64, u64>,
) -> HashMap<u64, Vec<u32>> {
    let mut found: HashMap<u64, Vec<u32>> = HashMap::new();
    stacks::each(process, runtime, &mut |id, words| {
        let mut times: HashMap<u64, u32> = HashMap::new();
        for object in words.iter().filter_map(|word| wanted.get(word)) {
            *times.entry(*object).or_default() += 1;
        }
        for (object, _) in times.into_iter().filter(|(_, times)| *times >= TIMES) {
            found.entry(object).or_default().push(id);
        }
    });
    found
}

/// Cycles of threads each of which waits for a lock that the next one holds; each once, its lowest thread first.
pub(super) fn deadlocks(locks: &[LockReport]) -> Vec<Vec<u32>> {
    let mut waits_for = WaitsFor::new();
    for lock in locks {
        let Some(owner) = lock.owner_thread_id else { continue };
        waits_for.extend(lock.waiting_thread_ids.iter().map(|waiting| (*waiting, vec![owner])));
    }
    let mut threads: Vec<u32> = waits_for.keys().copied().collect();
    threads.sort_unstable();
    cycles(&threads, &waits_for).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(owner: u32, waiting: &[u32]) -> LockReport {
        LockReport {
            object: Hex(0x1000),
            type_name: "System.Object".to_owned(),
            owner_thread_id: Some(owner),
            held: true,
            recursion: 1,
            waiters: 1,
            waiting_thread_ids: waiting.to_vec(),
            in_wait_thread_id: None,
        }
    }

    #[test]
    fn a_cycle_is_found_once_and_a_chain_is_none() {
        assert_eq!(deadlocks(&[lock(1, &[2]), lock(2, &[1]), lock(1, &[3])]), [[1, 2]]);
        assert_eq!(deadlocks(&[lock(3, &[1]), lock(1, &[2]), lock(2, &[3, 4])]), [[1, 3, 2]]);
        assert!(deadlocks(&[lock(1, &[2]), lock(2, &[3])]).is_empty());
    }
}
