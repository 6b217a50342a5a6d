//! LFH subsegments of segment heaps: blocks of one size, with a map of those in use.

use super::super::FaultKind;
use super::super::segment::SegmentForm;
use super::super::segment_layout::Lfh;
use super::lfh_bits::bit;
use super::{Backend, BlockState, Blocks, HeapBlock};
use crate::arch::Width;
use crate::process::block::Block;

/// In a block's last two bytes: exactly one byte is unused.
const ONE: u16 = 0x8000;
/// In these bytes: the number.
const NUMBER: u16 = 0x3fff;
/// Bytes of a HEAP_LFH_BUCKET of 24H2.
const BUCKET: u64 = 0x40;

/// A subsegment.
struct Subsegment {
    /// The first block.
    first: u64,
    /// Bytes of a block.
    size: u64,
    count: u64,
    map: Map,
}

/// Which blocks are in use, and which record their unused bytes.
enum Map {
    /// Two bits for each block.
    Pairs(Vec<u8>),
    /// A word of 64 bits for 32 blocks: the low half for the one, the high half for the other; and the blocks whose
    /// freeing is delayed, in order.
    Halves(Vec<u8>, Vec<u64>),
}

impl Map {
    #[inline]
    fn is_busy(&self, n: u64) -> bool {
        match self {
            Map::Pairs(bits) => bit(bits, n.wrapping_mul(2)),
            Map::Halves(bits, delayed) => {
                bit(bits, (n / 32).wrapping_mul(64).wrapping_add(n % 32))
                    && (delayed.is_empty() || delayed.binary_search(&n).is_err())
            }
        }
    }

    #[inline]
    fn has_unused(&self, n: u64) -> bool {
        match self {
            Map::Pairs(bits) => bit(bits, n.wrapping_mul(2).wrapping_add(1)),
            Map::Halves(bits, _) => {
                bit(bits, (n / 32).wrapping_mul(64).wrapping_add(32).wrapping_add(n % 32))
            }
        }
    }
}

/// Bytes of the blocks of a bucket: in steps of a granule, then 16 steps between powers of two.
pub(super) fn bucket_size(bucket: u64, width: Width) -> Option<u64> {
    let (linear, granule, above, step) = match width {
        Width::Bits32 => (32, 8, 0x100u64, 0x10u64),
        Width::Bits64 => (64, 16, 0x400, 0x40),
    };
    if bucket <= linear {
        return (bucket > 0).then_some(bucket.wrapping_mul(granule));
    }
    let i = bucket.wrapping_sub(linear).wrapping_sub(1);
    let shift = u32::try_from(i / 16).ok().filter(|shift| *shift < 8)?;
    Some((above << shift).wrapping_add((i % 16).wrapping_add(1).wrapping_mul(step << shift)))
}

impl Blocks<'_, '_> {
    /// Gives the blocks of a subsegment; returns the bytes that they take.
    pub(super) fn lfh_subsegment(&mut self, form: &SegmentForm, start: u64, end: u64) -> u64 {
        let read = match form.layout.lfh {
            Lfh::Owner => self.by_owner(start, end),
            Lfh::BucketRef { context } => self.by_bucket(start, end, self.heap.handle.wrapping_add(context)),
        };
        match read {
            Ok(Some(subsegment)) => {
                self.lfh_blocks(form, &subsegment);
                subsegment.size.wrapping_mul(subsegment.count)
            }
            Ok(None) => 0,
            Err(fault) => {
                self.fault(start, fault);
                0
            }
        }
    }

    /// Up to Windows 11 23H2: Owner 8 / 10, BlockCount 12 / 22, CommitUnitCount 1d / 2d, CommitStateOffset 1e / 2e, the
    /// map from 20 / 30 on. `None` for one that is kept empty.
    fn by_owner(&mut self, start: u64, end: u64) -> Result<Option<Subsegment>, FaultKind> {
        let width = self.heap.width;
        let header = self.header(start, 0x30)?;
        let owner = header.pointer(0x8, 0x10).ok_or(FaultKind::BadSubsegment)?;
        if owner == 0 {
            return Ok(None);
        }
        let field =
            |x86, x64, bytes| header.number(width.pick(x86, x64), bytes).ok_or(FaultKind::BadSubsegment);
        let (count, units) = (field(0x12, 0x22, 2)?, field(0x1d, 0x2d, 1)?);
        let states = field(0x1e, 0x2e, 2)?;
        let size = self.bucket(owner).and_then(|bucket| bucket_size(bucket, width));
        let size = size.ok_or(FaultKind::BadSubsegment)?;
        let granule = self.granule();
        let offset = states.wrapping_add(units.wrapping_mul(2)).next_multiple_of(granule);
        let bits_at = width.pick(0x20, 0x30);
        let map = self.map((start, end), (bits_at, count.div_ceil(4)), offset, size.wrapping_mul(count))?;
        let first = start.wrapping_add(offset);
        Ok(Some(Subsegment { first, size, count, map: Map::Pairs(map) }))
    }

    /// 24H2: DelayFreeList 10, DelayFreeCount 12, CommitStateOffset 18 (in units of 8 bytes), BlockCount 22,
    /// CommitUnitCount 27, BucketRef 2c, the map from 40 on.
    fn by_bucket(&mut self, start: u64, end: u64, context: u64) -> Result<Option<Subsegment>, FaultKind> {
        let header = self.header(start, 0x40)?;
        let field = |at, bytes| header.number(at, bytes).ok_or(FaultKind::BadSubsegment);
        let (states, count) = (field(0x18, 1)?.wrapping_mul(8), field(0x22, 2)?);
        let (units, bucket) = (field(0x27, 1)?, field(0x2c, 2)?);
        let (delayed, delayed_count) = (field(0x10, 2)?, field(0x12, 2)?);
        if field(0x33, 1)? & 1 == 1 {
            return Err(FaultKind::BadSubsegment); // PrivateFormat, which is not known
        }
        let at = context.wrapping_add(bucket.wrapping_mul(BUCKET));
        let index = self.memory.bytes(at, 1).ok().and_then(|byte| byte.first().copied());
        // The first byte is the bucket's number twice, and one.
        let bucket = index.filter(|index| index & 1 == 1).map(|index| u64::from(index >> 1).wrapping_add(1));
        let size =
            bucket.and_then(|bucket| bucket_size(bucket, Width::Bits64)).ok_or(FaultKind::BadSubsegment)?;
        let align = if size.is_power_of_two() { size } else { 16 };
        let offset = states.wrapping_add(units.wrapping_mul(2)).next_multiple_of(align);
        let bytes = count.div_ceil(32).wrapping_mul(8);
        let map = self.map((start, end), (0x40, bytes), offset, size.wrapping_mul(count))?;
        let first = start.wrapping_add(offset);
        let mut subsegment = Subsegment { first, size, count, map: Map::Halves(map, Vec::new()) };
        let list = self.delayed(&subsegment, delayed, delayed_count)?;
        if let Map::Halves(_, delayed) = &mut subsegment.map {
            *delayed = list;
        }
        Ok(Some(subsegment))
    }

    fn header(&self, start: u64, bytes: u64) -> Result<Block<'_>, FaultKind> {
        Block::read(self.memory, start, bytes, self.heap.width)
            .map_err(|unreadable| FaultKind::Unreadable(unreadable.why))
    }

    /// The number of an owner's bucket: its second byte.
    fn bucket(&self, owner: u64) -> Option<u64> {
        self.memory.bytes(owner.wrapping_add(1), 1).ok()?.first().map(|byte| u64::from(*byte))
    }

    /// The map, if it and the blocks fit into the subsegment.
    fn map(
        &mut self,
        (start, end): (u64, u64),
        (at, bytes): (u64, u64),
        offset: u64,
        blocks: u64,
    ) -> Result<Vec<u8>, FaultKind> {
        let room = end.saturating_sub(start);
        let fits =
            at.saturating_add(bytes) <= offset && offset.checked_add(blocks).is_some_and(|n| n <= room);
        if !fits {
            return Err(FaultKind::BadSubsegment);
        }
        let at = start.wrapping_add(at);
        self.memory.bytes(at, bytes).map_err(|unreadable| FaultKind::Unreadable(unreadable.why))
    }

    /// The blocks whose freeing is delayed: a chain of u16 in their first bytes, each the number of the next block and
    /// one, 0 at its end.
    fn delayed(&self, subsegment: &Subsegment, first: u64, count: u64) -> Result<Vec<u64>, FaultKind> {
        let (mut next, mut list) = (first, Vec::new());
        while next != 0 {
            let n = next.wrapping_sub(1);
            if n >= subsegment.count || list.len() as u64 >= count {
                return Err(FaultKind::BadSubsegment);
            }
            list.push(n);
            let at = subsegment.first.wrapping_add(n.wrapping_mul(subsegment.size));
            let word = self.memory.u16(at).map_err(|unreadable| FaultKind::Unreadable(unreadable.why))?;
            next = word.into();
        }
        list.sort_unstable();
        Ok(list)
    }

    fn lfh_blocks(&mut self, form: &SegmentForm, subsegment: &Subsegment) {
        let padding = self.padding(form);
        let (heap, size) = (self.heap.handle, subsegment.size);
        self.ready.reserve(usize::try_from(subsegment.count).unwrap_or(0));
        for n in 0..subsegment.count {
            let start = subsegment.first.wrapping_add(n.wrapping_mul(size));
            let (backend, state) = (Backend::Lfh, BlockState::Free);
            let mut block = HeapBlock { address: start, size, start, taken: size, heap, backend, state };
            if subsegment.map.is_busy(n) {
                let unused = if subsegment.map.has_unused(n) {
                    let Some(tail) = self.window.u16(start.wrapping_add(size).wrapping_sub(2)) else {
                        self.unreadable(start);
                        continue;
                    };
                    u64::from(if tail & ONE != 0 { 1 } else { tail & NUMBER })
                } else {
                    0
                };
                let Some(asked) = size.checked_sub(unused.saturating_add(padding)) else {
                    self.fault(start, FaultKind::BrokenLfhHeader);
                    continue;
                };
                block.address = start.wrapping_add(padding);
                (block.size, block.state) = (asked, BlockState::Busy);
            }
            self.push(block);
        }
    }
}
