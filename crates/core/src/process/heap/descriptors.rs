//! Windows 11 24H2: the PEB lists the process heap alone. Every heap's `UserContext` points at its descriptor, and the
//! descriptors are a LIST_ENTRY through a head in ntdll's data, with the heap behind each entry: {Next, Prev, Heap}.

use std::collections::HashSet;

use super::{Fault, FaultKind, HeapKind, PAGE, Walker, nt_layout, segment_layout};
use crate::limits;
use crate::vocabulary::MemoryType;

/// The offsets in a heap's header at which x86, where `UserContext` is not known, is searched for it.
const SEARCHED: std::ops::Range<u64> = 0x20..0x280;

/// A walk along the descriptors.
struct Chain {
    visited: HashSet<u64>,
    named: HashSet<u64>,
    handles: Vec<u64>,
    has_head: bool,
}

/// Where a walk in one direction ended.
#[derive(PartialEq, Eq)]
enum End {
    /// At the descriptor where it began.
    Closed,
    /// At a null link, or where the chain is broken.
    Open,
}

/// The heaps that have descriptors, from the process heap's on. Where the circle breaks, it is followed from its other
/// end too. Unless the build is certain to have them, the first descriptor must be one by its links.
pub(super) fn follow(
    walker: &mut Walker<'_, '_>,
    process_heap: u64,
    certain: bool,
    faults: &mut Vec<Fault>,
) -> Vec<u64> {
    let Some(first) = first(walker, process_heap, certain) else { return Vec::new() };
    let mut chain =
        Chain { visited: HashSet::new(), named: HashSet::new(), handles: Vec::new(), has_head: false };
    let ended = chain.walk(walker, first, 0, faults);
    if ended == End::Open
        && let Ok(last) = word(walker, first, 1)
        && !chain.visited.contains(&last)
    {
        chain.walk(walker, last, 1, faults);
    }
    chain.handles
}

/// The pointer at a place in a descriptor.
fn word(walker: &Walker<'_, '_>, at: u64, n: u64) -> Result<u64, Fault> {
    let at = at.wrapping_add(n.wrapping_mul(walker.width.bytes() as u64));
    let unread = |unreadable: crate::Unreadable| Fault { at, what: FaultKind::Unreadable(unreadable.why) };
    walker.memory.pointer(at, walker.width).map_err(unread)
}

/// The process heap's descriptor. On x86, where its place in the header is not known, it is whatever names the heap and
/// lies between two others that lead back to it.
fn first(walker: &Walker<'_, '_>, heap: u64, certain: bool) -> Option<u64> {
    let known = match (walker.width.bits(), walker.kind(heap)) {
        (64, Ok(HeapKind::Nt)) => Some(nt_layout::USER_CONTEXT_X64),
        (64, Ok(HeapKind::Segment)) => Some(segment_layout::USER_CONTEXT_24H2),
        (_, Ok(HeapKind::Nt | HeapKind::Segment)) => None,
        _ => return None,
    };
    let pointer = |offset: u64| walker.memory.pointer(heap.wrapping_add(offset), walker.width).ok();
    let is_descriptor = |at: &u64| {
        let back = |link: u64, n: u64| word(walker, link, n) == Ok(*at);
        word(walker, *at, 2) == Ok(heap)
            && word(walker, *at, 0).is_ok_and(|next| back(next, 1))
            && word(walker, *at, 1).is_ok_and(|prev| back(prev, 0))
    };
    match known {
        Some(offset) => pointer(offset).filter(|at| *at != 0 && (certain || is_descriptor(at))),
        None if certain => SEARCHED.step_by(walker.width.bytes()).filter_map(pointer).find(is_descriptor),
        None => None,
    }
}

impl Chain {
    /// Follows `Next` (link 0) or `Prev` (link 1).
    fn walk(&mut self, walker: &Walker<'_, '_>, start: u64, link: u64, faults: &mut Vec<Fault>) -> End {
        let (mut at, mut before) = (start, None);
        while at != 0 {
            if !self.visited.insert(at) {
                let closed = link == 0 && at == start;
                if closed && before.is_some() && word(walker, at, 1).ok() != before {
                    faults.push(Fault { at, what: FaultKind::BackLink });
                }
                if !closed && link == 0 {
                    faults.push(Fault { at, what: FaultKind::Cycle });
                }
                return if closed { End::Closed } else { End::Open };
            }
            if self.visited.len() > limits::HEAPS as usize {
                faults.push(Fault { at, what: FaultKind::TooLong });
                return End::Open;
            }
            let (back, next) = match (word(walker, at, link ^ 1), word(walker, at, link)) {
                (Ok(back), Ok(next)) => (back, next),
                (Err(fault), _) | (_, Err(fault)) => {
                    faults.push(fault);
                    return End::Open;
                }
            };
            if before.is_some_and(|before| before != back) {
                faults.push(Fault { at, what: FaultKind::BackLink });
            }
            self.take(walker, at, faults);
            (before, at) = (Some(at), next);
        }
        End::Open
    }

    /// The heap that a descriptor names. One entry of the circle is its head, which names none.
    fn take(&mut self, walker: &Walker<'_, '_>, at: u64, faults: &mut Vec<Fault>) {
        let heap = match word(walker, at, 2) {
            Ok(heap) => heap,
            Err(fault) => return faults.push(fault),
        };
        let is_heap =
            heap.is_multiple_of(PAGE) && matches!(walker.kind(heap), Ok(HeapKind::Nt | HeapKind::Segment));
        let in_image = || walker.map.at(at).is_some_and(|region| region.kind == MemoryType::IMAGE);
        if is_heap && self.named.insert(heap) {
            self.handles.push(heap);
        } else if is_heap {
            faults.push(Fault { at: heap, what: FaultKind::Twice });
        } else if !self.has_head && (heap == 0 || in_image()) {
            self.has_head = true;
        } else {
            faults.push(Fault { at, what: FaultKind::BadDescriptor });
        }
    }
}
