//! The counted lists of the format. A count is compared with the bytes present before anything else happens.

use std::time::Instant;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::malformed;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::MINIDUMP_EX_LIST;
use crate::limits;
use crate::metadata::Metadata;
use crate::source;

/// Bytes that are looked at together.
const CHUNK: u64 = 64 << 10;
/// Tables up to this size are read ahead, and kept for the next reader. Longer ones are read in pieces: of this size where
/// reading takes its time.
const AHEAD: u64 = 1 << 20;
/// Otherwise pieces are of this size, which a processor's cache holds.
const PIECE: u64 = 128 << 10;

/// Entries whose bytes are all in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) offset: u64,
    pub(crate) stride: u64,
    pub(crate) count: u64,
}

impl Table {
    /// `listed` entries of `stride` bytes, `header` bytes into the stream; clipped to what the stream and the
    /// file hold, and to `limit`.
    pub(crate) fn fit(
        at: &StreamLocation,
        header: u64,
        stride: u64,
        listed: u64,
        limit: u64,
        damage: &mut Vec<Damage>,
    ) -> Table {
        let held = at.present.saturating_sub(header).checked_div(stride).unwrap_or(0);
        let mut count = listed;
        if held < count {
            damage.push(Damage::EntriesCut { stream: at.kind, listed, read: held.min(limit) });
            count = held;
        } else if limit < count {
            damage.push(Damage::EntriesOverLimit { stream: at.kind, listed, limit });
        }
        Table { offset: at.rva.saturating_add(header), stride, count: count.min(limit) }
    }

    /// A list with nothing but a 32-bit count before its entries (some writers align the entries to 8 bytes).
    pub(crate) fn plain(
        meta: &Metadata<'_>,
        at: &StreamLocation,
        stride: usize,
        limit: u64,
        damage: &mut Vec<Damage>,
    ) -> Result<Table, Damage> {
        let listed = u32_at(meta, at)?;
        let stride = stride as u64;
        let entries = u64::from(listed).saturating_mul(stride);
        let header = if listed > 0 && at.size == entries.saturating_add(8) { 8 } else { 4 };
        Ok(Table::fit(at, header, stride, u64::from(listed), limit, damage))
    }

    /// A list with a MINIDUMP_EX_LIST before its entries; they may be longer than `least` in later versions.
    pub(crate) fn extended(
        meta: &Metadata<'_>,
        at: &StreamLocation,
        least: usize,
        limit: u64,
        damage: &mut Vec<Damage>,
    ) -> Result<Table, Damage> {
        let header: MINIDUMP_EX_LIST = structure(meta, at)?;
        let (before, stride) = (header.size_of_header.get(), header.size_of_entry.get());
        check_sizes(at, before, size_of::<MINIDUMP_EX_LIST>(), stride, least)?;
        let listed = u64::from(header.number_of_entries.get());
        Ok(Table::fit(at, u64::from(before), u64::from(stride), listed, limit, damage))
    }

    /// The entries from `index` on, at most `count`.
    pub(crate) fn part(&self, index: u64, count: u64) -> Table {
        Table {
            offset: self.offset.saturating_add(index.saturating_mul(self.stride)),
            stride: self.stride,
            count: self.count.saturating_sub(index).min(count),
        }
    }

    /// Calls `each` with the entries in order, some at a time; with their first bytes where entries are longer than
    /// this version's.
    pub(crate) fn chunks<T: Raw + Copy>(
        &self,
        meta: &Metadata<'_>,
        mut each: impl FnMut(&[T]),
    ) -> Result<(), Damage> {
        let bytes = self.count.saturating_mul(self.stride);
        let mut piece = if bytes > AHEAD { PIECE } else { CHUNK };
        if (CHUNK.saturating_add(1)..=AHEAD).contains(&bytes) {
            meta.ahead(self.offset, bytes);
        }
        let stride = usize::try_from(self.stride).unwrap_or(usize::MAX);
        let mut chunk = Vec::new();
        let mut heads: Vec<T> = Vec::new();
        let mut index = 0;
        while index < self.count {
            let entries = piece.checked_div(self.stride).unwrap_or(0).max(1);
            let entries = entries.min(self.count.saturating_sub(index));
            chunk.resize(usize::try_from(entries.saturating_mul(self.stride)).unwrap_or(0), 0);
            let begun = Instant::now();
            meta.read(self.offset.saturating_add(index.saturating_mul(self.stride)), &mut chunk)?;
            if piece == PIECE && begun.elapsed() > source::SLOW {
                piece = AHEAD;
            }
            if stride != size_of::<T>() {
                heads.clear();
                heads.extend(
                    chunk.chunks_exact(stride).filter_map(|entry| Some(T::read_from_prefix(entry).ok()?.0)),
                );
            }
            each(if stride == size_of::<T>() {
                <[T]>::ref_from_bytes(&chunk).unwrap_or_default()
            } else {
                &heads
            });
            index = index.saturating_add(entries);
        }
        Ok(())
    }

    /// Calls `each` with every entry, in order.
    pub(crate) fn for_each<T: Raw + Copy>(
        &self,
        meta: &Metadata<'_>,
        mut each: impl FnMut(&T),
    ) -> Result<(), Damage> {
        self.chunks(meta, |entries: &[T]| {
            for entry in entries {
                each(entry);
            }
        })
    }

    /// Every entry, copied out.
    pub(crate) fn entries<T: Raw + Copy>(&self, meta: &Metadata<'_>) -> Result<Vec<T>, Damage> {
        let mut all = Vec::with_capacity(usize::try_from(self.count).unwrap_or(0));
        self.chunks(meta, |entries| all.extend_from_slice(entries))?;
        Ok(all)
    }
}

/// A structure that can be looked at where it lies, at any address.
pub(crate) trait Raw: FromBytes + Immutable + KnownLayout + Unaligned {}

impl<T: FromBytes + Immutable + KnownLayout + Unaligned> Raw for T {}

/// The sizes that a list states of itself: they may grow, never shrink.
pub(crate) fn check_sizes(
    at: &StreamLocation,
    header: u32,
    least_header: usize,
    stride: u32,
    least_stride: usize,
) -> Result<(), Damage> {
    if (header as usize) < least_header || u64::from(header) > at.size {
        return Err(malformed(at.kind, format!("SizeOfHeader is {header}")));
    }
    if (stride as usize) < least_stride || stride > limits::ENTRY_BYTES {
        return Err(malformed(at.kind, format!("SizeOfEntry is {stride}, at least {least_stride} expected")));
    }
    Ok(())
}

/// The structure at the start of a stream.
pub(crate) fn structure<T: FromBytes + IntoBytes>(
    meta: &Metadata<'_>,
    at: &StreamLocation,
) -> Result<T, Damage> {
    if at.present < size_of::<T>() as u64 {
        return Err(malformed(
            at.kind,
            format!("{} bytes, at least {} expected", at.present, size_of::<T>()),
        ));
    }
    meta.structure(at.rva)?.ok_or_else(|| malformed(at.kind, "cut off"))
}

fn u32_at(meta: &Metadata<'_>, at: &StreamLocation) -> Result<u32, Damage> {
    structure::<zerocopy::little_endian::U32>(meta, at).map(zerocopy::little_endian::U32::get)
}
