//! Page segments of segment heaps: 256 descriptors, one for each unit, say what the ranges of units hold.

use super::super::segment::SegmentForm;
use super::super::{FaultKind, Part};
use super::{BATCH, Backend, BlockState, Blocks, HeapBlock, Work};
use crate::process::block::little_endian;

/// Descriptors of a segment.
const UNITS: u64 = 256;

/// How far the walk along a page segment is.
#[derive(Debug)]
pub(super) struct PageSegment<'h> {
    form: &'h SegmentForm,
    base: u64,
    end: u64,
    unit_shift: u8,
    descriptors: Vec<u8>,
    /// The unit that comes next.
    unit: u64,
}

impl PageSegment<'_> {
    /// A number in the descriptor of a unit.
    fn number(&self, unit: u64, at: u64, bytes: usize) -> Option<u64> {
        let from = unit.checked_mul(self.form.layout.descriptor.size)?.checked_add(at)?;
        let from = usize::try_from(from).ok()?;
        let field = self.descriptors.get(from..from.checked_add(bytes)?)?;
        Some(little_endian(field))
    }
}

impl<'h> Blocks<'_, 'h> {
    pub(super) fn begin_page_segment(&mut self, part: &Part, form: &'h SegmentForm) {
        let Some(context) = form.contexts.get(part.context) else { return };
        if !(12..=24).contains(&context.unit_shift) || !(1..=16).contains(&context.first_unit) {
            return self.fault(context.address, FaultKind::BadMask);
        }
        let wanted = UNITS.saturating_mul(form.layout.descriptor.size);
        let have = self.memory.available(part.base, wanted);
        let Ok(descriptors) = self.memory.bytes(part.base, have) else { return self.unreadable(part.base) };
        self.work.push(Work::Pages(PageSegment {
            form,
            base: part.base,
            end: part.end,
            unit_shift: context.unit_shift,
            descriptors,
            unit: context.first_unit.into(),
        }));
    }

    pub(super) fn page_segment(&mut self, mut segment: PageSegment<'h>) {
        let d = segment.form.layout.descriptor;
        while self.ready.len() < BATCH {
            let unit = segment.unit;
            let at = segment.base.saturating_add(unit << segment.unit_shift);
            if unit >= UNITS || at >= segment.end {
                return;
            }
            let fields = (segment.number(unit, d.flags, 1), segment.number(unit, d.units, 1));
            let (Some(flags), Some(units)) = fields else {
                let missing = segment.base.saturating_add(unit.saturating_mul(d.size));
                return self.unreadable(missing);
            };
            let rest = UNITS.saturating_sub(unit);
            let units = if units == 0 { rest } else { units };
            let until = at.saturating_add(units << segment.unit_shift);
            let flags = u8::try_from(flags).unwrap_or(0);
            if units > rest || until > segment.end || (flags & d.busy != 0 && flags & d.first == 0) {
                let descriptor = segment.base.saturating_add(unit.saturating_mul(d.size));
                return self.fault(descriptor, FaultKind::BadRange);
            }
            segment.unit = unit.saturating_add(units);
            let taken = until.saturating_sub(at);
            if flags & d.busy == 0 {
                self.range(at, taken, BlockState::Free, (at, taken));
            } else if flags & d.vs.0 == d.vs.1 {
                let subsegment = self.begin_vs_subsegment(segment.form, at, until);
                self.work.push(Work::Pages(segment));
                self.work.extend(subsegment.map(Work::Vs));
                return;
            } else if flags & d.lfh.0 == d.lfh.1 {
                let inner = self.lfh_subsegment(segment.form, at, until);
                let left = taken.saturating_sub(inner);
                self.internal(at, left, Backend::Lfh);
            } else {
                let unused = segment.number(unit, d.unused.0, d.unused.1).unwrap_or(0);
                let bytes = taken.checked_sub(unused);
                let padding = self.padding_of_pages(segment.form, at, bytes.unwrap_or(0));
                match bytes.and_then(|bytes| bytes.checked_sub(padding)) {
                    Some(size) => {
                        let user = at.wrapping_add(padding);
                        self.range(at, taken, BlockState::Busy, (user, size));
                    }
                    None => self.fault(at, FaultKind::BadRange),
                }
            }
        }
        self.work.push(Work::Pages(segment));
    }

    /// A block that is a range of pages.
    fn range(&mut self, start: u64, taken: u64, state: BlockState, (address, size): (u64, u64)) {
        let (heap, backend) = (self.heap.handle, Backend::Pages);
        let block = HeapBlock { address, size, start, taken, heap, backend, state };
        self.push(block);
    }

    /// What the heap has for itself.
    pub(super) fn internal(&mut self, start: u64, taken: u64, backend: Backend) {
        let (heap, state) = (self.heap.handle, BlockState::Internal);
        self.push(HeapBlock { address: start, size: taken, start, taken, heap, backend, state });
    }
}
