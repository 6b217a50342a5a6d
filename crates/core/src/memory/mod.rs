//! The dumped process's memory: reads by virtual address, with the reason when there is nothing to read.

mod absence;

use std::fmt;

use crate::arch::Width;
use crate::dump::Dump;
use crate::image_file::Mapped;
use crate::ranges::MemoryRange;
use crate::source::read_full;
use crate::spans::Spans;
pub use absence::{Absence, Unreadable};

/// The memory of the process, as far as the dump keeps it. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Memory<'d> {
    dump: &'d Dump,
    /// Whether reads are noted ([`Dump::record_reads`]).
    noted: bool,
    /// Whether what was redacted is read too, as zeros.
    whole: bool,
    /// Whether image files stand for what the dump left out.
    supplied: bool,
}

/// Where bytes come from, and how many there are.
enum Place<'d> {
    /// At an offset of the dump's file.
    Dump(u64, u64),
    /// At an offset of an image, from its image file.
    Image(&'d Mapped, u32, u64),
}

impl Place<'_> {
    fn size(&self) -> u64 {
        match self {
            Place::Dump(_, size) | Place::Image(_, _, size) => *size,
        }
    }
}

impl fmt::Debug for Memory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("listed_bytes", &self.listed_bytes()).finish_non_exhaustive()
    }
}

impl<'d> Memory<'d> {
    pub(crate) fn new(dump: &'d Dump) -> Memory<'d> {
        Memory { dump, noted: true, whole: false, supplied: true }
    }

    /// The same memory, for a reader whose reads are not recorded ([`crate::Dump::record_reads`]): one that notes itself
    /// what matters, or whose answer a copy of the dump need not repeat.
    #[must_use]
    pub fn unnoted(self) -> Memory<'d> {
        Memory { noted: false, ..self }
    }

    /// The same memory without what image files give ([`Dump::supply_images`]): the dump's own bytes.
    #[must_use]
    pub fn of_dump(self) -> Memory<'d> {
        Memory { supplied: false, ..self }
    }

    /// The same memory as it stands in the file, with the zeros of what was redacted.
    pub(crate) fn whole(self) -> Memory<'d> {
        Memory { whole: true, ..self.unnoted() }
    }

    /// Of a redacted copy, what is as it was.
    fn kept(self) -> Option<&'d Spans> {
        if self.whole { None } else { self.dump.kept() }
    }

    /// Whether the dump was redacted at this address, and not elsewhere only.
    pub fn is_redacted(self, address: u64) -> bool {
        self.kept().is_some_and(|kept| !kept.holds(address)) && self.range_at(address).is_some()
    }

    /// Of a redacted copy, the first address from `address` on, and before `end`, that was not.
    pub fn next_kept(self, address: u64, end: u64) -> Option<u64> {
        self.kept()?.within(address, end).next().map(|(start, _)| start.max(address))
    }

    /// The same memory, every read of which is noted.
    pub(crate) fn noted(self) -> Memory<'d> {
        Memory { noted: true, ..self }
    }

    /// Notes that these bytes, as far as the dump keeps them, matter to an answer.
    pub(crate) fn note(self, address: u64, len: u64) {
        if self.noted {
            self.dump.note_read(address, len);
        }
    }

    /// The ranges that the dump keeps: sorted by address, not overlapping.
    pub fn ranges(self) -> impl Iterator<Item = MemoryRange> + 'd {
        self.dump.ranges().index.iter(self.dump.source())
    }

    /// Bytes that the memory lists name.
    pub fn listed_bytes(self) -> u64 {
        self.dump.ranges().listed
    }

    /// Bytes that the memory lists name but the file, cut off, does not hold.
    pub fn missing_bytes(self) -> u64 {
        self.dump.ranges().missing
    }

    /// The range that holds `address`; `None` too when the file cannot be read, which [`Memory::why_absent`] tells.
    fn range_at(self, address: u64) -> Option<MemoryRange> {
        self.dump.ranges().index.at(self.dump.source(), address).ok().flatten()
    }

    /// How many bytes from `address` on can be read without a gap, at most `most`.
    pub fn available(self, address: u64, most: u64) -> u64 {
        let mut have = 0u64;
        while have < most {
            let Some(place) = address.checked_add(have).and_then(|a| self.place_or_image(a)) else {
                break;
            };
            have = have.saturating_add(place.size());
        }
        let have = have.min(most);
        self.note(address, have);
        have
    }

    /// Whether the byte at `address` is none of the dump, but of a file that was given for the image
    /// ([`Dump::supply_images`]).
    pub fn is_of_image_file(self, address: u64) -> bool {
        matches!(self.place_or_image(address), Some(Place::Image(..)))
    }

    /// Where the bytes at `address` come from; there is at least one.
    fn place_or_image(self, address: u64) -> Option<Place<'d>> {
        match self.place(address) {
            Some((offset, size)) if size > 0 => Some(Place::Dump(offset, size)),
            // What was redacted stays so.
            Some((offset, _)) if offset < self.dump.size() => None,
            _ => self.image_at(address),
        }
    }

    /// A file that stands for what the dump does not hold at `address`.
    fn image_at(self, address: u64) -> Option<Place<'d>> {
        let images = self.dump.image_files().filter(|_| self.supplied)?;
        let (image, rva, size) = images.at(self.dump, address)?;
        let next = self.dump.ranges().index.next_start(self.dump.source(), address).ok()?;
        let until = next.map_or(u64::MAX, |next| next.saturating_sub(address));
        Some(Place::Image(image, rva, size.min(until)))
    }

    /// File offset of `address`, and how many bytes follow it in the same range and in the file.
    fn place(self, address: u64) -> Option<(u64, u64)> {
        let range = self.range_at(address)?;
        let skip = address.checked_sub(range.start)?;
        let offset = range.offset.checked_add(skip)?;
        let in_range = range.size.checked_sub(skip)?;
        let in_file = in_range.min(self.dump.size().saturating_sub(offset));
        let Some(kept) = self.kept() else { return Some((offset, in_file)) };
        Some((offset, in_file.min(kept.end_at(address)?.saturating_sub(address))))
    }

    /// Fills `buf` with the bytes at `address`, across ranges that touch. Nothing of `buf` is to be used after an
    /// error, which names the first address that is missing and why.
    pub fn read(self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let mut done = 0usize;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = address.checked_add(done as u64).ok_or(Unreadable { address, why: Absence::Free })?;
            let Some(place) = self.place_or_image(at) else {
                return Err(self.unreadable(at));
            };
            let n = usize::try_from(place.size()).unwrap_or(usize::MAX).min(rest.len());
            let part = rest.get_mut(..n).unwrap_or_default();
            let read = match place {
                Place::Dump(offset, _) => {
                    read_full(self.dump.source(), offset, part).is_ok_and(|read| read == n)
                }
                Place::Image(image, rva, _) => image.read(rva, part),
            };
            if !read {
                return Err(Unreadable { address: at, why: Absence::ReadFailed });
            }
            if matches!(place, Place::Dump(..)) {
                self.note(at, n as u64);
            }
            done = done.saturating_add(n);
        }
        Ok(())
    }

    /// Says that these places will be read, each an address and a length: as many of them as 4 MiB hold are read now, in
    /// as few round trips as can be. Returns how many were taken; the rest is for another time. This is only a matter of
    /// speed: nothing is noted, and nothing fails.
    pub fn read_ahead(self, places: impl IntoIterator<Item = (u64, u64)>) -> usize {
        let place = |(address, len): (u64, u64)| {
            let (offset, mut have) = self.place(address).unwrap_or((0, 0));
            // On through ranges that follow one another in the file too.
            while have > 0 && have < len {
                let next = address.checked_add(have).and_then(|address| self.place(address));
                match next.filter(|next| next.0 == offset.saturating_add(have) && next.1 > 0) {
                    Some((_, more)) => have = have.saturating_add(more),
                    None => break,
                }
            }
            (offset, have.min(len))
        };
        self.dump.source().ahead(places.into_iter().map(place))
    }

    /// `len` bytes at `address`. The length is compared with what is there before anything is allocated.
    pub fn bytes(self, address: u64, len: u64) -> Result<Vec<u8>, Unreadable> {
        let have = self.available(address, len);
        if have < len {
            return Err(self.unreadable(address.saturating_add(have)));
        }
        let mut buf = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        self.read(address, &mut buf)?;
        Ok(buf)
    }

    /// A little-endian `u16`.
    pub fn u16(self, address: u64) -> Result<u16, Unreadable> {
        let mut buf = [0; 2];
        self.read(address, &mut buf).map(|()| u16::from_le_bytes(buf))
    }

    /// A little-endian `u32`.
    pub fn u32(self, address: u64) -> Result<u32, Unreadable> {
        let mut buf = [0; 4];
        self.read(address, &mut buf).map(|()| u32::from_le_bytes(buf))
    }

    /// A little-endian `u64`.
    pub fn u64(self, address: u64) -> Result<u64, Unreadable> {
        let mut buf = [0; 8];
        self.read(address, &mut buf).map(|()| u64::from_le_bytes(buf))
    }

    /// A pointer of the size given.
    pub fn pointer(self, address: u64, width: Width) -> Result<u64, Unreadable> {
        match width {
            Width::Bits32 => self.u32(address).map(u64::from),
            Width::Bits64 => self.u64(address),
        }
    }
}
