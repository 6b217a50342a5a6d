//! RTLP_HP_PADDING_HEADER: on Windows 10, desktop programs that use segment heaps have a granule in front of the bytes
//! of every block.

use super::super::segment::SegmentForm;
use super::super::segment_layout::{Padding, SegmentLayout};
use super::super::{Heap, HeapKind};
use super::{Backend, BlockReader, BlockState, Blocks, HeapBlock};
use crate::arch::Width;
use crate::memory::Memory;

/// Blocks that are looked at where each tells whether there is padding.
const SAMPLE: usize = 256;
/// Blocks that are looked at where only the smallest tell that there is none.
const SMALL_SAMPLE: usize = 2048;

/// Whether the segment heaps of a process have padding. The settings have none yet.
pub(super) fn is_padded(reader: &BlockReader<'_, '_>, width: Width) -> bool {
    let heaps = || reader.heaps.iter().filter(|heap| heap.width == width);
    let segment = || heaps().filter(|heap| heap.kind == HeapKind::Segment && !heap.is_metadata);
    let Some(kind) = segment().find_map(Heap::segment_layout).map(|layout| layout.padding) else {
        return false;
    };
    let busy = |heap| reader.blocks(heap).filter(|block| block.state == BlockState::Busy);
    let is_small = |block: &HeapBlock| matches!(block.backend, Backend::Lfh | Backend::Vs);
    let small = |heap| busy(heap).filter(is_small);
    match kind {
        Padding::Never => false,
        Padding::Recorded => {
            let says = |block: HeapBlock| {
                reader.memory.pointer(block.address, width).ok().map(|word| is_recorded(word, width))
            };
            let few: Vec<bool> = segment().flat_map(small).filter_map(says).take(SAMPLE).collect();
            if few.is_empty() {
                // A program may have made a heap for large blocks only. What one of them begins with proves little.
                let large: Vec<bool> = segment().flat_map(busy).filter_map(says).take(SAMPLE).collect();
                return large.len() > 1 && large.iter().all(|says| *says);
            }
            few.iter().filter(|says| **says).count() > few.len() / 2
        }
        // Programs that ask for a segment heap have padding, and an NT heap first. The processes of the system whose
        // first heap is a segment heap have none. A block smaller than the padding has none for certain.
        Padding::Unrecorded => {
            heaps().next().is_some_and(|heap| heap.kind == HeapKind::Nt)
                && !segment().flat_map(small).take(SMALL_SAMPLE).any(|block| block.size < width.pick(8, 16))
        }
    }
}

/// What padding says of itself: a granule, or what a large block of an NT heap has in front.
fn is_recorded(bytes: u64, width: Width) -> bool {
    bytes == width.pick(8, 16) || bytes == in_front_of_large(width)
}

/// Bytes of a HEAP_VIRTUAL_ALLOC_ENTRY, which lies in front of a large block of an NT heap.
pub(super) fn in_front_of_large(width: Width) -> u64 {
    width.pick(0x20, 0x40)
}

/// Padding in front of a block of pages or of a large one. It says itself how large it is; where the dump does not keep
/// that, what was `asked` for decides: as much as an NT heap would have given memory of its own has more than a granule.
pub(super) fn of_large(memory: Memory<'_>, layout: &SegmentLayout, at: u64, asked: u64) -> u64 {
    let (width, granule) = (layout.width, layout.width.pick(8, 16));
    if layout.padding != Padding::Recorded {
        return granule;
    }
    let recorded = memory.pointer(at, width).ok().filter(|bytes| is_recorded(*bytes, width));
    let by_request =
        || if asked >= width.pick(0x7_f000, 0xf_f000) { in_front_of_large(width) } else { granule };
    recorded.unwrap_or_else(by_request)
}

impl Blocks<'_, '_> {
    /// Bytes of padding of a block that is smaller than a page, or of some pages at most.
    pub(super) fn padding(&self, form: &SegmentForm) -> u64 {
        if form.padded { self.granule() } else { 0 }
    }

    /// The same of a block of pages, which has so many bytes with its padding.
    pub(super) fn padding_of_pages(&self, form: &SegmentForm, at: u64, bytes: u64) -> u64 {
        let asked = bytes.saturating_sub(in_front_of_large(self.heap.width));
        if form.padded { of_large(self.memory, form.layout, at, asked) } else { 0 }
    }
}
