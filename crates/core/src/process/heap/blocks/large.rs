//! Blocks with memory of their own.

use super::super::nt::NtForm;
use super::super::segment::SegmentForm;
use super::super::segment_layout::Padding;
use super::super::{FaultKind, Part};
use super::{Backend, BlockState, Blocks, HeapBlock, padding};

/// `HEAP_ENTRY.Flags`: the heap's own.
const OWN: u8 = 0x8;

impl Blocks<'_, '_> {
    /// HEAP_VIRTUAL_ALLOC_ENTRY: BusyBlock at 18 / 30, the program's bytes behind the entry. With user stack traces an
    /// extended entry lies between, which the count of unused bytes includes.
    pub(super) fn nt_large(&mut self, part: &Part, form: &NtForm) {
        let width = self.heap.width;
        // Each lies in an allocation of its own: what is around these bytes is not looked at.
        let Ok(stored) = self.memory.u64(part.base.wrapping_add(width.pick(0x18, 0x38))) else {
            return self.unreadable(part.base);
        };
        let (Some(entry), Some(size)) = (form.encoding.decode(stored), part.user_bytes) else {
            return self.fault(part.base, FaultKind::BadEntry);
        };
        let header = width.pick(0x20, 0x40);
        let extended = header.wrapping_add(width.pick(0x10, 0x20));
        let last = part.base.wrapping_add(extended).wrapping_sub(1);
        let is_extended = form.interceptor && self.memory.bytes(last, 1).is_ok_and(|byte| byte == [5]);
        let header = if is_extended { extended } else { header };
        let own = entry.flags & OWN != 0;
        let taken = part.end.saturating_sub(part.base);
        self.push(HeapBlock {
            address: part.base.wrapping_add(header),
            size: if own { taken.saturating_sub(header) } else { size },
            start: part.base,
            taken,
            heap: self.heap.handle,
            backend: Backend::Large,
            state: if own { BlockState::Internal } else { BlockState::Busy },
        });
    }

    /// A large block of a segment heap.
    pub(super) fn large(&mut self, part: &Part, form: &SegmentForm) {
        let Some(size) = part.user_bytes else { return };
        // Where it is not recorded, the padding of a large block is at its end.
        let recorded = form.padded && form.layout.padding == Padding::Recorded;
        let front = if recorded { padding::of_large(self.memory, form.layout, part.base, size) } else { 0 };
        self.push(HeapBlock {
            address: part.base.wrapping_add(front),
            size,
            start: part.base,
            taken: part.end.saturating_sub(part.base),
            heap: self.heap.handle,
            backend: Backend::Large,
            state: BlockState::Busy,
        });
    }
}
