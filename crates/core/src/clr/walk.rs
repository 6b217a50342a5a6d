//! Every object of the heaps, one behind the other.

use std::collections::BTreeMap;

use super::gc::{Generation, Segment};
use super::types::least;
use super::{Runtime, types::Table};
use crate::limits;
use crate::window::Window;

/// An object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    /// Its address: where its method table word lies.
    pub address: u64,
    /// Its method table.
    pub table: u64,
    /// Bytes, with its header.
    pub size: u64,
    /// Components of an array or a string.
    pub count: u32,
    /// The word before it: its lock, hash code, or sync block.
    pub header: u32,
    /// Where it lies.
    pub generation: Generation,
    /// Whether it is free space.
    pub free: bool,
    /// Whether the collector marked it: it was at work. Objects that were laid out in advance may keep their marks.
    pub marked: bool,
}

/// What a walk met beside objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Walked {
    /// Objects, free space among them.
    pub objects: u64,
    /// How often there was no object where one was expected.
    pub breaks: u64,
    /// Bytes that were skipped for that.
    pub skipped_bytes: u64,
    /// Bytes that the dump does not keep.
    pub missing_bytes: u64,
    /// Bytes of allocation contexts, which hold no object yet.
    pub gap_bytes: u64,
    /// Objects that are marked as reachable, or as pinned. Outside a collection there are none.
    pub marked: u64,
    /// Bytes of the segments.
    pub bytes: u64,
    /// Whether the walk was ended before its end.
    pub cut_short: bool,
}

/// Bytes that are read at once in a row of objects.
const AHEAD: u64 = 1 << 18;
/// Places that are looked at for an object where none was: those of 32 MB of garbage.
const SEARCHES: u64 = 1 << 22;
/// Method tables that are held at hand; a power of two.
const KNOWN: usize = 256;
/// Objects that must follow each other to be believed.
const CHAIN: u32 = 4;

/// What stands at an address.
enum Met {
    Object(Object),
    Missing,
    Else,
}

/// A walk through the segments.
pub(super) struct Walk<'r, 'd> {
    runtime: &'r Runtime<'d>,
    window: Window<'d>,
    /// Ends of allocation contexts, by their starts.
    gaps: BTreeMap<u64, u64>,
    searches: u64,
    done: Walked,
    /// Method tables that were met last, each at a place that its address gives.
    tables: Vec<(u64, Option<Table>)>,
}

impl<'r, 'd> Walk<'r, 'd> {
    pub(super) fn new(runtime: &'r Runtime<'d>) -> Walk<'r, 'd> {
        let memory = runtime.reader.memory().unnoted();
        let gaps = runtime.gaps();
        Walk {
            runtime,
            window: Window::new(memory, AHEAD),
            gaps,
            searches: SEARCHES,
            done: Walked::default(),
            tables: vec![(0, None); KNOWN],
        }
    }

    /// Visits every object of the segments until `visit` says that it is enough.
    pub(super) fn run(mut self, segments: &[Segment], visit: &mut dyn FnMut(&Object) -> bool) -> Walked {
        let bytes = segments.iter().map(|s| s.end.saturating_sub(s.start)).fold(0, u64::saturating_add);
        if bytes <= limits::CLR_HEAP_NOTED_BYTES {
            let memory = self.runtime.reader.memory();
            for segment in segments {
                memory.note(segment.start, segment.end.saturating_sub(segment.start));
            }
        }
        self.window.limit(bytes.saturating_mul(2).saturating_add(AHEAD << 8));
        for segment in segments {
            self.done.bytes = self.done.bytes.saturating_add(segment.end.saturating_sub(segment.start));
            if !self.segment(segment, visit) || self.searches == 0 || self.window.is_spent() {
                self.done.cut_short = true;
                break;
            }
        }
        self.done
    }

    fn segment(&mut self, segment: &Segment, visit: &mut dyn FnMut(&Object) -> bool) -> bool {
        let mut at = segment.start;
        while at < segment.end {
            if let Some(behind) = self.gap(at, segment) {
                self.done.gap_bytes = self.done.gap_bytes.saturating_add(behind.saturating_sub(at));
                at = behind;
                continue;
            }
            match self.object(at, segment) {
                Met::Object(object) => {
                    self.done.objects = self.done.objects.saturating_add(1);
                    self.done.marked = self.done.marked.saturating_add(u64::from(object.marked));
                    if !visit(&object) {
                        return false;
                    }
                    at = at.saturating_add(object.size);
                }
                Met::Missing => {
                    let next = self.skip_missing(at, segment);
                    at = self.search(next, segment);
                }
                Met::Else => {
                    self.done.breaks = self.done.breaks.saturating_add(1);
                    let (step, missing) = (self.runtime.reader.size(), self.done.missing_bytes);
                    let next = self.search(at.saturating_add(step), segment);
                    let missing = self.done.missing_bytes.saturating_sub(missing);
                    let skipped = next.saturating_sub(at).saturating_sub(missing);
                    self.done.skipped_bytes = self.done.skipped_bytes.saturating_add(skipped);
                    at = next;
                }
            }
        }
        true
    }

    /// The end of the allocation context that begins here.
    fn gap(&self, at: u64, segment: &Segment) -> Option<u64> {
        self.gaps.get(&at).copied().filter(|behind| *behind > at).map(|behind| behind.min(segment.end))
    }

    /// The next address that the dump keeps; what lies before it is counted as missing.
    fn skip_missing(&mut self, at: u64, segment: &Segment) -> u64 {
        let next = self.next_kept(at, segment);
        self.done.missing_bytes = self.done.missing_bytes.saturating_add(next.saturating_sub(at));
        next
    }

    /// The first address from `at` on that the dump keeps, or the segment's end.
    fn next_kept(&mut self, at: u64, segment: &Segment) -> u64 {
        let page = |at: u64| at.checked_next_multiple_of(0x1000).unwrap_or(u64::MAX);
        let mut next = page(at.saturating_add(1));
        while next < segment.end && self.searches > 0 && self.window.memory().available(next, 8) < 8 {
            // A segment that lies about its end may have more pages than can be looked at.
            self.searches = self.searches.saturating_sub(1);
            next = page(next.saturating_add(1));
        }
        if self.searches == 0 { segment.end } else { next.min(segment.end) }
    }

    /// The next place where objects follow each other.
    fn search(&mut self, from: u64, segment: &Segment) -> u64 {
        let step = self.runtime.reader.size();
        let mut at = from.checked_next_multiple_of(step).unwrap_or(u64::MAX);
        while at < segment.end && self.searches > 0 {
            self.searches = self.searches.saturating_sub(1);
            if self.window.u32(at).is_none() {
                at = self.skip_missing(at, segment);
                continue;
            }
            if self.gaps.contains_key(&at) || self.chain(at, segment) {
                break;
            }
            at = at.saturating_add(step);
        }
        if self.searches == 0 { segment.end } else { at.min(segment.end) }
    }

    fn chain(&mut self, from: u64, segment: &Segment) -> bool {
        let mut at = from;
        for n in 0..CHAIN {
            if n > 0 && (at == segment.end || self.gaps.contains_key(&at)) {
                return true;
            }
            match self.object(at, segment) {
                Met::Object(object) => at = at.saturating_add(object.size),
                Met::Missing => return n > 1,
                Met::Else => return false,
            }
        }
        true
    }

    fn object(&mut self, at: u64, segment: &Segment) -> Met {
        let (width, end) = (self.runtime.reader.width(), segment.end);
        // The header lies before the object, so reading begins there.
        let Some(header) = self.window.u32(at.wrapping_sub(4)) else { return Met::Missing };
        let Some(word) = self.window.word(at, width) else { return Met::Missing };
        let address = word & !width.pick(3, 7);
        let Some(table) = self.table(address) else { return Met::Else };
        let components_at = at.wrapping_add(width.bytes() as u64);
        let count = if table.has_components() { self.window.u32(components_at) } else { Some(0) };
        let Some(count) = count else { return Met::Missing };
        let components = u64::from(count).saturating_mul(table.component());
        let exact = components.saturating_add(u64::from(table.base_size));
        let unit = if segment.generation == Generation::Large { 8 } else { width.pick(4, 8) };
        let size = exact.max(least(width)).checked_next_multiple_of(unit);
        let Some(size) = size.filter(|size| at.checked_add(*size).is_some_and(|behind| behind <= end)) else {
            return Met::Else;
        };
        let free = table.is_free(width);
        let marked = word != address && segment.generation != Generation::Frozen;
        Met::Object(Object {
            address: at,
            table: address,
            size,
            count,
            header,
            generation: segment.generation,
            free,
            marked,
        })
    }

    /// The method table at an address; neighbours are often of a few types.
    fn table(&mut self, at: u64) -> Option<Table> {
        let place = usize::try_from(at >> 3).unwrap_or(0) & (KNOWN - 1);
        let (runtime, known) = (self.runtime, self.tables.get_mut(place)?);
        if known.0 != at {
            *known = (at, runtime.types.of_object(&runtime.reader, at));
        }
        known.1
    }
}
