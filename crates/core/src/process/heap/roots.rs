//! Which heaps there are: the PEB's array, and from Windows 11 24H2 on the chain of descriptors.

use std::collections::HashSet;

use super::{Fault, FaultKind, Walker, descriptors, unlisted};
use crate::limits;
use crate::process::Peb;

/// The build from which on heaps may be missing from the PEB. Of those before, some are not known.
const DESCRIPTORS_FROM: u32 = 26100;

/// Entries of `ProcessHeaps` without a handle that are passed over.
const MOST_NULLS: u32 = 16;

/// The handles, the process heap's first; each once.
pub(super) fn find(walker: &mut Walker<'_, '_>, peb: &Peb, faults: &mut Vec<Fault>) -> Vec<u64> {
    if [peb.heaps.map(u64::from), peb.process_heaps, peb.process_heap] == [Some(0); 3] {
        return Vec::new(); // a process that had not come so far
    }
    let mut handles: Vec<u64> = Vec::new();
    let mut seen = HashSet::new();
    let (listed, lost) = listed(walker, peb, faults);
    for handle in listed {
        if seen.insert(handle) {
            handles.push(handle);
        } else {
            faults.push(Fault { at: handle, what: FaultKind::Twice });
        }
    }
    if peb.process_heap == Some(0) {
        faults.push(Fault { at: peb.address, what: FaultKind::FirstIsNotProcessHeap });
    }
    let process_heap = peb.process_heap.filter(|handle| *handle != 0);
    if let Some(heap) = process_heap.filter(|heap| handles.first() != Some(heap)) {
        if !handles.is_empty() {
            faults.push(Fault { at: heap, what: FaultKind::FirstIsNotProcessHeap });
        }
        if seen.insert(heap) {
            handles.push(heap);
        }
    }
    if let Some(first) = process_heap.or(handles.first().copied()) {
        let certain = walker.build.is_some_and(|build| build >= DESCRIPTORS_FROM);
        for handle in descriptors::follow(walker, first, certain, faults) {
            if seen.insert(handle) {
                handles.push(handle);
            }
        }
    }
    if lost {
        handles.extend(unlisted::find(walker).into_iter().filter(|handle| seen.insert(*handle)));
    }
    handles
}

/// `ProcessHeaps[0..NumberOfHeaps]`, as far as it can be read, and whether the dump lost some of it.
fn listed(walker: &Walker<'_, '_>, peb: &Peb, faults: &mut Vec<Fault>) -> (Vec<u64>, bool) {
    let (Some(count), Some(array)) = (peb.heaps, peb.process_heaps) else {
        return (Vec::new(), true); // the dump does not keep that part of the PEB
    };
    if array == 0 {
        faults.push(Fault { at: peb.address, what: FaultKind::NoList });
        return (Vec::new(), false);
    }
    if count == 0 || count > limits::HEAPS {
        faults.push(Fault { at: peb.address, what: FaultKind::BadCount });
    }
    let mut handles = Vec::new();
    let mut nulls = 0;
    for n in 0..u64::from(count.min(limits::HEAPS)) {
        let at = array.wrapping_add(n.wrapping_mul(walker.width.bytes() as u64));
        match walker.memory.pointer(at, walker.width) {
            // Behind a count that is wrong come entries that were never used.
            Ok(0) if nulls == MOST_NULLS => break,
            Ok(0) => {
                nulls = u32::saturating_add(nulls, 1);
                faults.push(Fault { at, what: FaultKind::BadHandle });
            }
            Ok(handle) => handles.push(handle),
            Err(unreadable) => {
                let fault = FaultKind::Unreadable(unreadable.why);
                faults.push(Fault { at, what: fault });
                return (handles, fault.is_lost());
            }
        }
    }
    (handles, false)
}
