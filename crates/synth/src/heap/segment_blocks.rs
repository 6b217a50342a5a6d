//! What lies in the page segments of a segment heap: descriptors, a VS subsegment, LFH subsegments, a block of pages.

use super::segment::{PageSegment, SegmentHeap};
use super::segment_offsets::SegmentLayout;
use super::truth::{Backend, BlockTruth};
use crate::arch::Width;
use crate::bytes::{Fields, low32};
use crate::constants::PAGE;
use crate::process::Process;

/// Pages of the VS subsegment, of the LFH subsegment, of the block of pages.
const RANGES: [u64; 3] = [4, 1, 3];
/// Bytes of the LFH blocks.
const LFH_BLOCK: u64 = 64;
/// Bytes that are asked for of the blocks of an LFH subsegment: free, or freed a while ago (24H2).
const LFH_BLOCKS: [Lfh; 6] =
    [Lfh::Busy(40), Lfh::Free, Lfh::Busy(33), Lfh::Busy(64), Lfh::Delayed, Lfh::Busy(63)];
/// What the page range was asked for.
const PAGES_ASKED: u64 = 2 * PAGE + 0x123;

#[derive(Clone, Copy)]
enum Lfh {
    Busy(u64),
    Free,
    /// Its busy bit is still set.
    Delayed,
}

/// Chunks of the VS subsegment: what was asked for, or a free one of so many bytes.
#[derive(Clone, Copy)]
enum Chunk {
    Busy(u64),
    Free(u64),
    Lfh(u64),
}

const CHUNKS: [Chunk; 8] = [
    Chunk::Busy(100),
    Chunk::Free(0x80),
    Chunk::Busy(0x200),
    Chunk::Lfh(0x400),
    Chunk::Busy(0x12F),
    Chunk::Free(0x40),
    Chunk::Busy(3000),
    Chunk::Busy(17),
];

impl SegmentHeap {
    /// Bytes of a granule: a chunk's header, and the padding.
    fn granule(&self) -> u64 {
        2 * self.width().bytes() as u64
    }

    fn padding(&self) -> u64 {
        if self.padded { self.granule() } else { 0 }
    }

    /// Whether a padding says itself how large it is.
    fn records_padding(&self) -> bool {
        use SegmentLayout::{Build1803, Build1803X86, Build2004, Build2004X86};
        matches!(self.layout, Build1803 | Build1803X86 | Build2004 | Build2004X86)
    }

    /// What an NT heap would have given memory of its own has more of it, where it is recorded.
    pub(super) fn padding_of_large(&self, user_size: u64) -> u64 {
        let large = if self.width() == Width::W32 { 0x7_F000 } else { 0xF_F000 };
        let more = self.padded && self.records_padding() && user_size >= large;
        if more { 2 * self.granule() * 2 } else { self.padding() }
    }

    /// Where it is not recorded, a large block has it at its end.
    pub(super) fn front_of_large(&self, user_size: u64) -> u64 {
        if self.records_padding() { self.padding_of_large(user_size) } else { 0 }
    }

    /// Writes how large a padding is.
    pub(super) fn put_padding(&self, process: &mut Process, at: u64, size: u64) {
        if self.records_padding() && size > 0 {
            process.put(at, &size.to_le_bytes()[..self.width().bytes()]);
        }
    }

    /// Whether there is room for blocks in a segment.
    fn has_blocks(segment: &PageSegment) -> bool {
        segment.context == 0 && segment.committed.first().is_some_and(|range| range.end >= 12)
    }

    /// Units that the descriptors take.
    fn first_unit(&self, context: usize) -> u64 {
        if context == 0 && self.width() == Width::W64 { 2 } else { 1 }
    }

    /// The blocks of every segment, and the large ones.
    pub(super) fn blocks(&self) -> Vec<BlockTruth> {
        let mut nothing = Process::default();
        let segments = self.segments.iter();
        let mut blocks: Vec<_> = segments.flat_map(|segment| self.put_units(&mut nothing, segment)).collect();
        blocks.extend(self.large.iter().map(|block| BlockTruth {
            address: block.block + self.front_of_large(block.user_size),
            size: block.user_size,
            backend: Backend::Large,
        }));
        blocks
    }

    /// Writes the descriptors of a segment, and what they describe.
    pub(super) fn put_units(&self, process: &mut Process, segment: &PageSegment) -> Vec<BlockTruth> {
        let mut unit = self.first_unit(segment.context);
        let mut blocks = Vec::new();
        if Self::has_blocks(segment) {
            let at = |unit: u64| segment.base + unit * PAGE;
            let [vs, lfh, pages] = RANGES;
            self.put_range(process, segment, unit, vs, Range::Vs);
            blocks.extend(self.put_vs(process, at(unit), vs * PAGE));
            unit += vs;
            self.put_range(process, segment, unit, lfh, Range::Lfh);
            blocks.extend(self.put_lfh(process, at(unit)));
            unit += lfh;
            let unused = pages * PAGE - PAGES_ASKED - self.padding();
            self.put_range(process, segment, unit, pages, Range::Block(low32(unused)));
            self.put_padding(process, at(unit), self.padding());
            let (address, size) = (at(unit) + self.padding(), PAGES_ASKED);
            process.put(address, b"block of pages");
            blocks.push(BlockTruth { address, size, backend: Backend::Pages });
            unit += pages;
        }
        self.put_range(process, segment, unit, 256 - unit, Range::Free);
        blocks
    }

    fn put_range(&self, process: &mut Process, segment: &PageSegment, unit: u64, units: u64, kind: Range) {
        use SegmentLayout::{Build1607, Build1703, Build1709, Build10240};
        let (size, flags_at, units_at, early) = match self.layout {
            Build10240 | Build1607 | Build1703 => (0x20, 0x18, 0x1B, true),
            _ if self.width() == Width::W32 => (0x10, 0xC, 0xF, false),
            _ => (0x20, 0x18, 0x1F, false),
        };
        let (busy, first) = if early { (4, 8) } else { (1, 2) };
        let kind_flags = match (kind, self.layout) {
            (Range::Free | Range::Block(_), _) => 0,
            (Range::Vs, _) if early => 0x20,
            (Range::Lfh, _) if early => 0x1,
            (Range::Vs, Build1709) => 0x8,
            (Range::Lfh, Build1709) => 0x4,
            (Range::Vs, _) => 0xC,
            (Range::Lfh, _) => 0x8,
        };
        for number in 0..units {
            let mut d = Fields::flat(size);
            let used = if matches!(kind, Range::Free) { 0 } else { busy };
            let begins = if number == 0 { first } else { 0 };
            d.u8(flags_at, kind_flags | used | begins);
            if number == 0 {
                d.u8(units_at, u8::try_from(units & 0xFF).expect("one byte"));
                match kind {
                    Range::Block(unused) if early => d.u16(6, u16::try_from(unused).expect("below a page")),
                    Range::Block(unused) => d.u32(4, unused),
                    _ => {}
                }
            }
            // The first descriptors describe nothing; the segment's header lies there.
            process.put(segment.base + (unit + number) * size as u64, &d.bytes);
        }
    }

    /// A VS subsegment; its last chunk is free.
    fn put_vs(&self, process: &mut Process, start: u64, bytes: u64) -> Vec<BlockTruth> {
        let (granule, narrow) = (self.granule(), self.width() == Width::W32);
        let (header, size_at) = if narrow { (0x18, 0x14) } else { (0x30, 0x20) };
        let signature_at = match self.layout {
            SegmentLayout::Win11Build24H2 => 0x24,
            _ => size_at + 2,
        };
        let granules = (bytes - header) / granule;
        let short = |number: u64| u16::try_from(number).expect("16 bits");
        let mut h = Fields::sized(self.width(), 0x30);
        h.u16(size_at, short(granules));
        h.u16(signature_at, short((granules ^ 0x2BED) & 0x7FFF | 0x8000));
        process.put(start, &h.bytes[..usize::try_from(header).expect("small")]);
        let (mut at, mut previous, mut blocks) = (start + header, 0, Vec::new());
        let end = start + header + granules * granule;
        for chunk in CHUNKS {
            let wanted = match chunk {
                Chunk::Busy(asked) => asked + self.padding() + granule,
                Chunk::Free(size) | Chunk::Lfh(size) => size + granule,
            };
            // Of the smallest chunks the unused bytes have to fit behind what was asked for.
            let size = wanted.next_multiple_of(granule);
            let (unused, user) = (size - wanted, at + granule);
            let recorded = unused > 0 || matches!(chunk, Chunk::Lfh(_));
            self.put_chunk(process, at, size / granule, previous, !matches!(chunk, Chunk::Free(_)), recorded);
            match chunk {
                Chunk::Busy(asked) => {
                    self.put_padding(process, user, self.padding());
                    process.put(user + self.padding(), b"busy chunk");
                    let (address, backend) = (user + self.padding(), Backend::Vs);
                    blocks.push(BlockTruth { address, size: asked, backend });
                }
                Chunk::Free(_) => {}
                Chunk::Lfh(_) => blocks.extend(self.put_lfh(process, user)),
            }
            if recorded {
                let tail = if unused == 1 { 0x8000 } else { short(unused) };
                let tail = if matches!(chunk, Chunk::Lfh(_)) { tail | 0x2000 } else { tail };
                process.put(at + size - 2, &tail.to_le_bytes());
            }
            (at, previous) = (at + size, size / granule);
        }
        self.put_chunk(process, at, (end - at) / granule, previous, false, false);
        blocks
    }

    fn put_chunk(
        &self,
        process: &mut Process,
        at: u64,
        size: u64,
        previous: u64,
        busy: bool,
        recorded: bool,
    ) {
        let mut h = Fields::sized(self.width(), 2 * self.width().bytes());
        let word = if self.width() == Width::W32 {
            size << 1 | previous << 16 | u64::from(busy) << 31
        } else {
            size << 16 | previous << 32 | u64::from(busy) << 48
        };
        h.word(0, word ^ at ^ self.key);
        // A free chunk is a node of a tree; an allocated one says how far it is from its subsegment.
        let second = if busy { 0x5A | u32::from(recorded) << 8 } else { low32(at + 0x1230) };
        h.u32(self.width().bytes(), second);
        process.put(at, &h.bytes);
    }

    /// An LFH subsegment; its blocks are all of 64 bytes.
    fn put_lfh(&self, process: &mut Process, start: u64) -> Vec<BlockTruth> {
        let later = self.layout == SegmentLayout::Win11Build24H2;
        let narrow = self.width() == Width::W32;
        let count = u16::try_from(LFH_BLOCKS.len()).expect("a few");
        let mut h = Fields::sized(self.width(), 0x48);
        let states_at: u64 = if later { 0x48 } else { 0x40 };
        let units = 1u8;
        let bit = |kept: fn(&Lfh) -> bool| {
            (0..)
                .zip(&LFH_BLOCKS)
                .filter(|(_, block)| kept(block))
                .map(|(n, _): (u32, _)| n)
                .collect::<Vec<_>>()
        };
        let busy = bit(|block| !matches!(block, Lfh::Free));
        let now = bit(|block| matches!(block, Lfh::Busy(_)));
        let first = if later {
            start + (states_at + 2 * u64::from(units)).next_multiple_of(LFH_BLOCK)
        } else {
            start + (states_at + 2 * u64::from(units)).next_multiple_of(self.granule())
        };
        let recorded: Vec<u32> = now
            .iter()
            .copied()
            .filter(|&n| self.unused(LFH_BLOCKS[n as usize]).is_some_and(|n| n > 0))
            .collect();
        let offsets = low32(start) >> 12 ^ low32(self.key) ^ (low32(LFH_BLOCK) | low32(first - start) << 16);
        if later {
            let delayed = LFH_BLOCKS.iter().position(|block| matches!(block, Lfh::Delayed)).expect("one");
            h.u16(0x10, u16::try_from(delayed + 1).expect("a few"));
            h.u16(0x12, 1);
            h.u8(0x18, u8::try_from(states_at / 8).expect("a few"));
            h.u16(0x22, count);
            h.u8(0x27, units);
            h.u32(0x28, offsets);
            h.u16(0x2C, 5);
            let map: u64 = busy.iter().map(|n| 1 << n).chain(recorded.iter().map(|n| 1 << (n + 32))).sum();
            h.u64(0x40, map);
            // Bucket 4 of the heap's LfhContext: its number less one, twice, and one.
            process.put(self.address + 0x340 + 5 * 0x40, &[3 * 2 + 1]);
        } else {
            let [owner_at, count_at, offsets_at, units_at, states, bits_at] = if narrow {
                [0x8, 0x12, 0x18, 0x1D, 0x1E, 0x20]
            } else {
                [0x10, 0x22, 0x28, 0x2D, 0x2E, 0x30]
            };
            let bucket = self.address + 0x900;
            process.put(bucket, &[1, if narrow { 8 } else { 4 }]);
            h.word(owner_at, bucket);
            h.u16(count_at, count);
            h.u32(offsets_at, offsets);
            h.u8(units_at, units);
            h.u16(states, u16::try_from(states_at).expect("small"));
            // Only 24H2 has blocks that are freed later.
            let map: u64 =
                now.iter().map(|n| 1 << (2 * n)).chain(recorded.iter().map(|n| 2 << (2 * n))).sum();
            h.u64(bits_at, map);
        }
        process.put(start, &h.bytes[..usize::try_from(states_at).expect("small")]);
        (0..)
            .zip(LFH_BLOCKS)
            .filter_map(|(n, block)| self.put_lfh_block(process, first + n * LFH_BLOCK, block))
            .collect()
    }

    /// Bytes of an LFH block behind what was asked for.
    fn unused(&self, block: Lfh) -> Option<u64> {
        match block {
            Lfh::Busy(asked) => Some(LFH_BLOCK - self.asked(asked) - self.padding()),
            Lfh::Free | Lfh::Delayed => None,
        }
    }

    /// As much as fits behind the padding.
    fn asked(&self, asked: u64) -> u64 {
        asked.min(LFH_BLOCK - self.padding())
    }

    fn put_lfh_block(&self, process: &mut Process, at: u64, block: Lfh) -> Option<BlockTruth> {
        let unused = self.unused(block)?;
        let Lfh::Busy(asked) = block else { return None };
        let (address, size) = (at + self.padding(), self.asked(asked));
        self.put_padding(process, at, self.padding());
        process.put(address, b"lfh");
        if unused > 0 {
            let tail = if unused == 1 { 0x8000 } else { u16::try_from(unused).expect("below a block") };
            process.put(at + LFH_BLOCK - 2, &tail.to_le_bytes());
        }
        Some(BlockTruth { address, size, backend: Backend::Lfh })
    }
}

/// What a range of units holds.
#[derive(Clone, Copy)]
enum Range {
    Free,
    /// With so many bytes that were not asked for.
    Block(u32),
    Vs,
    Lfh,
}
