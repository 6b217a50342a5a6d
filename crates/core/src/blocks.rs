//! The one layer between a [`Source`] and its readers: it reads blocks, and keeps them for the next reader.
//!
//! A round trip to a share or a server costs milliseconds, whatever it brings. So a read at a new place brings 64 KiB, reads
//! that go on from there bring twice as much each time, up to 1 MiB, and [`Blocks::ahead`] brings many places at once. What
//! is large is read past the blocks.
//!
//! Two bounds hold. In memory are 16 MiB at most, in two generations: what was not asked for while 8 MiB came is
//! forgotten. And what is read stays under 8 MiB, or under twice what was needed, whichever is more; once that is reached, a
//! read brings only the pages that were asked for. Needed is a page of 4 KiB of which any byte was asked for.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::source::{Place, Source};

/// Bytes of a read at a new place.
const BLOCK: u64 = 64 << 10;
/// Bytes of a read that goes on from others.
const MOST: u64 = 1 << 20;
/// Reads of so many bytes go past the blocks: they are a reader's own blocks, and copied once.
const LARGE: usize = 64 << 10;
/// Bytes that [`Blocks::ahead`] takes at one time.
pub(crate) const AHEAD: u64 = 4 << 20;
/// What lies between two places that are read ahead, and is read with them.
const GAP: u64 = 16 << 10;
/// Bytes of a generation.
const GENERATION: u64 = 8 << 20;
/// Bytes that may be read whatever is needed.
const FREE: u64 = 8 << 20;
const PAGE: u64 = 0x1000;
/// After so many answers out of the blocks, the source is asked whether to go on.
const ANSWERS: u32 = 64;

/// A source, and what was read of it.
pub(crate) struct Blocks {
    source: Box<dyn Source>,
    size: u64,
    held: Mutex<Held>,
}

/// Runs of bytes by their offsets. No two share a byte.
#[derive(Default)]
struct Held {
    young: BTreeMap<u64, Run>,
    old: BTreeMap<u64, Run>,
    /// Bytes of the young.
    bytes: u64,
    /// Bytes that were read so far.
    read: u64,
    /// Bytes that were needed of them.
    needed: u64,
    answers: u32,
}

/// Bytes that were read in one piece.
struct Run {
    bytes: Vec<u8>,
    /// How much is read next if the reads go on behind it.
    next: u64,
    /// A bit for each page, whether any of it was asked for.
    asked: Vec<u64>,
}

impl Blocks {
    pub(crate) fn new(source: Box<dyn Source>) -> Blocks {
        let size = source.size();
        Blocks { source, size, held: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what lies at these offsets before it is asked for: as many of them as 4 MiB hold, in the fewest round trips.
    /// Returns how many were taken; the rest is for another time. An error is not reported here, but to the reader that asks
    /// for the bytes.
    pub(crate) fn ahead(&self, places: impl IntoIterator<Item = (u64, u64)>) -> usize {
        let (mut taken, mut sum, mut wanted) = (0usize, 0u64, Vec::new());
        let (mut spare, mut behind) = (self.lock().spare(0), u64::MAX);
        for (offset, len) in places {
            let gap = offset.checked_sub(behind).filter(|gap| *gap <= GAP.min(spare)).unwrap_or(0);
            sum = sum.saturating_add(len).saturating_add(gap);
            if sum > AHEAD && taken > 0 {
                break;
            }
            taken = taken.saturating_add(1);
            let end = offset.saturating_add(len.min(AHEAD)).min(self.size);
            if offset < end {
                wanted.push((offset, end));
                (spare, behind) = (spare.saturating_sub(gap), end);
            }
        }
        let mut held = self.lock();
        let missing = held.missing(wanted);
        if missing.is_empty() {
            return taken;
        }
        let places =
            missing.iter().map(|(start, end)| Place { offset: *start, len: end.saturating_sub(*start) });
        for ((start, _), bytes) in missing.iter().zip(self.source.read_places(&places.collect::<Vec<_>>())) {
            held.keep(*start, bytes.unwrap_or_default(), BLOCK);
        }
        taken
    }

    /// Frees what is held.
    pub(crate) fn forget(&self) {
        let mut held = self.lock();
        (held.young, held.old, held.bytes) = (BTreeMap::new(), BTreeMap::new(), 0);
    }

    /// Reads a run around `offset` and holds it; `false` if it could not be read up to there.
    fn load(&self, held: &mut Held, offset: u64, len: u64) -> bool {
        let (start, end, next) = held.plan(offset, len, self.size);
        let mut bytes = vec![0; usize::try_from(end.saturating_sub(start)).unwrap_or(0)];
        let (mut done, mut failed) = (0usize, false);
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty() && !failed) {
            match self.source.read_at(start.saturating_add(done as u64), rest) {
                Ok(0) => break,
                Ok(n) => done = done.saturating_add(n),
                Err(error) => failed = error.kind() != io::ErrorKind::Interrupted,
            }
        }
        bytes.truncate(done);
        held.keep(start, bytes, next);
        start.saturating_add(done as u64) > offset
    }
}

impl Source for Blocks {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() || offset >= self.size {
            return Ok(0);
        }
        let mut held = self.lock();
        held.answers = held.answers.wrapping_add(1);
        if held.answers.is_multiple_of(ANSWERS) {
            self.source.go_on()?;
        }
        if let Some(n) = held.copy(offset, buf) {
            return Ok(n);
        }
        if buf.len() < LARGE && self.load(&mut held, offset, buf.len() as u64) {
            return Ok(held.copy(offset, buf).unwrap_or(0));
        }
        // Large, or its neighbours cannot be read, which are not needed.
        drop(held);
        let read = self.source.read_at(offset, buf)?;
        let mut held = self.lock();
        held.read = held.read.saturating_add(read as u64);
        held.needed = held.needed.saturating_add(read as u64);
        Ok(read)
    }
}

impl Held {
    /// Copies what is held from `offset` on; `None` if nothing is.
    fn copy(&mut self, offset: u64, buf: &mut [u8]) -> Option<usize> {
        let holds = |map: &BTreeMap<u64, Run>| {
            let (start, run) = map.range(..=offset).next_back()?;
            (offset.saturating_sub(*start) < run.bytes.len() as u64).then_some(*start)
        };
        let start = if let Some(start) = holds(&self.young) {
            start
        } else {
            let start = holds(&self.old)?;
            let run = self.old.remove(&start)?;
            self.grow(start, run);
            start
        };
        let run = self.young.get_mut(&start).or_else(|| self.old.get_mut(&start))?;
        let skip = usize::try_from(offset.saturating_sub(start)).ok()?;
        let from = run.bytes.get(skip..)?;
        let n = from.len().min(buf.len());
        buf.get_mut(..n)?.copy_from_slice(from.get(..n)?);
        self.needed = self.needed.saturating_add(run.ask(skip, n));
        Some(n)
    }

    /// Adds a run to the young; what was young becomes old once it is too much.
    fn grow(&mut self, start: u64, run: Run) {
        self.bytes = self.bytes.saturating_add(run.bytes.len() as u64);
        self.young.insert(start, run);
        if self.bytes > GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
    }

    fn keep(&mut self, start: u64, bytes: Vec<u8>, next: u64) {
        self.read = self.read.saturating_add(bytes.len() as u64);
        if !bytes.is_empty() {
            let asked = vec![0; bytes.len().div_ceil(64 << 12)];
            self.grow(start, Run { bytes, next, asked });
        }
    }

    /// Where the last run before `offset` ends, and how much is read behind it.
    fn before(&self, offset: u64) -> Option<(u64, u64)> {
        let last = |map: &BTreeMap<u64, Run>| {
            let (start, run) = map.range(..=offset).next_back()?;
            Some((start.saturating_add(run.bytes.len() as u64), run.next))
        };
        last(&self.young).max(last(&self.old))
    }

    /// Where the next run behind `offset` begins.
    fn behind(&self, offset: u64) -> Option<u64> {
        let first = |map: &BTreeMap<u64, Run>| map.range(offset..).next().map(|(start, _)| *start);
        [first(&self.young), first(&self.old)].into_iter().flatten().min()
    }

    /// What may still be read without need, if `needed` bytes are needed now. Whatever is needed later, all of it stays
    /// under the bound.
    fn spare(&self, needed: u64) -> u64 {
        let most = self.needed.saturating_add(needed).max(FREE >> 1);
        most.saturating_sub(self.read.saturating_sub(self.needed))
    }

    /// What is read for `len` bytes at an offset that is not held: begin, end, and how much is read behind it.
    fn plan(&self, offset: u64, len: u64, size: u64) -> (u64, u64, u64) {
        let (floor, next) = self.before(offset).unwrap_or((0, BLOCK));
        let ceiling = self.behind(offset).unwrap_or(size).min(size);
        let end = offset.saturating_add(len);
        let goes_on = floor > 0 && offset.saturating_sub(floor) <= next;
        let (start, length) = match goes_on {
            true if offset.saturating_sub(floor) <= GAP => (floor, next),
            true => (offset.saturating_sub(offset % PAGE), next),
            false => (offset.saturating_sub(offset % BLOCK), BLOCK),
        };
        let clip = |start: u64, end: u64| (start.max(floor), end.min(ceiling));
        let page_end = end.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX);
        let pages = clip(offset.saturating_sub(offset % PAGE), page_end);
        let wide = clip(start.min(pages.0), start.saturating_add(length).max(page_end));
        let size = |(start, end): (u64, u64)| end.saturating_sub(start);
        let enough = size(wide).saturating_sub(size(pages)) <= self.spare(0);
        let (start, end) = if enough { wide } else { pages };
        let next = if goes_on && enough { next.saturating_mul(2).min(MOST) } else { BLOCK };
        (start, end, next)
    }

    /// What of these is not held, in order, with what lies between neighbours.
    fn missing(&self, mut wanted: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
        wanted.sort_unstable();
        let sum =
            wanted.iter().fold(0u64, |sum, (start, end)| sum.saturating_add(end.saturating_sub(*start)));
        let mut spare = self.spare(sum);
        let mut missing: Vec<(u64, u64)> = Vec::with_capacity(wanted.len());
        for (start, end) in wanted {
            let start = self.before(start).map_or(start, |(held, _)| start.max(held));
            let end = self.behind(start).map_or(end, |behind| end.min(behind));
            if start >= end {
                continue;
            }
            let last = missing.last_mut().filter(|last| {
                let gap = start.saturating_sub(last.1);
                let near = gap <= GAP.min(spare) && end.saturating_sub(last.0) <= AHEAD;
                near && self.behind(last.1).is_none_or(|behind| behind >= end)
            });
            match last {
                Some(last) => {
                    spare = spare.saturating_sub(start.saturating_sub(last.1));
                    last.1 = last.1.max(end);
                }
                None => missing.push((missing.last().map_or(start, |last| start.max(last.1)), end)),
            }
        }
        missing.retain(|(start, end)| start < end);
        missing
    }
}

impl Run {
    /// Notes that `len` bytes behind `skip` were asked for; returns the bytes of pages of which none was before.
    fn ask(&mut self, skip: usize, len: usize) -> u64 {
        let mut new = 0u64;
        for page in skip >> 12..skip.saturating_add(len).div_ceil(1 << 12) {
            if let Some(word) = self.asked.get_mut(page >> 6) {
                let bit = 1 << (page & 63);
                let there = (self.bytes.len().saturating_sub(page << 12) as u64).min(PAGE);
                new = new.saturating_add(if *word & bit == 0 { there } else { 0 });
                *word |= bit;
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;
    use crate::source::read_full;

    /// Bytes that tell where they are; counts what is read of them.
    #[derive(Clone, Default)]
    struct Numbered {
        size: u64,
        reads: Arc<AtomicU64>,
        bytes: Arc<AtomicU64>,
        over: Arc<AtomicBool>,
    }

    fn byte(at: u64) -> u8 {
        (at ^ at >> 8 ^ at >> 16 ^ at >> 24).to_le_bytes()[0]
    }

    impl Source for Numbered {
        fn size(&self) -> u64 {
            self.size
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            let n = usize::try_from(self.size - offset.min(self.size)).unwrap().min(buf.len());
            buf[..n].iter_mut().zip(offset..).for_each(|(to, at)| *to = byte(at));
            self.reads.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(n as u64, Ordering::Relaxed);
            Ok(n)
        }

        fn go_on(&self) -> io::Result<()> {
            if self.over.load(Ordering::Relaxed) { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
        }
    }

    fn blocks(size: u64) -> (Blocks, Numbered) {
        let source = Numbered { size, ..Numbered::default() };
        (Blocks::new(Box::new(source.clone())), source)
    }

    fn check(blocks: &Blocks, offset: u64, len: usize) {
        let mut buf = vec![0; len];
        let read = read_full(blocks, offset, &mut buf).unwrap();
        assert_eq!(
            read as u64,
            blocks.size().saturating_sub(offset).min(len as u64),
            "{offset:#x}, {len:#x}"
        );
        assert!(buf[..read].iter().zip(offset..).all(|(found, at)| *found == byte(at)), "{offset:#x}");
    }

    fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_source() {
        let mut below = numbers(23);
        for size in [1, 0xfff, 0x1_0001, 3 << 20, 40 << 20] {
            let (blocks, _) = blocks(size);
            for _ in 0..300 {
                let offset = below(size + 2);
                match below(5) {
                    0 => {
                        let places: Vec<(u64, u64)> =
                            (0..below(40)).map(|n| (offset + n * below(0x9000), below(0x3000))).collect();
                        let taken = blocks.ahead(places.iter().copied());
                        assert!(taken > 0 || places.is_empty());
                    }
                    1 => check(&blocks, offset, usize::try_from(below(0x4_0000)).unwrap()),
                    _ => check(&blocks, offset, usize::try_from(below(0x2000)).unwrap()),
                }
            }
            let held = blocks.lock();
            let bytes =
                |map: &BTreeMap<u64, Run>| map.values().map(|run| run.bytes.len() as u64).sum::<u64>();
            assert!(bytes(&held.young) == held.bytes && bytes(&held.old) <= GENERATION + AHEAD);
            let runs = held.young.iter().chain(&held.old);
            let mut extents: Vec<(u64, u64)> =
                runs.map(|(at, run)| (*at, at + run.bytes.len() as u64)).collect();
            extents.sort_unstable();
            assert!(extents.windows(2).all(|pair| pair[0].1 <= pair[1].0), "runs that share bytes");
        }
    }

    /// Whatever the order: no more than 8 MiB, or than twice the pages that were asked for.
    #[test]
    fn what_is_read_is_bounded_by_what_is_needed() {
        let mut below = numbers(7);
        for far in [1 << 20, 1 << 24, 1 << 34] {
            let (blocks, source) = blocks(1 << 50);
            let (mut pages, mut at) = (HashSet::new(), 0);
            for _ in 0..4000 {
                at += below(far);
                check(&blocks, at, 8);
                pages.extend([at >> 12, (at + 7) >> 12]);
                let needed = 2 * PAGE * pages.len() as u64;
                let read = source.bytes.load(Ordering::Relaxed);
                assert!(read <= needed.max(FREE), "{read} bytes for {needed}");
            }
        }
    }

    #[test]
    fn reads_that_go_on_take_few_round_trips() {
        let (blocks, source) = blocks(16 << 20);
        for at in 0..(16 << 20) / 0x1000 {
            check(&blocks, at * 0x1000 + 24, 16);
        }
        assert!(source.reads.load(Ordering::Relaxed) <= 20, "{:?}", source.reads);
        assert_eq!(source.bytes.load(Ordering::Relaxed), 16 << 20);
    }

    #[test]
    fn what_was_read_ahead_is_not_read_again() {
        let (blocks, source) = blocks(1 << 30);
        let places = (0..500).map(|n| (n * 0x10_0000 + 40, 96));
        assert_eq!(blocks.ahead(places.clone()), 500);
        let reads = source.reads.load(Ordering::Relaxed);
        places.for_each(|(at, _)| check(&blocks, at, 96));
        assert_eq!(source.reads.load(Ordering::Relaxed), reads);
        assert!(source.bytes.load(Ordering::Relaxed) <= 500 * 96);
        // Of what is too much some is taken.
        assert_eq!(blocks.ahead((500..600).map(|n| (n * 0x10_0000, 1 << 20))), 4);
    }

    #[test]
    fn an_end_is_noticed_though_nothing_is_read() {
        let (blocks, source) = blocks(0x1000);
        check(&blocks, 0, 8);
        source.over.store(true, Ordering::Relaxed);
        let failed = (0..100).filter(|_| blocks.read_at(8, &mut [0; 8]).is_err()).count();
        assert!(failed > 0);
    }
}
