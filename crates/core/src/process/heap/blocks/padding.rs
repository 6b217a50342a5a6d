//! RTLP_HP_PADDING_HEADER: on Windows 10, desktop programs that use segment heaps have a granule in front of the bytes
//! of every block.

use super::super::segment::SegmentForm;
use super::super::segment_layout::{Padding, SegmentLayout};
use super::super::{Form, Heap, HeapKind};
use super::{Backend, BlockReader, BlockState, Blocks};
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
    let Some(kind) = segment().find_map(rule) else { return false };
    let small = |heap| {
        let blocks = reader.blocks(heap).filter(|block| block.state == BlockState::Busy);
        blocks.filter(|block| matches!(block.backend, Backend::Lfh | Backend::Vs))
    };
    match kind {
        Padding::Never => false,
        Padding::Recorded => {
            let blocks: Vec<u64> =
                segment().flat_map(small).take(SAMPLE).map(|block| block.address).collect();
            let granule = width.pick(8, 16);
            let padded = blocks.iter().filter(|at| reader.memory.pointer(**at, width) == Ok(granule)).count();
            padded > blocks.len() / 2
        }
        // Programs that ask for a segment heap have padding, and an NT heap first. The processes of the system whose
        // first heap is a segment heap have none. A block smaller than the padding has none for certain.
        Padding::Unrecorded => {
            heaps().next().is_some_and(|heap| heap.kind == HeapKind::Nt)
                && !segment().flat_map(small).take(SMALL_SAMPLE).any(|block| block.size < width.pick(8, 16))
        }
    }
}

fn rule(heap: &Heap) -> Option<Padding> {
    match &heap.form {
        Form::Segment(form) => Some(form.layout.padding),
        _ => None,
    }
}

/// Padding in front of a block that an NT heap would have given memory of its own, where it is more than a granule, or
/// of one that may be such: it says itself how large it is.
pub(super) fn of_large(memory: Memory<'_>, layout: &SegmentLayout, at: u64) -> u64 {
    let (width, granule) = (layout.width, layout.width.pick(8, 16));
    if layout.padding != Padding::Recorded {
        return granule;
    }
    let recorded = memory.pointer(at, width).ok();
    recorded.filter(|bytes| [granule, width.pick(0x20, 0x40)].contains(bytes)).unwrap_or(granule)
}

impl Blocks<'_, '_> {
    /// Bytes of padding of a block in a segment that begins there.
    pub(super) fn padding_at(&mut self, form: &SegmentForm, at: u64, may_be_large: bool) -> u64 {
        match form.padded {
            false => 0,
            true if may_be_large => of_large(self.memory, form.layout, at),
            true => self.granule(),
        }
    }
}
