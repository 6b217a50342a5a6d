//! Which heaps there are: the PEB's array, and from Windows 11 24H2 on the chain of descriptors.

use std::collections::HashSet;

use super::{Fault, FaultKind, HeapKind, Walker, nt_layout, segment_layout};
use crate::limits;
use crate::process::Peb;

/// The build from which on heaps may be missing from the PEB (C.7).
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
    for handle in listed(walker, peb, faults) {
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
    if walker.build.is_none_or(|build| build >= DESCRIPTORS_FROM)
        && let Some(first) = process_heap.or(handles.first().copied())
    {
        descriptors(walker, first, &mut handles, &mut seen, faults);
    }
    handles
}

/// `ProcessHeaps[0..NumberOfHeaps]`, as far as it can be read.
fn listed(walker: &Walker<'_, '_>, peb: &Peb, faults: &mut Vec<Fault>) -> Vec<u64> {
    let (Some(count), Some(array)) = (peb.heaps, peb.process_heaps) else {
        return Vec::new(); // the dump does not keep that part of the PEB
    };
    if array == 0 {
        faults.push(Fault { at: peb.address, what: FaultKind::NoList });
        return Vec::new();
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
                faults.push(Fault { at, what: FaultKind::Unreadable(unreadable.why) });
                break;
            }
        }
    }
    handles
}

/// Follows {Next, Prev, Heap} from the process heap's `UserContext` on (C.7, x64 only: elsewhere its place is not
/// known).
fn descriptors(
    walker: &mut Walker<'_, '_>,
    process_heap: u64,
    handles: &mut Vec<u64>,
    seen: &mut HashSet<u64>,
    faults: &mut Vec<Fault>,
) {
    let offset = match (walker.width.bits(), walker.kind(process_heap)) {
        (64, Ok(HeapKind::Nt)) => nt_layout::USER_CONTEXT_X64,
        (64, Ok(HeapKind::Segment)) => segment_layout::USER_CONTEXT_24H2,
        _ => return,
    };
    let Ok(mut at) = walker.memory.u64(process_heap.wrapping_add(offset)) else { return };
    let mut before = None;
    let (mut visited, mut named) = (HashSet::new(), HashSet::new());
    while at != 0 {
        if !visited.insert(at) || visited.len() > limits::HEAPS as usize {
            faults.push(Fault { at, what: FaultKind::Cycle });
            return;
        }
        let next = walker.memory.u64(at);
        let prev = walker.memory.u64(at.wrapping_add(0x8)).ok();
        if before.is_some() && before != prev {
            faults.push(Fault { at, what: FaultKind::BackLink });
        }
        let heap = walker.memory.u64(at.wrapping_add(0x10));
        let is_heap = |handle: &u64| {
            handle.is_multiple_of(super::PAGE)
                && matches!(walker.kind(*handle), Ok(HeapKind::Nt | HeapKind::Segment))
        };
        let (Ok(next), Ok(heap)) = (next, heap) else {
            faults.push(Fault { at, what: FaultKind::BadDescriptor });
            return;
        };
        if !is_heap(&heap) {
            faults.push(Fault { at, what: FaultKind::BadDescriptor });
        } else if !named.insert(heap) {
            faults.push(Fault { at: heap, what: FaultKind::Twice });
        } else if seen.insert(heap) {
            handles.push(heap);
        }
        before = Some(at);
        at = next;
    }
}
