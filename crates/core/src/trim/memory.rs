//! The memory that is kept, as Memory64List, or as MemoryList where the original had only that.

use std::io::{self, Seek, Write};

use zerocopy::IntoBytes;

use super::output::{CHUNK, Output, too_large};
use crate::dump::Dump;
use crate::format::{
    MINIDUMP_LOCATION_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR, MINIDUMP_MEMORY_DESCRIPTOR64,
    MINIDUMP_MEMORY64_LIST,
};
use crate::spans::Spans;
use crate::vocabulary::StreamType;

/// A run of addresses that is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) size: u64,
}

/// What there is, in the file, of the addresses to keep.
pub(super) fn pieces(dump: &Dump, keep: &Spans) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for range in dump.memory().ranges() {
        let present = range.size.min(dump.size().saturating_sub(range.offset));
        let behind = range.start.saturating_add(present);
        for (start, end) in keep.within(range.start, behind) {
            let (start, end) = (start.max(range.start), end.min(behind));
            pieces.push(Piece { start, size: end.saturating_sub(start) });
        }
    }
    pieces
}

/// Writes the list, and the contents behind it.
pub(super) fn write<W: Write + Seek>(
    out: &mut Output<'_, '_, W>,
    pieces: &[Piece],
    edit: &mut dyn FnMut(u64, &mut [u8]),
) -> io::Result<()> {
    if out.dump.stream(StreamType::MEMORY64_LIST).is_some() || !list32(out, pieces)? {
        list64(out, pieces)?;
    }
    for piece in pieces {
        contents(out, *piece, edit)?;
    }
    Ok(())
}

fn list64<W: Write + Seek>(out: &mut Output<'_, '_, W>, pieces: &[Piece]) -> io::Result<()> {
    let rva = out.align()?;
    let entries = (pieces.len() as u64).saturating_mul(size_of::<MINIDUMP_MEMORY_DESCRIPTOR64>() as u64);
    let size = entries.saturating_add(size_of::<MINIDUMP_MEMORY64_LIST>() as u64);
    out.stream(StreamType::MEMORY64_LIST, rva, size)?;
    let base_rva = u64::from(rva).saturating_add(size).into();
    let header = MINIDUMP_MEMORY64_LIST { number_of_memory_ranges: (pieces.len() as u64).into(), base_rva };
    out.write(header.as_bytes())?;
    for piece in pieces {
        let (start_of_memory_range, data_size) = (piece.start.into(), piece.size.into());
        out.write(MINIDUMP_MEMORY_DESCRIPTOR64 { start_of_memory_range, data_size }.as_bytes())?;
    }
    Ok(())
}

/// As readers of small minidumps expect it; `false`, and nothing written, if it would not fit into 32 bits.
fn list32<W: Write + Seek>(out: &mut Output<'_, '_, W>, pieces: &[Piece]) -> io::Result<bool> {
    let entries = (pieces.len() as u64).saturating_mul(size_of::<MINIDUMP_MEMORY_DESCRIPTOR>() as u64);
    let size = entries.saturating_add(4);
    let contents = out.at().saturating_add(8).saturating_add(size);
    let end = pieces.iter().fold(contents, |end, piece| end.saturating_add(piece.size));
    if u32::try_from(end).is_err() {
        return Ok(false);
    }
    let rva = out.align()?;
    out.stream(StreamType::MEMORY_LIST, rva, size)?;
    out.write(&u32::try_from(pieces.len()).map_err(|_| too_large())?.to_le_bytes())?;
    let mut offset = u64::from(rva).saturating_add(size);
    for piece in pieces {
        let small = |n: u64| u32::try_from(n).map(Into::into).map_err(|_| too_large());
        let memory = MINIDUMP_LOCATION_DESCRIPTOR { data_size: small(piece.size)?, rva: small(offset)? };
        let start_of_memory_range = piece.start.into();
        out.write(MINIDUMP_MEMORY_DESCRIPTOR { start_of_memory_range, memory }.as_bytes())?;
        offset = offset.saturating_add(piece.size);
    }
    Ok(true)
}

fn contents<W: Write + Seek>(
    out: &mut Output<'_, '_, W>,
    piece: Piece,
    edit: &mut dyn FnMut(u64, &mut [u8]),
) -> io::Result<()> {
    let mut buf = vec![0; usize::try_from(CHUNK.min(piece.size)).unwrap_or(0)];
    let (mut at, end) = (piece.start, piece.start.saturating_add(piece.size));
    while at < end {
        // Up to a multiple of the chunk, so that no pointer is split between two.
        let stop = (at | CHUNK.wrapping_sub(1)).saturating_add(1).min(end);
        let length = usize::try_from(stop.saturating_sub(at)).unwrap_or(0);
        let Some(part) = buf.get_mut(..length) else { break };
        out.dump
            .memory()
            .whole()
            .read(at, part)
            .map_err(|unreadable| io::Error::other(unreadable.to_string()))?;
        edit(at, part);
        out.write(part)?;
        at = stop;
    }
    Ok(())
}
