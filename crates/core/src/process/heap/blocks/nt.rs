//! The back end of NT heaps: entries one behind the other, from `FirstEntry` to `LastValidEntry`, with gaps where pages
//! are not committed.

use super::super::nt::NtForm;
use super::super::nt_entry::Entry;
use super::super::nt_layout::SEGMENT_BYTES;
use super::super::{FaultKind, PAGE, Part};
use super::{BATCH, Backend, BlockState, Blocks, HeapBlock, Work};
use crate::limits;
use crate::process::block::Block;

/// `HEAP_ENTRY.Flags`: in use.
const BUSY: u8 = 0x1;
/// `HEAP_ENTRY.Flags`: the heap's own.
const OWN: u8 = 0x8;
/// `UnusedBytes`: an extended entry precedes the user's bytes (user stack traces).
pub(super) const EXTENDED: u8 = 0x40;
/// `UnusedBytes`: the bits of the number; all set: it stands elsewhere.
pub(super) const UNUSED: u8 = 0x3f;
/// Signature of HEAP_EXTENDED_ENTRY.
const EXTENDED_SIGNATURE: u8 = 5;

/// How far the walk along a segment is.
#[derive(Debug)]
pub(super) struct NtSegment {
    form: NtForm,
    at: u64,
    end: u64,
    /// Ranges that are not committed, in order of address, the last one next: address and bytes.
    gaps: Vec<(u64, u64)>,
    /// Size of the entry before.
    previous: Option<u16>,
}

impl NtSegment {
    /// Where the entries end before the next gap.
    fn limit(&self) -> u64 {
        self.gaps.last().map_or(self.end, |(address, _)| (*address).min(self.end))
    }

    /// Goes on behind the next gap; what lies before it is lost.
    fn resume(mut self) -> Option<NtSegment> {
        (self.at, self.previous) = (self.gaps.last()?.0, None);
        Some(self)
    }
}

impl Blocks<'_, '_> {
    pub(super) fn begin_nt_segment(&mut self, part: &Part, form: &NtForm) {
        let Ok(header) = Block::read(self.memory, part.base, SEGMENT_BYTES, self.heap.width) else {
            return self.unreadable(part.base);
        };
        let (first, last) = (header.pointer(0x24, 0x40), header.pointer(0x28, 0x48));
        let (Some(at), Some(end)) = (first, last) else { return self.unreadable(part.base) };
        let granule = self.granule();
        if at <= part.base || at > end || end > part.end || !at.is_multiple_of(granule) {
            return self.fault(part.base, FaultKind::BadPages);
        }
        let gaps = self.gaps(part, header.long(0x30, 0x54).unwrap_or(0), at, end);
        self.work.push(Work::Nt(NtSegment { form: *form, at, end, gaps, previous: None }));
    }

    /// UCRSegmentList (38 / 60): HEAP_UCR_DESCRIPTORs, linked by SegmentEntry (8 / 10), with Address (10 / 20) and Size
    /// (14 / 28).
    fn gaps(&mut self, part: &Part, count: u32, first: u64, end: u64) -> Vec<(u64, u64)> {
        let width = self.heap.width;
        let head = part.base.wrapping_add(width.pick(0x38, 0x60));
        let mut gaps = Vec::new();
        let Ok(mut at) = self.memory.pointer(head, width) else { return gaps };
        let mut before = head;
        // The count may be damaged, and so may the list: each bounds the other.
        for _ in 0..count.min(limits::HEAP_STEPS) {
            if at == head {
                break;
            }
            let Ok(block) = Block::read(self.memory, at, width.pick(0x10, 0x20), width) else {
                self.unreadable(at);
                break;
            };
            let (address, bytes) = (block.pointer(0x8, 0x10), block.pointer(0xc, 0x18));
            let (Some(next), Some(address), Some(bytes)) = (block.pointer(0, 0), address, bytes) else {
                self.unreadable(at);
                break;
            };
            let inside = address >= first && address.checked_add(bytes).is_some_and(|until| until <= end);
            if block.pointer(0x4, 0x8) != Some(before) || !inside || !address.is_multiple_of(PAGE) {
                self.fault(at, FaultKind::BackLink);
                break;
            }
            // A segment that is committed to its end keeps an empty range there.
            if bytes > 0 {
                gaps.push((address, bytes));
            }
            (before, at) = (at, next);
        }
        gaps.sort_unstable_by(|a, b| b.cmp(a));
        gaps
    }

    pub(super) fn nt_segment(&mut self, mut segment: NtSegment) {
        while self.ready.len() < BATCH {
            if let Some((address, bytes)) = segment.gaps.last().copied().filter(|gap| gap.0 <= segment.at) {
                segment.gaps.pop();
                if address == segment.at {
                    (segment.at, segment.previous) = (address.saturating_add(bytes), None);
                }
                continue;
            }
            if segment.at >= segment.end {
                return;
            }
            match self.nt_entry(&mut segment) {
                Ok(()) => {}
                Err(fault) => {
                    match fault {
                        Some(what) => self.fault(segment.at, what),
                        None => self.unreadable(segment.at),
                    }
                    if let Some(segment) = segment.resume() {
                        self.work.push(Work::Nt(segment));
                    }
                    return;
                }
            }
        }
        self.work.push(Work::Nt(segment));
    }

    /// Reads the entry at `segment.at` and goes on behind it; `Err(None)` if it is not there.
    #[inline]
    fn nt_entry(&mut self, segment: &mut NtSegment) -> Result<(), Option<FaultKind>> {
        let (at, granule) = (segment.at, self.granule());
        let stored = self.window.u64(at.wrapping_add(granule).wrapping_sub(8)).ok_or(None)?;
        let entry = segment.form.encoding.decode(stored).ok_or(FaultKind::BrokenEntry)?;
        let taken = u64::from(entry.size).wrapping_mul(granule);
        if taken == 0 {
            return Err(Some(FaultKind::BrokenEntry));
        }
        let next = at.saturating_add(taken);
        if next > segment.limit() {
            return Err(Some(FaultKind::BrokenEnd));
        }
        if segment.previous.is_some_and(|previous| previous != entry.previous) {
            self.fault(at, FaultKind::BrokenSize);
        }
        self.nt_block(&segment.form, at, taken, entry)?;
        (segment.at, segment.previous) = (next, Some(entry.size));
        Ok(())
    }

    #[inline]
    fn nt_block(
        &mut self,
        form: &NtForm,
        at: u64,
        taken: u64,
        entry: Entry,
    ) -> Result<(), Option<FaultKind>> {
        let granule = self.granule();
        let user = at.wrapping_add(granule);
        let mut block = HeapBlock {
            address: user,
            size: taken.saturating_sub(granule),
            start: at,
            taken,
            heap: self.heap.handle,
            backend: Backend::Nt,
            state: BlockState::Free,
        };
        if entry.flags & BUSY != 0 {
            let extended = entry.unused & EXTENDED != 0;
            block.state = BlockState::Internal;
            if entry.flags & OWN != 0 {
                let inner = self.nt_lfh(form, at, taken, entry.unused);
                block.taken = taken.saturating_sub(inner);
                block.size = block.taken.saturating_sub(granule);
            } else if extended || entry.unused >= 8 {
                let (address, size) = self.nt_user(at, taken, entry.unused)?;
                (block.address, block.size, block.state) = (address, size, BlockState::Busy);
            }
        }
        self.push(block);
        Ok(())
    }

    /// What of a block in use the program has: address and bytes. For the back end and the low-fragmentation heap.
    #[inline]
    pub(super) fn nt_user(
        &mut self,
        at: u64,
        taken: u64,
        unused: u8,
    ) -> Result<(u64, u64), Option<FaultKind>> {
        let granule = self.granule();
        let number = unused & UNUSED;
        let (header, bytes) = if unused & EXTENDED != 0 {
            let offset = u64::from(number).wrapping_mul(granule);
            let extended = at.wrapping_add(offset);
            // UnusedBytesLength at 4 / c, the signature at 7 / f.
            let length = self.window.u16(extended.wrapping_add(granule).wrapping_sub(4)).ok_or(None)?;
            let last = extended.wrapping_add(granule).wrapping_sub(1);
            let signature = self.window.get(last, 1).ok_or(None)?.first().copied();
            if offset == 0 || signature != Some(EXTENDED_SIGNATURE) {
                return Err(Some(FaultKind::BrokenEntry));
            }
            (offset.wrapping_add(granule), u64::from(length))
        } else if number == UNUSED {
            let end = at.wrapping_add(taken);
            let place = if granule == 8 { end.wrapping_sub(4) } else { end };
            (granule, u64::from(self.window.u32(place).ok_or(None)?))
        } else {
            (granule, u64::from(number))
        };
        let size = taken.checked_sub(bytes).ok_or(FaultKind::BrokenEntry)?;
        Ok((at.wrapping_add(header), size))
    }
}
