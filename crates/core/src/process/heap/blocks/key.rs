//! HeapKey of a process: from the signatures of page segments, or from chunks.

use std::collections::HashMap;

use super::super::segment::SegmentForm;
use super::super::segment_layout::Key;
use super::super::{Form, Heap, Part, PartKind};
use super::vs::{self, Chunk};
use crate::arch::Width;
use crate::memory::Memory;
use crate::process::block::{Block, little_endian};

/// In the signature of a page segment.
const CONSTANT: u64 = 0xa2e6_4ead_a2e6_4ead;
/// Subsegments that are looked at.
const SUBSEGMENTS: usize = 64;
/// Chunks of each that are looked at.
const CHUNKS: usize = 256;
/// Segments whose signatures are looked at.
const SEGMENTS: usize = 1024;

/// Looks for the key; `None` if nothing confirms one: the chunks, or, where these are damaged, that several segments
/// have the same. A process without chunks needs none.
pub(super) fn find(memory: Memory<'_>, heaps: &[Heap], width: Width) -> Option<u64> {
    let segments: Vec<Segment<'_>> = segments(heaps, width).take(SEGMENTS).collect();
    let chains = chains(memory, &segments, width);
    if chains.is_empty() {
        return None;
    }
    let signed = signed(memory, &segments, width);
    let confirmed = signed.iter().find(|(_, key)| confirmed(&chains, *key, width));
    let agreed = || signed.first().filter(|(votes, _)| *votes > 1);
    confirmed
        .map(|(_, key)| *key)
        .or_else(|| from_chunks(&chains, width))
        .or_else(|| agreed().map(|(_, key)| *key))
}

/// A page segment of a heap.
#[derive(Clone, Copy)]
struct Segment<'h> {
    heap: &'h Heap,
    form: &'h SegmentForm,
    part: &'h Part,
}

fn segments(heaps: &[Heap], width: Width) -> impl Iterator<Item = Segment<'_>> {
    heaps.iter().filter(move |heap| heap.width == width).flat_map(|heap| {
        let parts = heap.parts.iter().filter(|part| part.kind == PartKind::Segment && part.by != heap.handle);
        parts.filter_map(move |part| match &heap.form {
            Form::Segment(form) => Some(Segment { heap, form, part }),
            _ => None,
        })
    })
}

/// The keys that signatures give, and how many each, the commonest first.
fn signed(memory: Memory<'_>, segments: &[Segment<'_>], width: Width) -> Vec<(usize, u64)> {
    let mut votes: HashMap<u64, usize> = HashMap::new();
    let mask = width.pick(0xffff_ffff, u64::MAX);
    for Segment { heap, form, part } in segments {
        let Some(context) = form.contexts.get(part.context) else { continue };
        let at = part.base.wrapping_add(width.pick(0x8, 0x10));
        let Ok(signature) = memory.pointer(at, width) else { continue };
        let key = match form.layout.key {
            Key::Chunks => continue,
            Key::Shifted => signature ^ part.base >> 20 ^ heap.handle ^ CONSTANT,
            Key::Context { constant: true } => signature ^ part.base ^ context.address ^ CONSTANT,
            Key::Context { constant: false } => signature ^ part.base ^ context.address,
        };
        let count = votes.entry(key & mask).or_default();
        *count = count.saturating_add(1);
    }
    let mut keys: Vec<(usize, u64)> = votes.into_iter().map(|(key, count)| (count, key)).collect();
    keys.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
    keys.truncate(8);
    keys
}

/// The first chunks of a VS subsegment, as they are stored.
struct Chain {
    first: u64,
    end: u64,
    /// Bytes from `first` on.
    bytes: Vec<u8>,
}

impl Chain {
    fn word(&self, at: u64, bytes: usize) -> Option<u64> {
        let from = usize::try_from(at.checked_sub(self.first)?).ok()?;
        let field = self.bytes.get(from..from.checked_add(bytes)?)?;
        Some(little_endian(field))
    }

    /// Follows the chunks as far as they are sound; how many are, and how many of them show that free and allocated are
    /// mixed up.
    fn follow(&self, key: u64, width: Width) -> (usize, usize) {
        let (mut at, mut previous, mut was_free) = (self.first, 0, false);
        let (mut sound, mut odd) = (0usize, 0usize);
        while at < self.end && sound < CHUNKS {
            let Some(stored) = self.word(at, width.bytes()) else { break };
            let chunk = Chunk::decode(stored, at, key, width);
            let next = at.saturating_add(chunk.size.wrapping_mul(width.pick(8, 16)));
            if chunk.size == 0 || chunk.allocated > 1 || next > self.end || chunk.previous != previous {
                break;
            }
            let free = chunk.allocated == 0;
            // Free neighbours are joined; what is behind the two flags in the second word of an allocated chunk is zero.
            let second = self.word(at.wrapping_add(width.bytes() as u64), 4).unwrap_or(0);
            odd = odd.saturating_add(usize::from(free && was_free || !free && second >> 10 != 0));
            (at, previous, was_free) = (next, chunk.size, free);
            sound = sound.saturating_add(1);
        }
        (sound, odd)
    }
}

/// The first chunks of some VS subsegments.
fn chains(memory: Memory<'_>, segments: &[Segment<'_>], width: Width) -> Vec<Chain> {
    let mut all = Vec::new();
    for segment in segments {
        let d = segment.form.layout.descriptor;
        let Some(context) = segment.form.contexts.get(segment.part.context) else { continue };
        let bytes =
            memory.bytes(segment.part.base, memory.available(segment.part.base, d.size.wrapping_mul(256)));
        let Ok(descriptors) = bytes else { continue };
        for unit in u64::from(context.first_unit)..256 {
            let byte = |at: u64| {
                let at = usize::try_from(unit.wrapping_mul(d.size).wrapping_add(at)).ok();
                at.and_then(|at| descriptors.get(at).copied()).unwrap_or(0)
            };
            let flags = byte(d.flags);
            if flags & d.busy == 0
                || flags & d.first == 0
                || flags & d.vs.0 != d.vs.1
                || context.unit_shift > 24
            {
                continue;
            }
            let start = segment.part.base.saturating_add(unit << context.unit_shift);
            let end =
                start.saturating_add(u64::from(byte(d.units)) << context.unit_shift).min(segment.part.end);
            all.extend(chain(memory, segment.form, start, end, width));
            if all.len() >= SUBSEGMENTS {
                return all;
            }
        }
    }
    all
}

fn chain(memory: Memory<'_>, form: &SegmentForm, start: u64, end: u64, width: Width) -> Option<Chain> {
    let header = Block::read(memory, start, 0x30, width).ok()?;
    let (first, end) = vs::extent(form, &header, start, end, width)?;
    let most = end.saturating_sub(first).min(0x1_0000);
    let bytes = memory.bytes(first, memory.available(first, most)).ok()?;
    (bytes.len() >= 16).then_some(Chain { first, end, bytes })
}

/// Whether most chains begin with a sound chunk: one that none precedes.
fn confirmed(chains: &[Chain], key: u64, width: Width) -> bool {
    let sound = chains.iter().filter(|chain| chain.follow(key, width).0 > 0).count();
    sound > chains.len() / 2
}

/// The key by which most chunks are sound, of those that the first two chunks of some chain allow: the first has none
/// before it, and the second says how large it is. Of the key, only the bits that matter are found.
fn from_chunks(chains: &[Chain], width: Width) -> Option<u64> {
    let granule = width.pick(8, 16);
    let (size_shift, before_shift, allocated_shift) = match width {
        Width::Bits32 => (1, 16, 31),
        Width::Bits64 => (16, 32, 48),
    };
    let mut best: Option<(usize, usize, u64)> = None;
    for chain in chains {
        let Some(stored) = chain.word(chain.first, width.bytes()) else { continue };
        let first = stored ^ chain.first;
        let most = (chain.bytes.len() as u64 >> granule.trailing_zeros()).min(width.pick(0x7fff, 0xffff));
        for size in 1..=most {
            let base = first ^ size << size_shift;
            let second = chain.first.saturating_add(size.wrapping_mul(granule));
            let Some(before) = chain.word(second, width.bytes()).map(|word| word ^ second ^ base) else {
                break;
            };
            if before >> before_shift & width.pick(0x7fff, 0xffff) != size {
                continue;
            }
            for key in [base, base ^ 1 << allocated_shift] {
                let (sound, odd) = total(chains, key, width);
                if best.is_none_or(|(most, least, _)| sound > most || (sound == most && odd < least)) {
                    best = Some((sound, odd, key));
                }
            }
        }
    }
    best.filter(|(sound, ..)| *sound > chains.len()).map(|(.., key)| key)
}

/// How many chunks are sound by a key, and how many of them speak against it.
fn total(chains: &[Chain], key: u64, width: Width) -> (usize, usize) {
    let followed = chains.iter().map(|chain| chain.follow(key, width));
    followed.fold((0, 0), |(sound, odd), (s, o)| (sound.saturating_add(s), odd.saturating_add(o)))
}
