//! The words of the private memory that point into some blocks or allocations, found in one pass.

use dumplens_core::{Memory, Width};

use super::classes;
use super::plan;
use crate::process::Process;

/// Holders of a level that are listed, and followed.
const HOLDERS: usize = 32;
/// Pointers of a level that are held at one time.
const HELD: usize = 1 << 16;
/// Bytes that are read at once.
const CHUNK: u64 = 256 << 10;

/// A block or allocation to which pointers are looked for, and for which of the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) base: u64,
    pub(super) end: u64,
    pub(super) asked: usize,
}

/// Where pointers lie and what they point to, and how many more there are.
#[derive(Debug, Default)]
pub(super) struct Pointers {
    pub(super) list: Vec<(u64, u64)>,
    pub(super) more: u64,
}

impl Pointers {
    fn add(&mut self, at: u64, to: u64) {
        if self.list.len() < HELD { self.list.push((at, to)) } else { self.more += 1 }
    }
}

/// For each of so many questions, the words of the private memory that point into one of its targets, and lie in none.
pub(super) fn pointers(process: &Process<'_>, wanted: &mut [Wanted], asked: usize) -> Vec<Pointers> {
    wanted.sort_unstable();
    let mut found: Vec<Pointers> = (0..asked).map(|_| Pointers::default()).collect();
    let (Some(low), Some(high)) = (wanted.first(), wanted.iter().map(|of| of.end).max()) else {
        return found;
    };
    let (low, span) = (low.base, high - low.base);
    // Two questions may want the same.
    let around = |word: u64| {
        let behind = wanted.partition_point(|of| of.base <= word);
        let base = wanted.get(behind.wrapping_sub(1)).map(|of| of.base);
        wanted[..behind]
            .iter()
            .rev()
            .take_while(move |of| Some(of.base) == base)
            .filter(move |of| word < of.end)
    };
    let memory = process.dump.memory().unnoted();
    plan::kept(process, |run| {
        let width = classes::width_at(process, run.base);
        each(memory, run.base, run.end, width, |at, word| {
            if word.wrapping_sub(low) >= span {
                return;
            }
            for of in around(word).filter(|of| around(at).all(|own| own.asked != of.asked)) {
                found[of.asked].add(at, word);
            }
        });
    });
    for (asked, found) in found.iter_mut().enumerate() {
        let exact = |word: u64| around(word).any(|of| of.asked == asked && of.base == word);
        // Pointers to a block's first byte come first, then those of modules: what ends the search.
        found.list.sort_by_key(|(at, word)| (!exact(*word), process.module_at(*at).is_none()));
        found.more += found.list.len().saturating_sub(HOLDERS) as u64;
        found.list.truncate(HOLDERS);
        found.list.sort_unstable();
    }
    found
}

/// Every word of a run of memory that the dump keeps.
fn each(memory: Memory<'_>, base: u64, end: u64, width: Width, mut tell: impl FnMut(u64, u64)) {
    let (mut at, mut buffer, step) = (base, Vec::new(), width.bytes() as u64);
    while at < end {
        let wanted = CHUNK.min(end - at);
        buffer.resize(usize::try_from(wanted).unwrap_or(0), 0);
        if memory.read(at, &mut buffer).is_ok() {
            let mut here = at;
            width.each_word(&buffer, |word| {
                tell(here, word);
                here += step;
            });
        }
        at += wanted;
    }
}
