//! References between objects, by the collector's own map in front of each method table (`CGCDesc`, dotnet/runtime,
//! `src/coreclr/gc/gcdesc.h`).

use std::collections::HashMap;
use std::rc::Rc;

use super::gc::Generation;
use super::types::least;
use super::{Object, Runtime, Segment};
use crate::pages::{Pages, ReadMemory};

/// Pointers in objects of one type.
#[derive(Debug, PartialEq, Eq)]
enum Map {
    /// Runs of pointers: bytes less than the object's size, and where they begin.
    Series(Vec<(i64, u64)>),
    /// In each element of an array, from an offset on: so many pointers, and so many bytes that are none.
    Repeated(u64, Vec<(u64, u64)>),
}

/// Series of one type: a class has one for each run of its fields.
const SERIES: u64 = 4096;
/// Types whose maps are remembered.
const MAPS: usize = 1 << 17;
/// Bytes of an object that are read at once.
const PART: u64 = 1 << 16;

/// Follows references. What it reads is not kept by a trimmed dump, as what is counted is not.
#[derive(Debug)]
pub struct References<'r, 'd> {
    runtime: &'r Runtime<'d>,
    pages: Pages<'d>,
    maps: HashMap<u64, Option<Rc<Map>>>,
    part: Vec<u8>,
}

impl<'d> Runtime<'d> {
    /// The references between objects; nothing is read yet.
    pub fn references(&self) -> References<'_, 'd> {
        let pages = Pages::new(self.reader.memory().unnoted());
        References { runtime: self, pages, maps: HashMap::new(), part: Vec::new() }
    }
}

impl References<'_, '_> {
    /// The object that begins at an address; `None` if none can be read there.
    pub fn object(&self, address: u64) -> Option<Object> {
        let (reader, word) = (&self.runtime.reader, self.runtime.reader.size());
        let segment = self.runtime.heap.segment_at(address).filter(|_| address.is_multiple_of(word))?;
        let tagged = self.word(address)?;
        let table = tagged & !reader.width().pick(3, 7);
        let of = self.runtime.types.of_object(reader, table)?;
        let length = of.has_components().then(|| self.pages.read_u32(address.wrapping_add(word)));
        let count = length.transpose().ok()?.unwrap_or(0);
        let components = u64::from(count).saturating_mul(of.component());
        let exact = components.saturating_add(u64::from(of.base_size)).max(least(reader.width()));
        let unit = if segment.generation == Generation::Large { 8 } else { reader.width().pick(4, 8) };
        let size = exact.checked_next_multiple_of(unit).filter(|size| fits(address, *size, segment))?;
        let header = self.pages.read_u32(address.wrapping_sub(4)).unwrap_or(0);
        let free = of.is_free(reader.width());
        let generation = segment.generation;
        let marked = tagged != table && generation != Generation::Frozen;
        Some(Object { address, table, size, count, header, generation, free, marked })
    }

    /// Visits the references of an object that are not null: the offset of each in the object, and the address that it
    /// contains.
    pub fn of(&mut self, object: &Object, visit: &mut dyn FnMut(u64, u64)) {
        let Some(map) = self.map(object.table) else { return };
        match &*map {
            Map::Series(series) => {
                for (less, start) in series {
                    let length = less.wrapping_add_unsigned(object.size);
                    let end = u64::try_from(length).ok().and_then(|length| start.checked_add(length));
                    if let Some(end) = end.filter(|end| *end <= object.size) {
                        self.run(object.address, *start, end, visit);
                    }
                }
            }
            Map::Repeated(start, items) => {
                let word = self.runtime.reader.size();
                let mut at = *start;
                while at < object.size {
                    for (pointers, skip) in items {
                        let end = at.saturating_add(pointers.saturating_mul(word));
                        self.run(object.address, at, end.min(object.size), visit);
                        at = end.saturating_add(*skip);
                    }
                }
            }
        }
    }

    /// The pointers of a run of bytes in an object.
    fn run(&mut self, address: u64, start: u64, end: u64, visit: &mut dyn FnMut(u64, u64)) {
        let size = self.runtime.reader.width().bytes();
        let mut at = start;
        while at < end {
            let length = end.saturating_sub(at).min(PART);
            self.part.resize(usize::try_from(length).unwrap_or(0), 0);
            if self.pages.read(address.wrapping_add(at), &mut self.part).is_err() {
                return;
            }
            for (bytes, n) in self.part.chunks_exact(size).zip(0u64..) {
                let target = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
                if target != 0 {
                    visit(at.wrapping_add(n.wrapping_mul(size as u64)), target);
                }
            }
            at = at.saturating_add(length);
        }
    }

    fn word(&self, at: u64) -> Option<u64> {
        match self.runtime.reader.size() {
            4 => self.pages.read_u32(at).ok().map(u64::from),
            _ => self.pages.read_u64(at).ok(),
        }
    }

    fn map(&mut self, table: u64) -> Option<Rc<Map>> {
        if let Some(map) = self.maps.get(&table) {
            return map.clone();
        }
        let map = self.read_map(table).map(Rc::new);
        if self.maps.len() < MAPS {
            self.maps.insert(table, map.clone());
        }
        map
    }

    /// A count of series before the method table, and before that the series, downwards: bytes and start of each. A negative
    /// count is that of an array of structures: a start, and then pairs of halves of a word.
    fn read_map(&self, table: u64) -> Option<Map> {
        const HAS_POINTERS: u32 = 0x0100_0000;
        let (reader, word) = (&self.runtime.reader, self.runtime.reader.size());
        let of = self.runtime.types.of_object(reader, table)?;
        if of.flags & HAS_POINTERS == 0 {
            return None;
        }
        let below = |words: u64| table.wrapping_sub(word.wrapping_mul(words));
        let signed = |at: u64| match word {
            4 => reader.i32(at).map(i64::from),
            _ => reader.u64(at).map(u64::cast_signed),
        };
        let count = signed(below(1))?;
        // Runs do not overlap, so an object has no more of them than words.
        let most = u64::from(of.base_size).checked_div(word)?.min(SERIES);
        if count == 0 || count.unsigned_abs() > SERIES || count > most.cast_signed() {
            return None;
        }
        let nth = |n: u64| below(n.wrapping_mul(2).wrapping_add(3));
        if count > 0 {
            let series = |n: u64| {
                let at = nth(n);
                let start = reader.word(at.wrapping_add(word))?;
                (start >= word).then_some((signed(at)?, start))
            };
            return Some(Map::Series((0..count.unsigned_abs()).map(series).collect::<Option<_>>()?));
        }
        let start = reader.word(below(2)).filter(|start| *start >= word)?;
        let item = |n: u64| {
            let at = below(n.wrapping_add(3));
            Some(match word {
                4 => (reader.u16(at)?.into(), reader.u16(at.wrapping_add(2))?.into()),
                _ => (reader.u32(at)?.into(), reader.u32(at.wrapping_add(4))?.into()),
            })
        };
        let items: Vec<(u64, u64)> = (0..count.unsigned_abs()).map(item).collect::<Option<_>>()?;
        // Without a step an array would have no end.
        items.iter().all(|(pointers, _)| *pointers > 0).then_some(Map::Repeated(start, items))
    }
}

fn fits(address: u64, size: u64, segment: &Segment) -> bool {
    address.checked_add(size).is_some_and(|behind| behind <= segment.end)
}
