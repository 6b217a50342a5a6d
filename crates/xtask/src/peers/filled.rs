//! A dump whose memory is full of what programs hold, for the census: objects, pointers, numbers, text, zeros, noise.
//!
//! It is written by hand, piece by piece: memory of 18 GiB is 1 GiB in the file, to which 18 entries of the MemoryListStream
//! point.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

const GIB: u64 = 1 << 30;
const PIECE: usize = 64 << 10;
/// Where the memory begins.
const BASE: u64 = 0x200_0000_0000;
/// A page range of constants in an image, where vftables may lie.
const IMAGE: u64 = 0x7FFB_0000_0000;
const IMAGE_SIZE: u64 = 0x10_0000;
/// Where the memory lies in the file.
const MEMORY_RVA: u64 = 0x1000;

const COMMIT: u64 = 0x1000;
const FREE: u64 = 0x1_0000;
const PRIVATE: u64 = 0x2_0000;
const OF_IMAGE: u64 = 0x100_0000;

/// Takes the dump that an earlier run has left in `dir`, or makes it.
pub(super) fn find_or_make(dir: &Path, gib: u64) -> anyhow::Result<PathBuf> {
    let path = dir.join(format!("filled-{gib}-gib.dmp"));
    if !path.exists() {
        eprintln!("writing a dump of {gib} GiB ...");
        let partial = path.with_extension("part");
        write(&partial, gib).with_context(|| partial.display().to_string())?;
        fs::rename(&partial, &path)?;
    }
    Ok(path)
}

fn write(path: &Path, gib: u64) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut head = streams(gib);
    head.resize(usize::try_from(MEMORY_RVA).unwrap_or(0), 0);
    file.write_all(&head)?;
    let mut number = numbers(gib);
    let mut piece = vec![0; PIECE];
    for _ in 0..GIB / PIECE as u64 {
        fill(&mut piece, &mut number, gib);
        file.write_all(&piece)?;
    }
    file.into_inner()?.sync_all()
}

/// Header, directory, and the streams SystemInfo (7), MemoryInfoList (16) and MemoryList (5).
fn streams(gib: u64) -> Vec<u8> {
    let mut system = words(&[9, 0x1_0000 | 6]); // AMD64; one processor
    system.extend(words(&[10, 0, 19045, 2])); // Windows 10
    system.resize(56, 0);
    let end = BASE + gib * GIB;
    let mut regions = vec![(0x1_0000, 0, BASE, FREE, 1, 0)];
    regions.extend((0..gib).map(|n| BASE + n * GIB).map(|at| (at, at, at + GIB, COMMIT, 4, PRIVATE)));
    regions.push((end, 0, IMAGE, FREE, 1, 0));
    regions.push((IMAGE, IMAGE, IMAGE + IMAGE_SIZE, COMMIT, 2, OF_IMAGE));
    regions.push((IMAGE + IMAGE_SIZE, 0, 0x7FFF_FFFE_0000, FREE, 1, 0));
    let mut infos = words(&[16, 48, regions.len() as u64, 0]);
    for (base, allocation, end, state, protect, kind) in regions {
        infos.extend([base, allocation].map(u64::to_le_bytes).concat());
        infos.extend(words(&[4, 0]));
        infos.extend(u64::to_le_bytes(end - base));
        infos.extend(words(&[state, protect, kind, 0]));
    }
    let mut memory = words(&[gib]);
    for n in 0..gib {
        memory.extend((BASE + n * GIB).to_le_bytes());
        memory.extend(words(&[GIB, MEMORY_RVA]));
    }
    let streams = [(7, system), (16, infos), (5, memory)];
    let mut bytes = words(&[0x504D_444D, 0xA793, streams.len() as u64, 32, 0, 0x6500_0000, 2, 0]);
    let mut at = 32 + 12 * streams.len() as u64;
    for (kind, stream) in &streams {
        bytes.extend(words(&[*kind, stream.len() as u64, at]));
        at += stream.len() as u64;
    }
    bytes.extend(streams.into_iter().flat_map(|(_, stream)| stream));
    bytes
}

/// Numbers of 32 bits.
fn words(numbers: &[u64]) -> Vec<u8> {
    let word = |number: &u64| u32::try_from(*number).expect("what is written here has 32 bits").to_le_bytes();
    numbers.iter().flat_map(word).collect()
}

/// 64 KiB of one kind: of ten pieces three of objects with a vftable each, three of pointers and numbers, one of text, one of
/// zeros, one of floating-point numbers, one of noise.
fn fill(piece: &mut [u8], number: &mut impl FnMut() -> u64, gib: u64) {
    let kind = number() % 10;
    for (n, word) in piece.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let random = number();
        let pointer = BASE + random % (gib * GIB) / 16 * 16;
        let value = match kind {
            // Objects of 192 bytes.
            0..3 if n % 24 == 0 => IMAGE + random % 500 * 64,
            0..6 if random >> 62 == 0 => pointer,
            0..6 => random >> 52,
            6 => u64::from_le_bytes(
                (random % 0x5F5F_5F5F_5F5F_5F5F).to_le_bytes().map(|byte| 0x20 + byte % 0x5F),
            ),
            7 => 0,
            8 => ((random % 100_000) as f64 / 7.0).to_bits(),
            _ => random,
        };
        *word = value.to_le_bytes();
    }
}

/// Numbers that look random, the same each time.
fn numbers(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dumplens_analyzer::Process;
    use dumplens_analyzer::contents::{CensusOptions, Reading, census};
    use dumplens_core::Dump;

    #[test]
    fn its_memory_is_as_large_as_its_name_says() {
        // The first MiB of the memory is enough to open it.
        let mut bytes = streams(18);
        bytes.resize(usize::try_from(MEMORY_RVA).expect("a length") + (1 << 20), 0);
        let dump = Dump::open(bytes).expect("a dump");
        let process = Process::gather(&dump);
        let options = CensusOptions { reading: Reading::Map, ..CensusOptions::default() };
        let taken = census(&process, &options).expect("a census");
        assert_eq!(taken.private_bytes, 18 * GIB);
    }

    #[test]
    fn pieces_hold_each_kind() {
        let (mut piece, mut number) = (vec![0; PIECE], numbers(1));
        let mut kinds = [0; 3];
        for _ in 0..200 {
            fill(&mut piece, &mut number, 1);
            let tables = piece.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
            let tables = tables.filter(|word| (IMAGE..IMAGE + IMAGE_SIZE).contains(word)).count();
            kinds[0] += usize::from(tables > PIECE / 8 / 25);
            kinds[1] += usize::from(piece.iter().all(|byte| *byte == 0));
            kinds[2] += usize::from(piece.iter().all(|byte| (0x20..0x7F).contains(byte)));
        }
        assert!(kinds.iter().all(|count| *count > 5), "{kinds:?}");
    }
}
