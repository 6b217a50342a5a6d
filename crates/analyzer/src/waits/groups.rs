//! Threads that wait for the same thing.

use std::collections::HashMap;

use super::report::{ObjectReport, ThreadWaitReport, WaitGroupReport};
use crate::space::Hex;

/// Groups that are reported.
const MOST_GROUPS: usize = 256;

/// Groups of two and more, the largest first; in the order of the threads among equals.
pub(super) fn of(threads: &[ThreadWaitReport]) -> Vec<WaitGroupReport> {
    let mut groups: Vec<WaitGroupReport> = Vec::new();
    let mut places: HashMap<(Option<Hex>, Option<Hex>), usize> = HashMap::new();
    for thread in threads {
        let objects = thread.wait.iter().flat_map(|wait| &wait.objects);
        for object in objects {
            let key = key(object);
            let place = *places.entry(key).or_insert_with(|| {
                let kind = object.kind.clone();
                groups.push(WaitGroupReport { address: key.0, handle: key.1, kind, threads: Vec::new() });
                groups.len() - 1
            });
            // A thread may wait for a handle twice.
            if let Some(group) = groups.get_mut(place)
                && group.threads.last() != Some(&thread.id)
            {
                group.threads.push(thread.id);
            }
        }
    }
    groups.retain(|group| group.threads.len() > 1);
    groups.sort_by_key(|group| std::cmp::Reverse(group.threads.len()));
    groups.truncate(MOST_GROUPS);
    groups
}

/// What is the same for threads that wait for one object: its address, or else its handle.
fn key(object: &ObjectReport) -> (Option<Hex>, Option<Hex>) {
    match object.address {
        Some(address) => (Some(address), None),
        None => (None, object.handle),
    }
}
