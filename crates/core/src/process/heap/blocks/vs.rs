//! VS subsegments of segment heaps: chunks one behind the other, their headers XORed with their addresses and HeapKey.

use super::super::FaultKind;
use super::super::segment::SegmentForm;
use super::{BATCH, Backend, BlockState, Blocks, HeapBlock, Work};
use crate::arch::Width;
use crate::process::block::Block;

/// `(Size ^ this) & 7fff` is the low part of `Signature`.
const SIGNATURE: u64 = 0x2bed;
const LOW: u64 = 0x7fff;
/// In the second word of a chunk: how many bytes are unused stands at its end.
const UNUSED: u64 = 0x100;
/// In those bytes: exactly one is unused.
const ONE: u16 = 0x8000;
/// In those bytes: the chunk is an LFH subsegment.
const LFH: u16 = 0x2000;
/// In those bytes: the number.
const NUMBER: u16 = 0x1fff;

/// How far the walk along the chunks of a subsegment is.
#[derive(Debug)]
pub(super) struct VsSubsegment<'h> {
    pub(super) form: &'h SegmentForm,
    at: u64,
    end: u64,
    /// Size of the chunk before, granules; 0 in front of the first.
    previous: u64,
    key: u64,
}

/// The first word of a chunk, decoded. Sizes in granules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) size: u64,
    pub(super) previous: u64,
    /// 0 or 1; more if it is no chunk.
    pub(super) allocated: u64,
}

impl Chunk {
    /// From the word at an address. x86: bits 1-15 size, 16-30 that of the one before, 31 allocated; x64: 16-31, 32-47,
    /// 48-55.
    #[inline]
    pub(super) fn decode(stored: u64, at: u64, key: u64, width: Width) -> Chunk {
        let word = stored ^ at ^ key;
        let bits = |from: u32, count: u32| word >> from & (1u64 << count).wrapping_sub(1);
        match width {
            Width::Bits32 => Chunk { size: bits(1, 15), previous: bits(16, 15), allocated: bits(31, 1) },
            Width::Bits64 => Chunk { size: bits(16, 16), previous: bits(32, 16), allocated: bits(48, 8) },
        }
    }
}

/// Where the chunks of a subsegment lie: Size at 14 / 20, Signature at 16 / 22 (24H2: 24), chunks from 18 / 30 on. `None`
/// if it is none.
pub(super) fn extent(
    form: &SegmentForm,
    header: &Block<'_>,
    start: u64,
    end: u64,
    width: Width,
) -> Option<(u64, u64)> {
    let size = header.number(width.pick(0x14, 0x20), 2)?;
    let signature = header.number(form.layout.vs_signature, 2)?;
    let first = start.checked_add(width.pick(0x18, 0x30))?;
    let behind = first.checked_add(size.wrapping_mul(width.pick(8, 16)))?;
    let is_one = (size ^ SIGNATURE) & LOW == signature & LOW && size > 0 && behind <= end;
    is_one.then_some((first, behind))
}

impl<'h> Blocks<'_, 'h> {
    pub(super) fn begin_vs_subsegment(
        &mut self,
        form: &'h SegmentForm,
        start: u64,
        end: u64,
    ) -> Option<VsSubsegment<'h>> {
        let width = self.heap.width;
        let Ok(header) = Block::read(self.memory, start, 0x30, width) else {
            self.unreadable(start);
            return None;
        };
        let Some((at, behind)) = extent(form, &header, start, end, width) else {
            self.fault(start, FaultKind::BadVsSubsegment);
            return None;
        };
        let Some(key) = form.key else {
            self.fault(start, FaultKind::NoKey);
            return None;
        };
        let headers = at.saturating_sub(start).saturating_add(end.saturating_sub(behind));
        self.internal(start, headers, Backend::Vs);
        Some(VsSubsegment { form, at, end: behind, previous: 0, key })
    }

    pub(super) fn vs_subsegment(&mut self, mut subsegment: VsSubsegment<'h>) {
        while self.ready.len() < BATCH {
            if subsegment.at >= subsegment.end {
                return;
            }
            match self.vs_chunk(&mut subsegment) {
                Ok(()) => {}
                Err(Some(what)) => return self.fault(subsegment.at, what),
                Err(None) => return self.unreadable(subsegment.at),
            }
        }
        self.work.push(Work::Vs(subsegment));
    }

    /// Reads the chunk at `subsegment.at` and goes on behind it; `Err(None)` if it is not there.
    #[inline]
    fn vs_chunk(&mut self, subsegment: &mut VsSubsegment<'h>) -> Result<(), Option<FaultKind>> {
        let (at, granule, width) = (subsegment.at, self.granule(), self.heap.width);
        let (stored, second) = match width {
            Width::Bits32 => {
                let both = self.window.u64(at).ok_or(None)?;
                (both & 0xffff_ffff, both >> 32)
            }
            Width::Bits64 => {
                let second = self.window.u32(at.wrapping_add(8)).ok_or(None)?;
                (self.window.u64(at).ok_or(None)?, second.into())
            }
        };
        let chunk = Chunk::decode(stored, at, subsegment.key, width);
        let taken = chunk.size.wrapping_mul(granule);
        let next = at.saturating_add(taken);
        if taken == 0 || chunk.allocated > 1 || next > subsegment.end {
            return Err(Some(FaultKind::BrokenChunk));
        }
        if chunk.previous != subsegment.previous {
            return Err(Some(FaultKind::BrokenSize));
        }
        let user = at.wrapping_add(granule);
        let room = taken.saturating_sub(granule);
        let mut block = HeapBlock {
            address: user,
            size: room,
            start: at,
            taken,
            heap: self.heap.handle,
            backend: Backend::Vs,
            state: BlockState::Free,
        };
        if chunk.allocated == 1 {
            let tail =
                if second & UNUSED == 0 { 0 } else { self.window.u16(next.wrapping_sub(2)).ok_or(None)? };
            if tail & LFH != 0 && tail & ONE == 0 {
                let inner = self.lfh_subsegment(subsegment.form, user, next);
                self.internal(at, taken.saturating_sub(inner), Backend::Lfh);
                (subsegment.at, subsegment.previous) = (next, chunk.size);
                return Ok(());
            }
            let unused = if tail & ONE != 0 { 1 } else { tail & NUMBER };
            let padding = self.padding(subsegment.form);
            block.address = user.wrapping_add(padding);
            block.size =
                room.checked_sub(padding.saturating_add(unused.into())).ok_or(FaultKind::BrokenChunk)?;
            block.state = BlockState::Busy;
        }
        self.push(block);
        (subsegment.at, subsegment.previous) = (next, chunk.size);
        Ok(())
    }
}
