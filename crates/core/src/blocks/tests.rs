use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::held::{FREE, GENERATION, PAGE, Run};
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
    assert_eq!(read as u64, blocks.size().saturating_sub(offset).min(len as u64), "{offset:#x}, {len:#x}");
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
        let bytes = |map: &BTreeMap<u64, Run>| map.values().map(|run| run.bytes.len() as u64).sum::<u64>();
        assert!(bytes(&held.young) == held.bytes && bytes(&held.old) <= GENERATION + AHEAD);
        let runs = held.young.iter().chain(&held.old);
        let mut extents: Vec<(u64, u64)> = runs.map(|(at, run)| (*at, at + run.bytes.len() as u64)).collect();
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
