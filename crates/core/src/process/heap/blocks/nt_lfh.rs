//! The low-fragmentation heap of NT heaps: a block of the back end that holds a HEAP_USERDATA_HEADER and blocks of one
//! size.

use super::super::FaultKind;
use super::super::nt::NtForm;
use super::nt::{EXTENDED, UNUSED};
use super::{Backend, BlockState, Blocks, HeapBlock};
use crate::process::block::Block;

/// HEAP_USERDATA_HEADER.Signature.
const SIGNATURE: u64 = 0xf0e0_d0c0;
/// `UnusedBytes` of a block of the low-fragmentation heap.
const LFH: u8 = 0x80;
/// Bytes of a HEAP_USERDATA_HEADER that are looked at.
const HEADER: u64 = 0x30;

/// Bytes of blocks that are read together, and how many there are then at most.
const AT_ONCE: u64 = 0x1000;
const MOST_TOGETHER: usize = 0x1000 / 8;

/// Blocks of one size, one behind the other.
struct Run {
    first: u64,
    /// Bytes of a block.
    size: u64,
    count: u64,
    /// Windows 8 and later: a bit for each block.
    bitmap: Option<Vec<u8>>,
}

impl Blocks<'_, '_> {
    /// Gives the blocks that lie in a block of the heap's own, if it holds any; returns the bytes that they take.
    pub(super) fn nt_lfh(&mut self, form: &NtForm, at: u64, taken: u64, unused: u8) -> u64 {
        let granule = self.granule();
        let user = at.wrapping_add(granule);
        let moved = if unused & EXTENDED != 0 { u64::from(unused & UNUSED).wrapping_mul(granule) } else { 0 };
        let end = at.saturating_add(taken);
        for header in [user, user.wrapping_add(moved)].into_iter().take(if moved == 0 { 1 } else { 2 }) {
            if let Some(run) = self.nt_run(form, header, end) {
                let run = match run {
                    Ok(run) => run,
                    Err(fault) => {
                        self.fault(header, fault);
                        return 0;
                    }
                };
                self.nt_run_blocks(&run);
                return run.size.wrapping_mul(run.count);
            }
        }
        0
    }

    /// Reads the header; `None` if there is none.
    fn nt_run(&mut self, form: &NtForm, header: u64, end: u64) -> Option<Result<Run, FaultKind>> {
        let (width, granule) = (self.heap.width, self.granule());
        let signature_at = width.pick(0xc, if form.seven { 0x18 } else { 0x14 });
        let signature = u64::from(self.window.u32(header.wrapping_add(signature_at))?);
        if signature != SIGNATURE || header.checked_add(HEADER)? > end {
            return None;
        }
        let head = Block::read(self.memory, header, HEADER, width).ok()?;
        let owner = head.pointer(0, 0)?;
        let subsegment = match Block::read(self.memory, owner, 0x30, width) {
            Ok(subsegment) => subsegment,
            Err(unreadable) => return Some(Err(FaultKind::Unreadable(unreadable.why))),
        };
        let (size_at, count_at) = if form.seven {
            (width.pick(0x10, 0x18), width.pick(0x14, 0x1c))
        } else {
            (width.pick(0x14, 0x24), width.pick(0x18, 0x28))
        };
        let back = subsegment.pointer(0x4, 0x8);
        let (Some(granules), Some(count)) = (subsegment.number(size_at, 2), subsegment.number(count_at, 2))
        else {
            return Some(Err(FaultKind::BadSubsegment));
        };
        let (first, bitmap) = if form.seven {
            (header.wrapping_add(width.pick(0x10, 0x20)), None)
        } else {
            let bits = head.pointer(0x14, 0x20)?;
            let word = width.bytes() as u64;
            let bytes = bits.div_ceil(word.wrapping_mul(8)).saturating_mul(word);
            if bits < count || bytes > 0x1_0000 {
                return Some(Err(FaultKind::BadSubsegment));
            }
            let behind = width.pick(0x1c, 0x30).saturating_add(bytes).next_multiple_of(granule);
            let Ok(bitmap) = self.memory.bytes(header.wrapping_add(width.pick(0x1c, 0x30)), bytes) else {
                return Some(Err(FaultKind::BadSubsegment));
            };
            (header.wrapping_add(behind), Some(bitmap))
        };
        let size = granules.wrapping_mul(granule);
        let fits = first.checked_add(size.wrapping_mul(count)).is_some_and(|until| until <= end);
        if back != Some(header) || granules == 0 || !fits {
            return Some(Err(FaultKind::BadSubsegment));
        }
        Some(Ok(Run { first, size, count, bitmap }))
    }

    fn nt_run_blocks(&mut self, run: &Run) {
        self.ready.reserve(usize::try_from(run.count).unwrap_or(0));
        let together = AT_ONCE.checked_div(run.size).unwrap_or(1).max(1);
        let mut n = 0;
        while n < run.count {
            let count = together.min(run.count.saturating_sub(n));
            let at = run.first.wrapping_add(n.wrapping_mul(run.size));
            let mut unused = [0; MOST_TOGETHER];
            let Some(unused) = self.unused(at, run.size, count, &mut unused) else {
                return self.unreadable(at);
            };
            for unused in unused {
                self.nt_run_block(run, n, *unused);
                n = n.wrapping_add(1);
            }
        }
    }

    /// `UnusedBytes` of blocks one behind the other: the last byte of their headers.
    fn unused<'u>(
        &mut self,
        at: u64,
        size: u64,
        count: u64,
        into: &'u mut [u8; MOST_TOGETHER],
    ) -> Option<&'u [u8]> {
        let (granule, size) = (usize::try_from(self.granule()).ok()?, usize::try_from(size).ok()?);
        let count = usize::try_from(count).ok()?;
        let into = into.get_mut(..count)?;
        let bytes = self.window.get(at, size.checked_mul(count)?)?;
        for (block, unused) in bytes.chunks_exact(size).zip(into.iter_mut()) {
            *unused = block.get(granule.wrapping_sub(1)).copied()?;
        }
        Some(into)
    }

    #[inline]
    fn nt_run_block(&mut self, run: &Run, n: u64, unused: u8) {
        let at = run.first.wrapping_add(n.wrapping_mul(run.size));
        let granule = self.granule();
        let busy = match &run.bitmap {
            None => unused & LFH != 0 && unused != LFH,
            Some(bits) => super::lfh_bits::bit(bits, n),
        };
        let mut block = HeapBlock {
            address: at.wrapping_add(granule),
            size: run.size.saturating_sub(granule),
            start: at,
            taken: run.size,
            heap: self.heap.handle,
            backend: Backend::Lfh,
            state: BlockState::Free,
        };
        if busy {
            if unused & LFH == 0 || unused == LFH {
                return self.fault(at, FaultKind::BrokenLfhHeader);
            }
            match self.nt_user(at, run.size, unused) {
                Ok((address, size)) => (block.address, block.size) = (address, size),
                Err(Some(what)) => return self.fault(at, what),
                Err(None) => return self.unreadable(at),
            }
            block.state = BlockState::Busy;
        }
        self.push(block);
    }
}
