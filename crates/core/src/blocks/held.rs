//! What is held of a source: runs of bytes in two generations, and what is read next.

use std::collections::BTreeMap;

use super::{AHEAD, BLOCK, GAP};

/// Bytes of a read that goes on from others.
const MOST: u64 = 1 << 20;
/// Bytes of a generation.
pub(super) const GENERATION: u64 = 8 << 20;
/// Bytes that may be read whatever is needed.
pub(super) const FREE: u64 = 8 << 20;
pub(super) const PAGE: u64 = 0x1000;

/// Runs of bytes by their offsets. No two share a byte.
#[derive(Default)]
pub(super) struct Held {
    pub(super) young: BTreeMap<u64, Run>,
    pub(super) old: BTreeMap<u64, Run>,
    /// Bytes of the young.
    pub(super) bytes: u64,
    /// Bytes that were read so far.
    pub(super) read: u64,
    /// Bytes that were needed of them.
    pub(super) needed: u64,
    pub(super) answers: u32,
}

/// Bytes that were read in one piece.
pub(super) struct Run {
    pub(super) bytes: Vec<u8>,
    /// How much is read next if the reads go on behind it.
    next: u64,
    /// A bit for each page, whether any of it was asked for.
    asked: Vec<u64>,
}

impl Held {
    /// Copies what is held from `offset` on; `None` if nothing is.
    pub(super) fn copy(&mut self, offset: u64, buf: &mut [u8]) -> Option<usize> {
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

    pub(super) fn keep(&mut self, start: u64, bytes: Vec<u8>, next: u64) {
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
    pub(super) fn spare(&self, needed: u64) -> u64 {
        let most = self.needed.saturating_add(needed).max(FREE >> 1);
        most.saturating_sub(self.read.saturating_sub(self.needed))
    }

    /// What is read for `len` bytes at an offset that is not held: begin, end, and how much is read behind it.
    pub(super) fn plan(&self, offset: u64, len: u64, size: u64) -> (u64, u64, u64) {
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
    pub(super) fn missing(&self, mut wanted: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
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
