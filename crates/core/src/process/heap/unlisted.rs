//! Heaps that can be found without the PEB's list of them, which lies in ntdll's data: it is at the end of most files,
//! and so the first that a dump loses which was cut off.

use super::nt_layout::{LAYOUTS, SEGMENT_BYTES, SEGMENT_SIGNATURE, SIGNATURE};
use super::{HeapKind, Walker, segment_choice};
use crate::ahead::Ahead;
use crate::limits;
use crate::regions::MemoryInfo;
use crate::vocabulary::MemoryType;

/// The handles of heaps that begin a committed region outside images, in order of address. A header of a segment heap that
/// lies behind others in a segment does not.
pub(super) fn find(walker: &Walker<'_, '_>) -> Vec<u64> {
    let may_hold = |region: &MemoryInfo| {
        region.state.is_commit() && region.kind != MemoryType::IMAGE && !region.protect.is_inaccessible()
    };
    let bases: Vec<u64> = walker
        .map
        .iter()
        .filter(may_hold)
        .map(|region| region.base)
        .take(limits::SEGMENT_CANDIDATES)
        .collect();
    let mut ahead = Ahead::new(walker.memory);
    let mut handles = Vec::new();
    for (n, base) in bases.iter().copied().enumerate() {
        ahead.before(n, bases.iter().skip(n).map(|base| (*base, SEGMENT_BYTES)));
        let is_heap = match walker.kind(base) {
            Ok(HeapKind::Nt) => is_nt(walker, base),
            Ok(HeapKind::Segment) => segment_choice::is_heap(walker, base),
            _ => false,
        };
        if is_heap {
            handles.push(base);
        }
    }
    handles
}

/// Whether the segment that begins there is the first of its heap: `Heap` is its own address, and the heap's signature
/// follows.
fn is_nt(walker: &Walker<'_, '_>, base: u64) -> bool {
    let Ok(block) = walker.block(base, 0xc0) else { return false };
    block.long(0x8, 0x10) == Some(SEGMENT_SIGNATURE)
        && block.pointer(0x18, 0x28) == Some(base)
        && LAYOUTS.iter().any(|layout| {
            layout.width == walker.width && block.number(layout.signature, 4) == Some(u64::from(SIGNATURE))
        })
}
