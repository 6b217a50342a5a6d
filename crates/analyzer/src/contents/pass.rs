//! One pass over the units: what their pages hold, which of their words may be addresses of vftables, which pages are alike.
//!
//! Workers take turns; each has counters of its own, and sums do not depend on who counted what.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dumplens_core::{Memory, Width};

use super::estimate::{Read, Sums};
use super::kinds::PageKind;
use super::pages;
use super::plan::{Plan, STRATA, Unit, has_objects};
use super::vftables::{Candidates, Pointers};

/// Units that a worker takes at once: neighbours are read together, and stay in the processor's cache.
pub(super) const TURN: usize = 4;
/// The same where a unit takes longer than a millisecond: then they come in one round trip.
const FAR_TURN: usize = 32;
/// Workers at most: more wait for the disk.
const WORKERS: usize = 8;
/// Kinds of pages.
pub(super) const KINDS: [PageKind; 7] = [
    PageKind::Mixed,
    PageKind::Zero,
    PageKind::Ascii,
    PageKind::Utf8,
    PageKind::Utf16,
    PageKind::Random,
    PageKind::Fill,
];
/// Hashes of pages that are held: beyond that, of every second content so many, and so on.
const MOST_HASHES: usize = 1 << 18;

/// What the pass found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) read: [Read; STRATA],
    pub(super) kinds: [[Sums; KINDS.len()]; STRATA],
    pub(super) pointers: Pointers,
    pub(super) pages: Alike,
}

/// A hasher for numbers that are hashes already.
#[derive(Debug, Default, Clone, Copy)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |all, byte| all << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Pages by the hash of their bytes, zeros apart.
#[derive(Debug, Default)]
pub(super) struct Alike {
    of: HashMap<u64, u32, BuildHasherDefault<Same>>,
    /// Only hashes that have so many zeros at their end are held.
    zeros: u32,
}

impl Alike {
    fn add(&mut self, hash: u64, times: u32) {
        if hash.trailing_zeros() < self.zeros {
            return;
        }
        *self.of.entry(hash).or_default() += times;
        while self.of.len() > MOST_HASHES {
            self.zeros += 1;
            let zeros = self.zeros;
            self.of.retain(|hash, _| hash.trailing_zeros() >= zeros);
        }
    }

    fn join(&mut self, other: Alike) {
        self.zeros = self.zeros.max(other.zeros);
        let zeros = self.zeros;
        self.of.retain(|hash, _| hash.trailing_zeros() >= zeros);
        other.of.into_iter().for_each(|(hash, times)| self.add(hash, times));
    }

    /// Pages beyond the first of each content, and of how many one was compared.
    pub(super) fn repeated(&self) -> (u64, u64) {
        let more = self.of.values().map(|times| u64::from(*times) - 1).sum::<u64>();
        let one_in = 1u64.checked_shl(self.zeros).unwrap_or(u64::MAX);
        (more.saturating_mul(one_in), one_in)
    }
}

impl Found {
    fn join(&mut self, other: Found) {
        for stratum in 0..STRATA {
            self.read[stratum].join(&other.read[stratum]);
            for (own, more) in self.kinds[stratum].iter_mut().zip(&other.kinds[stratum]) {
                own.join(more);
            }
        }
        self.pointers.join(other.pointers);
        self.pages.join(other.pages);
    }
}

/// What each worker needs.
pub(super) struct Task<'t, 'd> {
    pub(super) memory: Memory<'d>,
    pub(super) candidates: &'t Candidates<'t>,
    /// The width of the pointers of memory at an address.
    pub(super) width: &'t (dyn Fn(u64) -> Width + Sync),
    /// Called with the number of bytes that were read since the last call.
    pub(super) progress: Option<&'t (dyn Fn(u64) + Sync)>,
    /// Whether pages are compared: only where all are read.
    pub(super) compares: bool,
    /// How long all workers may wait for bytes before the pass is given up.
    pub(super) patience: Option<Duration>,
}

/// Reads the units of a plan; `None` if the bytes were too long in coming.
pub(super) fn read(plan: &Plan, task: &Task<'_, '_>) -> Option<Found> {
    let (next, waited) = (AtomicUsize::new(0), AtomicU64::new(0));
    let is_late =
        || task.patience.is_some_and(|most| Duration::from_nanos(waited.load(Ordering::Relaxed)) > most);
    let work = || {
        let (mut found, mut buffer, mut counts) = (Found::default(), Vec::new(), HashMap::new());
        let mut turn = TURN;
        while !is_late() {
            let from = next.fetch_add(turn, Ordering::Relaxed);
            let rest = plan.units.get(from..).unwrap_or_default();
            let units = &rest[..turn.min(rest.len())];
            if units.is_empty() {
                break;
            }
            let begun = Instant::now();
            if turn > TURN && !plan.is_whole() {
                task.memory.read_ahead(units.iter().map(|unit| (unit.base, unit.bytes)));
            }
            let mut took = begun.elapsed();
            took += together(units, task.memory, &mut buffer, |unit, bytes| {
                one(unit, bytes, task, &mut found, &mut counts);
            });
            waited.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
            if took.as_millis() > units.len() as u128 {
                turn = FAR_TURN;
            }
            if let Some(tell) = task.progress {
                tell(units.iter().map(|unit| unit.bytes).sum());
            }
        }
        found
    };
    let able = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = able.min(WORKERS).min(plan.units.len().div_ceil(TURN));
    let mut all = Found::default();
    if workers < 2 {
        all.join(work());
    } else {
        thread::scope(|scope| {
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            // A worker that failed would have panicked: there is nothing of it to add.
            running.into_iter().filter_map(|worker| worker.join().ok()).for_each(|found| all.join(found));
        });
    }
    for (read, planned) in all.read.iter_mut().zip(&plan.strata) {
        (read.bytes, read.units) = (planned.bytes, planned.units);
    }
    // What was taken was read.
    (next.into_inner() >= plan.units.len()).then_some(all)
}

/// Reads units, those that touch in one go, and hands over the bytes of each that can be read. Returns how long it waited
/// for them.
pub(super) fn together(
    units: &[Unit],
    memory: Memory<'_>,
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(&Unit, &[u8]),
) -> Duration {
    let (mut rest, mut waited) = (units, Duration::ZERO);
    while let Some(first) = rest.first() {
        let touching = rest.windows(2).take_while(|pair| pair[0].base + pair[0].bytes == pair[1].base);
        let (now, later) = rest.split_at(1 + touching.count());
        rest = later;
        let bytes: u64 = now.iter().map(|unit| unit.bytes).sum();
        buffer.resize(usize::try_from(bytes).unwrap_or(0), 0);
        let asked = Instant::now();
        let whole = memory.read(first.base, buffer).is_ok();
        waited += asked.elapsed();
        let mut at = 0;
        for unit in now {
            let size = usize::try_from(unit.bytes).unwrap_or(0);
            let part = &mut buffer[at..at + size];
            at += size;
            if whole || memory.read(unit.base, part).is_ok() {
                each(unit, part);
            }
        }
    }
    waited
}

fn one(unit: &Unit, bytes: &[u8], task: &Task<'_, '_>, found: &mut Found, counts: &mut HashMap<u64, u64>) {
    let width = (task.width)(unit.base);
    let mut kinds = [0u64; KINDS.len()];
    for page in bytes.chunks(pages::PAGE) {
        let kind = pages::kind(page);
        let index = KINDS.iter().position(|known| *known == kind).unwrap_or(0);
        kinds[index] += page.len() as u64;
        if kind == PageKind::Zero {
            continue;
        }
        if task.compares && page.len() == pages::PAGE {
            found.pages.add(pages::hash(page), 1);
        }
        if has_objects(unit.stratum) && matches!(kind, PageKind::Mixed | PageKind::Fill) {
            task.candidates.each(page, width, |word| *counts.entry(word).or_default() += 1);
        }
    }
    found.read[unit.stratum].add(unit.bytes);
    for (sums, bytes) in found.kinds[unit.stratum].iter_mut().zip(kinds) {
        sums.add(bytes, unit.bytes);
    }
    for (word, count) in counts.drain() {
        found.pointers.add(unit.stratum, word, count, unit.bytes);
    }
}
