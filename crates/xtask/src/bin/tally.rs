//! What a pass over a memory map takes that only tallies: bytes by state, type and protection, in a list that is as sound
//! as the benchmark's. It checks nothing, and knows of no stacks, heaps or modules.
#![allow(clippy::print_stdout, reason = "it prints its totals")]

use std::error::Error;
use std::path::Path;

use dumplens_core::{FileSource, Source, StreamType};

/// `MINIDUMP_MEMORY_INFO`: RegionSize at 18, State at 20, Protect at 24, Type at 28; 30 bytes (hex).
const ENTRY: usize = 0x30;
const PIECE: usize = ENTRY << 12;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: tally DUMP")?;
    let source = FileSource::open(Path::new(&path))?;
    let (mut offset, mut left) = list(&source)?;
    let mut sums: Vec<([u32; 3], u64, u64)> = Vec::new();
    let mut buffer = vec![0; PIECE];
    while left > 0 {
        let wanted = PIECE.min(usize::try_from(left)?);
        let read = source.read_at(offset, &mut buffer[..wanted])?;
        let whole = read - read % ENTRY;
        if whole == 0 {
            return Err("the dump ends early".into());
        }
        for entry in buffer[..whole].chunks_exact(ENTRY) {
            let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|n| entry[at + n]));
            let size = u64::from(number(0x18)) | u64::from(number(0x1c)) << 32;
            let key = [number(0x20), number(0x28), number(0x24)];
            match sums.iter_mut().find(|(known, ..)| *known == key) {
                Some((_, regions, bytes)) => (*regions, *bytes) = (*regions + 1, *bytes + size),
                None => sums.push((key, 1, size)),
            }
        }
        offset += whole as u64;
        left -= whole as u64;
    }
    for ([state, kind, protect], regions, bytes) in sums {
        println!("{state:#x} {kind:#x} {protect:#x}: {regions} regions, {bytes} bytes");
    }
    Ok(())
}

/// Where the entries of the MemoryInfoList are, and how many bytes they have.
fn list(source: &FileSource) -> Result<(u64, u64), Box<dyn Error>> {
    let (streams, directory) = (u32_at(source, 8)?, u32_at(source, 12)?);
    for entry in (0..u64::from(streams)).map(|n| u64::from(directory) + 12 * n) {
        if StreamType(u32_at(source, entry)?) == StreamType::MEMORY_INFO_LIST {
            let stream = u64::from(u32_at(source, entry + 8)?);
            let (header, entries) = (u32_at(source, stream)?, u32_at(source, stream + 8)?);
            return Ok((stream + u64::from(header), u64::from(entries) * ENTRY as u64));
        }
    }
    Err("has no MemoryInfoList".into())
}

fn u32_at(source: &FileSource, offset: u64) -> Result<u32, Box<dyn Error>> {
    let mut bytes = [0; 4];
    source.read_at(offset, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}
