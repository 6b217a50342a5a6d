//! Pixels of four bytes, and arrays of numbers of one type.
//!
//! What proves it: of pixels, one byte in four is 255 (opaque), the others vary, and neighbours are alike in all three; of
//! numbers, all words have an exponent near 1.
//! What fools it: noise, and pictures of other depths, are not told; opaque white is *filled with one word*.

use super::Run;
use super::words::{is_double, is_float};
use dumplens_core::Width;

/// Bytes of neighbours that differ by no more than this are alike.
const ALIKE: u8 = 24;

/// Words of four bytes of a run.
fn quads(run: &Run, width: Width) -> impl Iterator<Item = [u8; 4]> {
    let wide = width == Width::Bits64;
    run.values.iter().flat_map(move |word| {
        let [a, b, c, d, rest @ ..] = word.to_le_bytes();
        [Some([a, b, c, d]), wide.then_some(rest)].into_iter().flatten()
    })
}

/// The share of neighbours that are alike, if these are pixels.
pub(super) fn pixels(runs: &[Run], width: Width) -> Option<f64> {
    let (mut all, mut opaque, mut alike, mut pairs, mut varied) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let mut seen = [[false; 256]; 3];
    for run in runs {
        let mut before: Option<[u8; 4]> = None;
        for quad in quads(run, width) {
            all += 1;
            opaque += u64::from(quad[3] == 0xff);
            for (seen, value) in seen.iter_mut().zip(quad) {
                seen[usize::from(value)] = true;
            }
            if let Some(before) = before {
                pairs += 1;
                alike += u64::from((0..3).all(|n| quad[n].abs_diff(before[n]) <= ALIKE));
                varied += u64::from(quad != before);
            }
            before = Some(quad);
        }
    }
    let colours = seen.iter().all(|seen| seen.iter().filter(|seen| **seen).count() >= 12);
    let fits = all >= 4096 && opaque * 100 >= all * 99 && colours && varied * 50 >= pairs;
    (fits && alike * 100 >= pairs * 80).then(|| alike as f64 / pairs as f64)
}

/// The share of words that are numbers of type `double`, if nearly all are.
pub(super) fn doubles(runs: &[Run], width: Width) -> Option<f64> {
    let (mut all, mut fit, mut before) = (0u64, 0u64, None);
    for run in runs {
        let mut values: Box<dyn Iterator<Item = u64>> = match width {
            Width::Bits64 => Box::new(run.values.iter().copied()),
            Width::Bits32 => {
                let from = usize::from(run.address % 8 != 0);
                let pairs = run.values.get(from..).unwrap_or_default().as_chunks::<2>().0;
                Box::new(pairs.iter().map(|pair| pair[0] | pair[1] << 32))
            }
        };
        values.by_ref().filter(|value| *value != 0 && Some(*value) != before.replace(*value)).for_each(
            |value| {
                all += 1;
                fit += u64::from(is_double(value & !(1 << 63)));
            },
        );
    }
    (all >= 256 && fit * 100 >= all * 97).then(|| fit as f64 / all as f64)
}

/// The same of `float`.
pub(super) fn floats(runs: &[Run], width: Width) -> Option<f64> {
    let (mut all, mut fit, mut before) = (0u64, 0u64, None);
    for quad in runs.iter().flat_map(|run| quads(run, width)) {
        let value = u32::from_le_bytes(quad);
        if value != 0 && before.replace(value) != Some(value) {
            all += 1;
            fit += u64::from(is_float(value & !(1 << 31)));
        }
    }
    (all >= 256 && fit * 100 >= all * 97).then(|| fit as f64 / all as f64)
}

/// Whether at least three in four words of four bytes are not zero.
pub(super) fn is_dense(runs: &[Run], width: Width) -> bool {
    let (mut all, mut used) = (0u64, 0u64);
    for quad in runs.iter().flat_map(|run| quads(run, width)) {
        all += 1;
        used += u64::from(quad != [0; 4]);
    }
    used * 4 >= all * 3
}
