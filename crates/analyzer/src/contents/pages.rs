//! What a page holds, by its bytes alone.
//!
//! What proves it: zeros and a repeated word are compared whole; text is a page of which 31 in 32 bytes are printable; what
//! chance makes has an entropy that nothing else reaches: 4096 random bytes have 7.95 bits a byte, and under 7.9 never.
//! Text of other scripts: `scripts`. What fools it: packed numbers with few bits in common look random.

use std::sync::LazyLock;

use super::kinds::PageKind;
use super::scripts;

/// Bytes of a page.
pub(super) const PAGE: usize = 0x1000;
/// Bits a byte from which on a page is random.
const RANDOM: f64 = 7.9;
/// Different bytes among the first 256 from which on entropy is worth the time: 162 are expected of random ones.
const VARIED: usize = 130;

/// The kind of a page, or of what is left of one.
pub(super) fn kind(page: &[u8]) -> PageKind {
    let first = page.get(..8).unwrap_or_default();
    if is_repeated(page, first) {
        return repeated(first);
    }
    let sample = page.get(..256).unwrap_or(page);
    if is_ascii(sample, 8) && is_ascii(page, 32) {
        return PageKind::Ascii;
    }
    if is_utf16(sample, 8) && is_utf16(page, 32) {
        return PageKind::Utf16;
    }
    if scripts::is_utf8(sample, 8) && scripts::is_utf8(page, 32) {
        return PageKind::Utf8;
    }
    if scripts::is_utf16(sample, 8) && scripts::is_utf16(page, 32) {
        return PageKind::Utf16;
    }
    if distinct(sample) >= VARIED && entropy(page) >= RANDOM { PageKind::Random } else { PageKind::Mixed }
}

/// Of a word over and over: a text may be so short, but not one letter.
fn repeated(word: &[u8]) -> PageKind {
    let one = |bytes: &[u8], apart: usize| bytes.windows(apart + 1).all(|pair| pair[0] == pair[apart]);
    match word {
        _ if word.iter().all(|byte| *byte == 0) => PageKind::Zero,
        _ if word.iter().all(|byte| is_printable(*byte)) && !one(word, 1) => PageKind::Ascii,
        _ if word.as_chunks::<2>().0.iter().all(|u| u[1] == 0 && is_printable(u[0])) && !one(word, 2) => {
            PageKind::Utf16
        }
        _ => PageKind::Fill,
    }
}

fn is_repeated(page: &[u8], first: &[u8]) -> bool {
    let Ok(first) = <[u8; 8]>::try_from(first) else { return page.iter().all(|byte| *byte == 0) };
    let first = u64::from_le_bytes(first);
    let (words, rest) = page.as_chunks::<8>();
    let mut blocks = words.chunks(64);
    // A block at a time, so that the compiler compares many words at once.
    blocks.all(|block| block.iter().fold(0, |all, word| all | (u64::from_le_bytes(*word) ^ first)) == 0)
        && rest.iter().zip(first.to_le_bytes()).all(|(a, b)| *a == b)
}

/// Whether all but one in `of` bytes are printable, or ends of lines and of texts.
pub(super) fn is_ascii(bytes: &[u8], of: usize) -> bool {
    let (odd, zeros) = (count(bytes, |byte| !is_printable(byte)), count(bytes, |byte| byte == 0));
    !bytes.is_empty() && (odd - zeros) * of <= bytes.len() && zeros * 8 <= bytes.len()
}

/// How many bytes are such.
pub(super) fn count(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    // Counters of one byte, so that the compiler counts many bytes at once.
    let of = |chunk: &[u8]| chunk.iter().fold(0u8, |sum, byte| sum + u8::from(is_such(*byte)));
    bytes.chunks(128).map(|chunk| usize::from(of(chunk))).sum()
}

/// The same of characters of two bytes.
pub(super) fn count_units(units: &[[u8; 2]], is_such: impl Fn(u16) -> bool) -> usize {
    let add = |sum: u16, unit: &[u8; 2]| sum + u16::from(is_such(u16::from_le_bytes(*unit)));
    units.chunks(PAGE / 2).map(|chunk| usize::from(chunk.iter().fold(0, add))).sum()
}

#[allow(clippy::needless_bitwise_bool)] // no branches: the compiler does many bytes at once
fn is_printable(byte: u8) -> bool {
    (byte.wrapping_sub(0x20) < 0x5f) | (byte == b'\t') | (byte == b'\n') | (byte == b'\r')
}

/// The same of characters of two bytes, of the Latin blocks.
pub(super) fn is_utf16(bytes: &[u8], of: usize) -> bool {
    let (units, _) = bytes.as_chunks::<2>();
    let odd = count_units(units, |unit| !is_latin(unit));
    let zeros = count_units(units, |unit| unit == 0);
    !units.is_empty() && (odd - zeros) * of <= units.len() && zeros * 8 <= units.len()
}

/// ASCII that is printable, Latin-1 and Latin Extended-A.
#[allow(clippy::needless_bitwise_bool)] // no branches, as above
fn is_latin(unit: u16) -> bool {
    (unit.wrapping_sub(0x20) < 0x5f)
        | (unit.wrapping_sub(0xa0) < 0xe0)
        | (unit == 0x09)
        | (unit == 0x0a)
        | (unit == 0x0d)
}

fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}

#[allow(clippy::cast_possible_truncation)] // below 2^16, and compared with a tenth
/// `n * log2(n)` of every number of equal bytes that a page can have.
static LOGARITHMS: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..=PAGE).map(|n| if n == 0 { 0.0 } else { (n as f64 * (n as f64).log2()) as f32 }).collect()
});

/// Bits a byte, of no more than a page.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [[0u16; 256]; 2];
    let (pairs, rest) = bytes.as_chunks::<2>();
    // Two tables, since the same byte twice in a row would wait for itself.
    for [a, b] in pairs {
        counts[0][usize::from(*a)] += 1;
        counts[1][usize::from(*b)] += 1;
    }
    for byte in rest {
        counts[0][usize::from(*byte)] += 1;
    }
    let of = |(a, b): (&u16, &u16)| LOGARITHMS.get(usize::from(a + b)).copied().map_or(0.0, f64::from);
    let sum: f64 = counts[0].iter().zip(&counts[1]).map(of).sum();
    let whole = bytes.len() as f64;
    whole.log2() - sum / whole
}

/// A number that pages with the same bytes share: products of 128 bits folded, as wyhash does.
#[allow(clippy::cast_possible_truncation)] // both halves are taken
pub(super) fn hash(page: &[u8]) -> u64 {
    const ODD: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db];
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    let (blocks, rest) = page.as_chunks::<64>();
    let mix = |lane: u64, pair: &[u8; 16]| {
        let whole = u128::from_le_bytes(*pair);
        fold(whole as u64 ^ ODD[0] ^ lane, (whole >> 64) as u64 ^ ODD[1]).rotate_left(23) ^ lane
    };
    // Four lanes, so that no product waits for the one before it.
    let mut lanes = [0u64; 4];
    for block in blocks {
        if let [a, b, c, d] = block.as_chunks::<16>().0 {
            lanes = [mix(lanes[0], a), mix(lanes[1], b), mix(lanes[2], c), mix(lanes[3], d)];
        }
    }
    let all = lanes.iter().fold(page.len() as u64, |all, lane| fold(all ^ ODD[0], *lane ^ ODD[1]));
    let tail = rest.iter().fold(0, |all: u64, byte| all.rotate_left(8) ^ u64::from(*byte));
    fold(all ^ tail ^ ODD[0], ODD[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator of numbers that look random: xorshift64*.
    fn random(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        move || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d)
        }
    }

    fn page_of(mut word: impl FnMut(usize) -> u64) -> Vec<u8> {
        (0..PAGE / 8).flat_map(|n| word(n).to_le_bytes()).collect()
    }

    #[test]
    fn each_kind_is_told() {
        assert_eq!(kind(&[0; PAGE]), PageKind::Zero);
        assert_eq!(kind(&page_of(|_| 0xcdcd_cdcd_cdcd_cdcd)), PageKind::Fill);
        assert_eq!(kind(&page_of(|_| 0x2020_2020_2020_2020)), PageKind::Fill, "one letter");
        assert_eq!(kind(&page_of(|_| u64::from_le_bytes(*b"abc;abc;"))), PageKind::Ascii);
        let text: Vec<u8> =
            b"All work and no play makes Jack a dull boy.\r\n".iter().copied().cycle().take(PAGE).collect();
        assert_eq!(kind(&text), PageKind::Ascii);
        let wide: Vec<u8> = text.iter().take(PAGE / 2).flat_map(|byte| [*byte, 0]).collect();
        assert_eq!(kind(&wide), PageKind::Utf16);
        for seed in 0..200 {
            let mut next = random(seed);
            assert_eq!(kind(&page_of(|_| next())), PageKind::Random, "{seed}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_mixed() {
        let mut next = random(7);
        let mut number = move || (next() >> 11) as f64 / (1u64 << 53) as f64;
        assert_eq!(kind(&page_of(|_| number().to_bits())), PageKind::Mixed, "doubles between 0 and 1");
        assert_eq!(kind(&page_of(|n| 0x1f0_0000_0000 + 48 * n as u64)), PageKind::Mixed, "pointers");
        assert_eq!(kind(&page_of(|n| n as u64)), PageKind::Mixed, "numbers");
        let mut last = vec![0; PAGE];
        last[PAGE - 1] = 1;
        assert_eq!(kind(&last), PageKind::Mixed, "one byte");
    }

    #[test]
    fn hashes_tell_pages_apart() {
        let mut next = random(3);
        let page = page_of(|_| next());
        let mut other = page.clone();
        other[4001] ^= 1;
        assert_eq!(hash(&page), hash(&page.clone()));
        assert_ne!(hash(&page), hash(&other));
    }
}
