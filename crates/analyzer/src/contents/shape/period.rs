//! The size of an array's elements: the smallest distance at which the kinds of words repeat.
//!
//! What proves it: at the right distance each column has one kind; the score says of how many words that is so, and `chance`
//! how many it would be without any distance.
//! What fools it: elements whose words are all of one kind have no period by kinds; then how words differ decides.

use super::Run;
use super::words::{KINDS, Word};

/// Words of an element at most: 1 KiB on x64.
const MOST: usize = 128;
/// Words of a kind, of all, from which on there are no columns to tell apart.
const ALL_ALIKE: f64 = 0.97;
/// How much better than chance a distance must be, of what there is to gain.
const BETTER: f64 = 0.5;
/// The gain from which on a smaller distance is as good as the best, of the best's.
const NEAR: f64 = 0.93;

/// A distance at which words repeat.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Period {
    /// In words.
    pub(super) words: usize,
    /// The share of words that have the kind of their column.
    pub(super) score: f64,
    /// The same without columns.
    pub(super) chance: f64,
    /// The commonest kind of each column that is not zero, counted from the first address of the allocation or block.
    pub(super) columns: Vec<Word>,
}

/// By the kinds of words.
pub(super) fn by_kinds(runs: &[Run]) -> Option<Period> {
    let chance = columns(runs, 1)?.score;
    if chance >= ALL_ALIKE {
        return None;
    }
    let clear = chance + BETTER * (1.0 - chance);
    let near = |best: f64| chance + NEAR * (best - chance);
    // The columns of a distance take long to count: the likeliest first, and no more than can still be near the best.
    let mut likely: Vec<(f64, usize)> = (2..=MOST).map(|words| (at_most(runs, words), words)).collect();
    likely.retain(|(at_most, _)| *at_most >= near(clear));
    likely.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut tried, mut best) = (Vec::new(), chance);
    for (at_most, words) in likely {
        if at_most < near(best) {
            break;
        }
        let Some(period) = columns(runs, words) else { continue };
        best = best.max(period.score);
        tried.push(period);
    }
    let found =
        tried.into_iter().filter(|period| period.score >= near(best)).min_by_key(|period| period.words)?;
    (best >= clear).then_some(Period { chance, ..found })
}

/// What the score of a distance cannot pass. Where a column has `n` words that are not of its commonest kind, at most `2 n` of
/// its words differ from the next one in it.
fn at_most(runs: &[Run], words: usize) -> f64 {
    let differ = |(a, b): (&[Word], &[Word])| {
        // A counter of one byte, so that the compiler compares many words at once.
        u64::from(a.iter().zip(b).map(|(a, b)| u8::from(a != b)).sum::<u8>())
    };
    let of_run = |run: &Run| -> u64 {
        let later = run.kinds.get(words..).unwrap_or_default();
        run.kinds.chunks(128).zip(later.chunks(128)).map(differ).sum()
    };
    let all: usize = runs.iter().map(|run| run.kinds.len()).sum();
    1.0 - runs.iter().map(of_run).sum::<u64>() as f64 / 2.0 / all.max(1) as f64
}

/// Kinds of words by their column at a distance. Pages of zeros are left out: they have no elements.
pub(super) fn columns(runs: &[Run], words: usize) -> Option<Period> {
    let mut counts = vec![[0u32; KINDS]; words];
    for run in runs {
        let mut column = run.first % words;
        for kind in &run.kinds {
            counts[column][*kind as usize] += 1;
            column = if column + 1 == words { 0 } else { column + 1 };
        }
    }
    let all: u64 = counts.iter().flatten().map(|n| u64::from(*n)).sum();
    // With few elements each column has one kind by chance.
    if all < 16 * words as u64 {
        return None;
    }
    let most = counts.iter().map(|of| u64::from(*of.iter().max().unwrap_or(&0))).sum::<u64>();
    let score = most as f64 / all as f64;
    Some(Period { words, score, chance: score, columns: counts.iter().map(commonest).collect() })
}

/// The commonest kind: of pointers, all together; zero only where nothing else is common.
fn commonest(of: &[u32; KINDS]) -> Word {
    let all: u32 = of.iter().sum();
    let rest = all - of[Word::Zero as usize];
    let best = (1..KINDS).max_by_key(|kind| (of[*kind], KINDS - kind)).unwrap_or(0);
    if rest * 4 < all || of[best] * 2 < rest { fallback(of, rest * 4 < all) } else { Word::from_index(best) }
}

fn fallback(of: &[u32; KINDS], mostly_zero: bool) -> Word {
    let numbers = of[Word::Small as usize] + of[Word::Int as usize];
    let rest: u32 = of[1..].iter().sum();
    match (mostly_zero, numbers * 2 >= rest) {
        (true, _) => Word::Zero,
        (false, true) => Word::Int,
        (false, false) => Word::Other,
    }
}

/// Which kinds of words there are, the commonest first, with their shares: `45% zero`.
pub(super) fn composition(runs: &[Run]) -> Vec<String> {
    let mut counts = [0u64; KINDS];
    runs.iter().flat_map(|run| &run.kinds).for_each(|kind| counts[*kind as usize] += 1);
    let all: u64 = counts.iter().sum();
    let mut kinds: Vec<(u64, usize)> = counts.iter().copied().zip(0..).collect();
    kinds.sort_unstable_by_key(|(count, kind)| (std::cmp::Reverse(*count), *kind));
    let common = kinds.into_iter().take(4).filter(|(count, _)| count * 20 >= all && *count > 0);
    let share = |count: u64| 100.0 * count as f64 / all as f64;
    common.map(|(count, kind)| format!("{:.0}% {}", share(count), Word::from_index(kind).title())).collect()
}

/// By how words differ from those a distance before them: in elements of one kind, values of a column lie closer together
/// than those of neighbours.
pub(super) fn by_values(runs: &[Run]) -> Option<usize> {
    const FARTHEST: usize = 32;
    let next = distance(runs, 1)?;
    let tried: Vec<(usize, f64)> =
        (2..=FARTHEST).filter_map(|words| Some((words, distance(runs, words)?))).collect();
    let best = tried.iter().map(|(_, bits)| *bits).fold(f64::MAX, f64::min);
    let (words, bits) = tried.into_iter().find(|(_, bits)| *bits <= best * 1.05 + 0.25)?;
    (bits < next * 0.8 && next - bits >= 2.0).then_some(words)
}

/// Bits that the difference of words so far apart takes, on average.
fn distance(runs: &[Run], words: usize) -> Option<f64> {
    let (mut bits, mut count) = (0u64, 0u64);
    for run in runs.iter().take(4) {
        for (a, b) in run.values.iter().zip(run.values.get(words..).unwrap_or_default()) {
            bits += u64::from(64 - a.abs_diff(*b).leading_zeros());
            count += 1;
        }
    }
    (count >= 64).then(|| bits as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::draw::next;

    /// What is left out for its bound would not have been found: all distances are tried beside it.
    #[test]
    fn bounds_leave_out_nothing() {
        let mut state = 5;
        let mut found = 0;
        for case in 0..200usize {
            let (period, noise) = (2 + case % 60, case / 2);
            let mut any = || usize::try_from(next(&mut state)).unwrap_or(0);
            let pattern: Vec<Word> = (0..period).map(|_| Word::from_index(any() % KINDS)).collect();
            let mut kind = |n: usize| {
                let (chance, other) = (any() % 100, Word::from_index(any() % KINDS));
                if chance < noise { other } else { pattern[n % period] }
            };
            let run = |first: usize, kinds: Vec<Word>| Run { address: 0, first, values: Vec::new(), kinds };
            let runs: Vec<Run> =
                [0, 7000].map(|first| run(first, (0..4096).map(|n| kind(first + n)).collect())).into();
            let chance = columns(&runs, 1).unwrap().score;
            let tried: Vec<Period> = (2..=MOST).filter_map(|words| columns(&runs, words)).collect();
            assert!(tried.iter().all(|period| period.score <= at_most(&runs, period.words) + 1e-9));
            let best = tried.iter().map(|period| period.score).fold(chance, f64::max);
            let near = tried.iter().find(|p| p.score - chance >= NEAR * (best - chance) - 1e-12);
            let clear = chance < ALL_ALIKE && best - chance >= BETTER * (1.0 - chance);
            let expected = near.filter(|_| clear).map(|period| period.words);
            assert_eq!(by_kinds(&runs).map(|period| period.words), expected, "{case}");
            found += u32::from(expected.is_some());
        }
        assert!((50..150).contains(&found), "{found} of 200 have a period");
    }
}
