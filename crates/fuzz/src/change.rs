//! What is done to a seed.

use dumplens_synth::damage::Random;

/// Counts, sizes and places that readers get wrong.
const NUMBERS: [u64; 16] = [
    0,
    1,
    2,
    0xff,
    0x1000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff0,
    0xffff_ffff,
    1 << 32,
    0x7fff_ffff_f000,
    1 << 47,
    1 << 63,
    u64::MAX - 0xfff,
    u64::MAX,
];

/// Where header, directory and the tables of most streams lie.
const HEAD: usize = 6 << 10;

/// A seed with one to eight changes, the same for the same number. Even runs change one of the sixteen sound dumps that
/// [`crate::seeds::dumps`] begins with.
pub fn changed(seeds: &[Vec<u8>], run: u64) -> Vec<u8> {
    let mut random = Random::new(run);
    let among = if run.is_multiple_of(2) { 16.min(seeds.len()) } else { seeds.len() };
    let mut bytes = seeds[random.index(among)].clone();
    for _ in 0..=random.index(8) {
        if bytes.len() < 64 {
            break;
        }
        change(&mut random, &mut bytes, seeds);
    }
    bytes
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let length = bytes.len();
    // Half of all changes are near the start, where a byte matters most.
    let within = if random.index(2) == 0 { HEAD.min(length) } else { length };
    let at = random.index(within - 32);
    let aligned = at & !3;
    match random.index(16) {
        0..=3 => bytes[at] ^= 1 << random.index(8),
        4 | 5 => put(bytes, aligned, &NUMBERS[random.index(10)].to_le_bytes()[..4]),
        6 => put(bytes, at & !7, &NUMBERS[random.index(16)].to_le_bytes()),
        7 => near(random, bytes, aligned),
        8 => put(bytes, aligned, &small(random.index(length))[..4]),
        9 => put(bytes, at & !1, &small(random.index(0x400))[..2]),
        // A field, or a pointer, in place of another.
        10 | 11 => {
            let from = random.index(length - 32) & !7;
            bytes.copy_within(from..from + 8, at & !7);
        }
        12 | 13 => {
            let size = 1 + random.index(512.min(length / 4));
            let from = random.index(length - size);
            bytes.copy_within(from..from + size, random.index(length - size));
        }
        14 => splice(random, bytes, seeds),
        _ => bytes.truncate(length - random.index(length / 2)),
    }
}

/// A number that is a little more or less than it was.
fn near(random: &mut Random, bytes: &mut [u8], at: usize) {
    let mut field = [0; 4];
    field.copy_from_slice(&bytes[at..at + 4]);
    let by = u32::try_from(random.index(64)).expect("small");
    let value = u32::from_le_bytes(field).wrapping_add(by).wrapping_sub(32);
    put(bytes, at, &value.to_le_bytes());
}

/// A piece of another seed, over this one's bytes or between them.
fn splice(random: &mut Random, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let other = &seeds[random.index(seeds.len())];
    let size = 1 + random.index(other.len().min(2048));
    let from = random.index(other.len() - size + 1);
    let piece = &other[from..from + size];
    let at = random.index(bytes.len());
    if random.index(2) == 0 {
        let size = size.min(bytes.len() - at);
        put(bytes, at, &piece[..size]);
    } else {
        bytes.splice(at..at, piece.iter().copied());
    }
}

fn small(number: usize) -> [u8; 8] {
    (number as u64).to_le_bytes()
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}
