//! The one layer between a [`Source`] and its readers: it reads blocks, and keeps them for the next reader.
//!
//! A round trip to a share or a server costs milliseconds, whatever it brings. So a read at a new place brings 64 KiB, reads
//! that go on from there bring twice as much each time, up to 1 MiB, and [`Blocks::ahead`] brings many places at once. What
//! is large is read past the blocks.
//!
//! Two bounds hold. In memory are 16 MiB at most, in two generations: what was not asked for while 8 MiB came is
//! forgotten. And what is read stays under 8 MiB, or under twice what was needed, whichever is more; once that is reached, a
//! read brings only the pages that were asked for. Needed is a page of 4 KiB of which any byte was asked for.

mod held;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::source::{Place, Source};
use held::Held;

/// Bytes of a read at a new place.
const BLOCK: u64 = 64 << 10;
/// Reads of so many bytes go past the blocks: they are a reader's own blocks, and copied once.
const LARGE: usize = 64 << 10;
/// Bytes that [`Blocks::ahead`] takes at one time.
pub(crate) const AHEAD: u64 = 4 << 20;
/// What lies between two places that are read ahead, and is read with them.
const GAP: u64 = 16 << 10;
/// After so many answers out of the blocks, the source is asked whether to go on.
const ANSWERS: u32 = 64;

/// A source, and what was read of it.
pub(crate) struct Blocks {
    source: Box<dyn Source>,
    size: u64,
    held: Mutex<Held>,
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
        (held.young, held.old, held.bytes) = Default::default();
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
