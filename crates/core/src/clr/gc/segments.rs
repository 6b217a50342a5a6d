//! Segments and regions, by the lists that the generations begin.

use std::collections::HashSet;

use super::super::reader::Reader;
use super::{GcHeap, Generation, Segment, Vars};

/// Segments of all heaps: a region has 4 MB, so these are 4 TB.
const SEGMENTS: usize = 1 << 20;
/// `heap_segment_flags_readonly`: laid out in advance.
const FROZEN: u64 = 1;

/// Where one heap keeps what leads to its segments.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Roots {
    generations: Option<u64>,
    ephemeral: Option<u64>,
    /// Behind the last object of the ephemeral segment.
    allocated: Option<u64>,
}

impl Vars {
    pub(super) fn of_workstation(&self, reader: &Reader<'_>) -> Roots {
        Roots {
            generations: self.pointer(3),
            ephemeral: self.value(reader, 7),
            allocated: self.value(reader, 12),
        }
    }

    pub(super) fn of_heap(&self, reader: &Reader<'_>, heap: u64) -> Roots {
        let value = |field| self.heap_field(reader, heap, field).and_then(|at| reader.pointer(at, 0));
        Roots { generations: self.heap_field(reader, heap, 18), ephemeral: value(1), allocated: value(0) }
    }
}

/// `heap_segment`: allocated, committed, reserved, used, mem, flags, next.
struct Raw {
    at: u64,
    allocated: u64,
    committed: u64,
    reserved: u64,
    mem: u64,
    flags: u64,
    next: u64,
}

fn raw(reader: &Reader<'_>, at: u64) -> Option<Raw> {
    let word = |n: u64| reader.word(at.wrapping_add(reader.size().wrapping_mul(n)));
    Some(Raw {
        at,
        allocated: word(0)?,
        committed: word(1)?,
        reserved: word(2)?,
        mem: word(4)?,
        flags: word(5)?,
        next: word(6)?,
    })
}

/// Adds the segments and the allocation contexts of one heap.
pub(super) fn read(reader: &Reader<'_>, vars: &Vars, roots: &Roots, heap: u32, out: &mut GcHeap) {
    let (Some(table), Some((first, start))) = (roots.generations, vars.generation_fields(reader)) else {
        out.lost = out.lost.saturating_add(1);
        return;
    };
    let generation = |g: u64| table.wrapping_add(g.wrapping_mul(vars.generation_size));
    let starts: Vec<u64> = (0..3)
        .map(|g| start.and_then(|offset| reader.word(generation(g).wrapping_add(offset))).unwrap_or(0))
        .collect();
    let (start0, start1) = (starts.first().copied().unwrap_or(0), starts.get(1).copied().unwrap_or(0));
    let regions = start.is_none() || start0 == 0;
    out.regions = regions;
    let mut seen = HashSet::new();
    for g in 0..vars.generations {
        let at = generation(g);
        if let (Some(pointer), Some(limit)) = (reader.word(at), reader.word(at.wrapping_add(reader.size()))) {
            out.contexts.push((pointer, limit));
        }
        // With segments, generation 2 leads to those of 0 and 1 too.
        if !regions && g < 2 {
            continue;
        }
        let mut next = reader.word(at.wrapping_add(first));
        while let Some(at) = next.filter(|at| *at != 0) {
            if !seen.insert(at) || out.segments.len() >= SEGMENTS {
                out.lost = out.lost.saturating_add(1);
                break;
            }
            let Some(segment) = raw(reader, at) else {
                out.lost = out.lost.saturating_add(1);
                break;
            };
            next = Some(segment.next);
            let split = (!regions && g == 2).then_some((start1, start0));
            add(&segment, g, heap, roots, split, out);
        }
        if next.is_none() {
            out.lost = out.lost.saturating_add(1);
        }
    }
}

fn add(raw: &Raw, g: u64, heap: u32, roots: &Roots, split: Option<(u64, u64)>, out: &mut GcHeap) {
    let ephemeral = roots.ephemeral == Some(raw.at);
    let end = roots.allocated.filter(|_| ephemeral).unwrap_or(raw.allocated);
    let frozen = g == 2 && raw.flags & FROZEN != 0;
    let own = if frozen { Some(Generation::Frozen) } else { Generation::of_index(g) };
    let Some(generation) = own else { return };
    let reserved = raw.reserved.max(raw.committed);
    let whole = Segment { generation, start: raw.mem, end, committed: raw.committed, reserved, heap };
    // Nothing lies between the parts of a segment.
    let part =
        |generation, start, end| Segment { generation, start, end, committed: end, reserved: end, heap };
    let ordered = |a, b| raw.mem <= a && a <= b && b <= end;
    match split.filter(|_| ephemeral) {
        Some((start1, start0)) if ordered(start1, start0) => {
            out.segments.push(part(Generation::Gen2, raw.mem, start1));
            out.segments.push(part(Generation::Gen1, start1, start0));
            out.segments.push(Segment { generation: Generation::Gen0, start: start0, ..whole });
        }
        _ => out.segments.push(whole),
    }
}

/// Sorts the segments, and leaves out what cannot be one.
pub(super) fn settle(heap: &mut GcHeap) {
    let all = std::mem::take(&mut heap.segments);
    let listed = all.len();
    let mut kept: Vec<Segment> = all
        .into_iter()
        .filter(|s| s.start != 0 && s.start <= s.end && s.end <= s.reserved && s.committed <= s.reserved)
        .map(|s| Segment { committed: s.committed.max(s.end), ..s })
        .collect();
    kept.sort_by_key(|s| (s.start, s.end));
    let mut reach = 0;
    kept.retain(|s| {
        let apart = s.start >= reach;
        if apart {
            reach = reach.max(s.end);
        }
        apart
    });
    let dropped = listed.saturating_sub(kept.len());
    heap.lost = heap.lost.saturating_add(u32::try_from(dropped).unwrap_or(u32::MAX));
    heap.segments = kept;
}
