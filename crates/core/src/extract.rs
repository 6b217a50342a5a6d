//! A small, sound minidump for the `minidump` crate to read.
//!
//! The crate needs the file as one slice, and rejects a whole list for one bad entry. So the streams that it reads are
//! copied, each checked entry by entry, into a minidump of our own that holds nothing else: counts match the bytes,
//! every RVA points inside, bad names are empty, bad records are gone (and reported). The crate then cannot fail on
//! them, whatever the size of the file and wherever its bytes come from.

use std::collections::BTreeMap;

use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use crate::damage::Damage;
use crate::format::{MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_LOCATION_DESCRIPTOR, MINIDUMP_SIGNATURE};
use crate::limits;
use crate::metadata::Metadata;
use crate::utf16;
use crate::vocabulary::StreamType;

/// What could not be copied, counted per stream so that 65,536 bad names are one line.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    lost: Vec<(&'static str, u64, u64)>,
    repaired: u64,
    unusable: u64,
}

impl Losses {
    /// Counts one lost part of entry `index`.
    pub(crate) fn lost(&mut self, what: &'static str, index: u64) {
        match self.lost.iter_mut().find(|(known, ..)| *known == what) {
            Some((_, count, _)) => *count = count.saturating_add(1),
            None => self.lost.push((what, 1, index)),
        }
    }

    /// Whether a module may have this extent; one that may not is counted, and is to be left out.
    pub(crate) fn is_extent(&mut self, base: u64, size: u32) -> bool {
        let usable = size > 0 && base.checked_add(u64::from(size)).is_some();
        self.unusable = self.unusable.saturating_add(u64::from(!usable));
        usable
    }

    /// The counts as damage of `stream`.
    pub(crate) fn report(self, stream: StreamType, damage: &mut Vec<Damage>) {
        if self.unusable > 0 {
            let why = "size zero, or past the end of the address space";
            damage.push(Damage::EntriesDropped { stream, count: self.unusable, why });
        }
        for (what, count, first) in self.lost {
            damage.push(Damage::PartsLost { stream, what, count, first });
        }
        if self.repaired > 0 {
            damage.push(Damage::NamesRepaired { stream, count: self.repaired });
        }
    }
}

/// The minidump being built.
pub(crate) struct Extract<'m, 's> {
    pub(crate) meta: &'m Metadata<'s>,
    bytes: Vec<u8>,
    directory: Vec<MINIDUMP_DIRECTORY>,
    copied: BTreeMap<(u64, u32), U32>,
    /// How many bytes the extract may have.
    budget: u64,
    /// How many bytes of names and records may still be referred to. The crate makes a copy for each reference, so
    /// what is shared in the file is not shared there.
    references: u64,
}

impl<'m, 's> Extract<'m, 's> {
    pub(crate) fn new(meta: &'m Metadata<'s>) -> Extract<'m, 's> {
        let budget = limits::EXTRACT_BYTES.min(meta.size().saturating_mul(2).saturating_add(4096));
        // Behind the header lies one empty MINIDUMP_STRING, for every name that is lost.
        let bytes = vec![0; size_of::<MINIDUMP_HEADER>().saturating_add(8)];
        let references = limits::REFERRED_BYTES.saturating_add(meta.size());
        Extract { meta, bytes, directory: vec![], copied: BTreeMap::new(), budget, references }
    }

    /// Appends bytes, 4-aligned; `None` once the extract is as large as the file could justify.
    fn put(&mut self, bytes: &[u8]) -> Option<U32> {
        self.put_parts(&[bytes])
    }

    /// The same, of bytes in parts.
    fn put_parts(&mut self, parts: &[&[u8]]) -> Option<U32> {
        let at = self.bytes.len().next_multiple_of(4);
        let end = parts.iter().fold(at as u64, |end, part| end.saturating_add(part.len() as u64));
        if end > self.budget {
            return None;
        }
        self.bytes.resize(at, 0);
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        u32::try_from(at).ok().map(U32::new)
    }

    /// Adds a finished stream, given in parts.
    pub(crate) fn stream(&mut self, kind: StreamType, parts: &[&[u8]]) -> Result<(), Damage> {
        let too_large =
            || Damage::StreamMalformed { stream: kind, why: "larger than the whole file".to_owned() };
        let rva = self.put_parts(parts).ok_or_else(too_large)?;
        let length = self.bytes.len().saturating_sub(rva.get() as usize);
        let data_size = U32::new(u32::try_from(length).map_err(|_| too_large())?);
        let location = MINIDUMP_LOCATION_DESCRIPTOR { data_size, rva };
        self.directory.push(MINIDUMP_DIRECTORY { stream_type: U32::new(kind.0), location });
        Ok(())
    }

    /// Counts one more reference to so many bytes; `None` when there have been too many.
    fn refer(&mut self, bytes: usize) -> Option<()> {
        self.references = self.references.checked_sub(bytes as u64)?;
        Some(())
    }

    /// Copies the MINIDUMP_STRING at `rva`; a bad one becomes the empty string, and is counted.
    pub(crate) fn string(&mut self, rva: u64, index: u64, losses: &mut Losses) -> U32 {
        let copied = match self.copied.get(&(rva, u32::MAX)) {
            Some(copied) => Some(*copied),
            None => self.copy_string(rva, losses),
        };
        let length = copied.and_then(|at| self.bytes.get(at.get() as usize..)?.first_chunk::<4>().copied());
        let referred = length.and_then(|length| self.refer(u32::from_le_bytes(length) as usize));
        if let (Some(copied), Some(())) = (copied, referred) {
            return copied;
        }
        losses.lost("name", index);
        EMPTY_STRING
    }

    fn copy_string(&mut self, rva: u64, losses: &mut Losses) -> Option<U32> {
        let left = self.budget.saturating_sub(self.bytes.len() as u64);
        let units = string_bytes(self.meta, rva, left)?;
        let sound = !has_surrogates(&units) || char::decode_utf16(utf16::units(&units)).all(|c| c.is_ok());
        let units = if sound { units } else { replaced(&units) };
        losses.repaired = losses.repaired.saturating_add(u64::from(!sound));
        let length = u32::try_from(units.len()).ok()?.to_le_bytes();
        let copied = self.put_parts(&[&length, &units, &[0, 0]])?;
        self.copied.insert((rva, u32::MAX), copied);
        Some(copied)
    }

    /// Copies the bytes at a location; an empty location if they are not all in the file or over `limit`.
    pub(crate) fn record(
        &mut self,
        from: MINIDUMP_LOCATION_DESCRIPTOR,
        limit: u32,
        what: &'static str,
        index: u64,
        losses: &mut Losses,
    ) -> MINIDUMP_LOCATION_DESCRIPTOR {
        let size = from.data_size.get();
        // An RVA of 0 is the file's header: the writer had nothing to write.
        if size == 0 || from.rva.get() == 0 {
            return NOWHERE;
        }
        let place = (u64::from(from.rva.get()), size);
        let copied = match self.copied.get(&place) {
            Some(copied) => Some(*copied),
            None if size > limit => None,
            None => {
                self.meta.bytes(place.0, u64::from(size)).ok().flatten().and_then(|bytes| self.put(&bytes))
            }
        };
        let Some(rva) = copied.filter(|_| self.refer(size as usize).is_some()) else {
            losses.lost(what, index);
            return NOWHERE;
        };
        self.copied.insert(place, rva);
        MINIDUMP_LOCATION_DESCRIPTOR { data_size: from.data_size, rva }
    }

    /// Changes what was copied to a place.
    pub(crate) fn change(&mut self, at: MINIDUMP_LOCATION_DESCRIPTOR, change: impl FnOnce(&mut [u8])) {
        let (rva, size) = (at.rva.get() as usize, at.data_size.get() as usize);
        if let Some(bytes) = self.bytes.get_mut(rva..).and_then(|bytes| bytes.get_mut(..size)) {
            change(bytes);
        }
    }

    /// What has been copied so far: what the crate will see.
    pub(crate) fn so_far(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes header and directory, and hands the minidump over.
    pub(crate) fn finish(mut self, header: &crate::container::Header) -> Vec<u8> {
        let rva = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(rva, 0);
        self.bytes.extend_from_slice(self.directory.as_bytes());
        let raw = MINIDUMP_HEADER {
            signature: U32::new(MINIDUMP_SIGNATURE),
            version: U32::new(header.version),
            number_of_streams: U32::new(u32::try_from(self.directory.len()).unwrap_or(0)),
            stream_directory_rva: U32::new(u32::try_from(rva).unwrap_or(0)),
            check_sum: U32::new(0),
            time_date_stamp: U32::new(header.time_date_stamp),
            flags: header.flags.into(),
        };
        if let Some(head) = self.bytes.get_mut(..size_of::<MINIDUMP_HEADER>()) {
            head.copy_from_slice(raw.as_bytes());
        }
        self.bytes
    }
}

/// Where [`Extract::new`] leaves an empty MINIDUMP_STRING: right behind the header.
const EMPTY_STRING: U32 = U32::new(0x20);
const _: () = assert!(size_of::<MINIDUMP_HEADER>() == 0x20);

/// The location of nothing.
pub(crate) const NOWHERE: MINIDUMP_LOCATION_DESCRIPTOR =
    MINIDUMP_LOCATION_DESCRIPTOR { data_size: U32::ZERO, rva: U32::ZERO };

/// The UTF-16 bytes of the MINIDUMP_STRING at `rva`; `None` if they are not all there, or more than there is place
/// for.
pub(crate) fn string_bytes(meta: &Metadata<'_>, rva: u64, most: u64) -> Option<Vec<u8>> {
    let length = meta.structure::<U32>(rva).ok().flatten()?.get();
    if rva == 0 || length > limits::STRING_BYTES || u64::from(length) > most || length % 2 != 0 {
        return None;
    }
    meta.bytes(rva.checked_add(4)?, u64::from(length)).ok().flatten()
}

/// Whether any unit is a surrogate: without, UTF-16 is sound.
fn has_surrogates(bytes: &[u8]) -> bool {
    bytes.chunks_exact(2).any(|unit| unit.last().is_some_and(|high| high & 0xf8 == 0xd8))
}

/// The text with U+FFFD for everything that is not valid.
fn replaced(bytes: &[u8]) -> Vec<u8> {
    let text = char::decode_utf16(utf16::units(bytes)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.collect::<String>().encode_utf16().flat_map(u16::to_le_bytes).collect()
}
