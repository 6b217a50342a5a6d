//! The low-fragmentation heap of an NT heap: a block with blocks of one size in it.

use super::entry;
use super::nt::NtHeap;
use super::truth::{Backend, BlockTruth};
use crate::arch::Width;
use crate::bytes::Fields;
use crate::process::Process;

/// Granules of its blocks, and what was asked for of each; `None` is a free one.
const SIZE: u16 = 6;
const BLOCKS: [Option<u64>; 5] = [Some(20), None, Some(40), Some(33), None];
/// Bytes of the block that holds it, its header among them.
pub(super) const BYTES: u64 = 0x400;
/// Bytes of the block that holds its HEAP_SUBSEGMENT.
pub(super) const OWNER_BYTES: u64 = 0x80;

impl NtHeap {
    /// Writes HEAP_SUBSEGMENT at `owner`, HEAP_USERDATA_HEADER at `user` and the blocks.
    pub(super) fn put_lfh(&self, process: &mut Process, owner: u64, user: u64) -> Vec<BlockTruth> {
        let (narrow, seven) = (self.layout.width() == Width::W32, self.layout.is_seven());
        let (granule, word) = (entry::granule(self.layout.width()), self.layout.width().bytes());
        let [size_at, count_at] = match (seven, narrow) {
            (true, true) => [0x10, 0x14],
            (true, false) => [0x18, 0x1C],
            (false, true) => [0x14, 0x18],
            (false, false) => [0x24, 0x28],
        };
        let mut s = Fields::sized(self.layout.width(), 0x38);
        s.word(word, user);
        s.u16(size_at, SIZE);
        s.u16(count_at, u16::try_from(BLOCKS.len()).expect("a few"));
        process.put(owner, &s.bytes);

        let signature_at = match (seven, narrow) {
            (_, true) => 0xC,
            (true, false) => 0x18,
            (false, false) => 0x14,
        };
        let mut h = Fields::sized(self.layout.width(), if narrow { 0x28 } else { 0x40 });
        h.word(0, owner);
        h.u32(signature_at, 0xF0E0_D0C0);
        let first = if seven {
            if narrow { 0x10 } else { 0x20 }
        } else {
            let busy: u64 =
                (0..).zip(BLOCKS).filter(|(_, asked)| asked.is_some()).map(|(n, _): (u64, _)| 1 << n).sum();
            let [bits_at, buffer_at, map_at] = if narrow { [0x14, 0x18, 0x1C] } else { [0x20, 0x28, 0x30] };
            h.word(bits_at, BLOCKS.len() as u64);
            h.word(buffer_at, user + map_at as u64);
            h.word(map_at, busy);
            (map_at + word).next_multiple_of(granule)
        };
        process.put(user, &h.bytes[..first.max(0x10)]);
        let size = u64::from(SIZE) * granule as u64;
        let at = |n: u64| user + first as u64 + n * size;
        (0..).zip(BLOCKS).filter_map(|(n, asked)| self.put_lfh_block(process, at(n), size, asked)).collect()
    }

    fn put_lfh_block(
        &self,
        process: &mut Process,
        at: u64,
        size: u64,
        asked: Option<u64>,
    ) -> Option<BlockTruth> {
        let granule = entry::granule(self.layout.width()) as u64;
        let Some(asked) = asked else {
            process.put(at + granule - 1, &[0x80]);
            return None;
        };
        // Of a 32-bit block less fits.
        let asked = asked.min(size - granule - if self.stack_traces { 2 * granule } else { 0 });
        let unused = size - asked;
        let user = self.put_unused(process, at, size, unused, 0x80);
        process.put(user, b"lfh");
        Some(BlockTruth { address: user, size: asked, backend: Backend::Lfh })
    }

    /// Writes UnusedBytes of a block of the LFH, and what belongs to it; returns where the program's bytes begin.
    fn put_unused(&self, process: &mut Process, at: u64, size: u64, unused: u64, flag: u8) -> u64 {
        let byte = self.put_tail(process, at, size, unused);
        let granule = entry::granule(self.layout.width()) as u64;
        process.put(at + granule - 1, &[byte | flag]);
        at + granule + if self.stack_traces { 2 * granule } else { 0 }
    }

    /// UnusedBytes of an entry. What does not fit there stands in an extended entry, behind the block, or at its end.
    pub(super) fn put_tail(&self, process: &mut Process, at: u64, size: u64, unused: u64) -> u8 {
        let granule = entry::granule(self.layout.width()) as u64;
        if self.stack_traces {
            let extended = at + 2 * granule;
            let mut e = Fields::flat(8);
            e.u16(4, u16::try_from(unused).expect("16 bits"));
            e.u8(6, 2);
            e.u8(7, 5);
            process.put(extended + granule - 8, &e.bytes);
            return 0x42;
        }
        if unused < 0x3F {
            return u8::try_from(unused).expect("below 0x3f");
        }
        let place = if granule == 8 { at + size - 4 } else { at + size };
        process.put(place, &u32::try_from(unused).expect("32 bits").to_le_bytes());
        0x3F
    }
}
