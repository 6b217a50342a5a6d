//! A run of memory that is read ahead.

use crate::arch::Width;
use crate::memory::Memory;

const PAGE: u64 = 0x1000;
/// What is skipped at most without being taken for a jump.
const NEAR: u64 = 0x2000;

/// A run of the process's memory for reads that mostly go forward: those read each page once.
///
/// A jump costs one page of 4 KiB. Each read that goes on from the one before takes four times as much as that did, up to
/// the limit that [`Window::new`] was given.
#[derive(Debug)]
pub struct Window<'d> {
    memory: Memory<'d>,
    start: u64,
    bytes: Vec<u8>,
    /// Bytes to read next.
    size: u64,
    /// Bytes to read at most.
    most: u64,
    /// Bytes that may still be read in all.
    left: u64,
}

impl<'d> Window<'d> {
    /// Reads `memory`, and at most `most` bytes ahead.
    pub fn new(memory: Memory<'d>, most: u64) -> Window<'d> {
        Window { memory, start: 0, bytes: Vec::new(), size: PAGE, most, left: u64::MAX }
    }

    /// Reads no more than so many bytes from now on: sizes that lead to and fro would have the same read again and again.
    pub(crate) fn limit(&mut self, bytes: u64) {
        self.left = bytes;
    }

    /// Whether it reads no more.
    pub(crate) fn is_spent(&self) -> bool {
        self.left < self.most
    }

    /// The memory behind.
    pub(crate) fn memory(&self) -> Memory<'d> {
        self.memory
    }

    /// `len` bytes at an address, `len` being small; `None` if the dump does not keep them.
    #[inline]
    pub fn get(&mut self, at: u64, len: usize) -> Option<&[u8]> {
        if self.held(at, len).is_none() {
            self.load(at, len)?;
        }
        self.held(at, len)
    }

    #[inline]
    fn held(&self, at: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(at.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..from.checked_add(len)?)
    }

    #[inline]
    pub(crate) fn u16(&mut self, at: u64) -> Option<u16> {
        self.get(at, 2)?.try_into().ok().map(u16::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self, at: u64) -> Option<u32> {
        self.get(at, 4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// The word of a process of this width at an address; `None` if the dump does not keep it.
    #[inline]
    pub fn word(&mut self, at: u64, width: Width) -> Option<u64> {
        match width {
            Width::Bits32 => self.u32(at).map(u64::from),
            Width::Bits64 => self.u64(at),
        }
    }

    #[inline]
    pub(crate) fn u64(&mut self, at: u64) -> Option<u64> {
        self.get(at, 8)?.try_into().ok().map(u64::from_le_bytes)
    }

    /// Reads the pages from that of `at` on: more of them where the bytes before were read last.
    #[cold]
    fn load(&mut self, at: u64, len: usize) -> Option<()> {
        let end = self.start.saturating_add(self.bytes.len() as u64);
        let goes_on =
            at.checked_add(len as u64)? > end && at.saturating_sub(NEAR) <= end && !self.bytes.is_empty();
        self.size = if goes_on { self.size.saturating_mul(4).min(self.most) } else { PAGE };
        let inside = at & PAGE.wrapping_sub(1);
        let page = at.saturating_sub(inside);
        // A page of which the dump keeps only the end is read from there.
        let page = if self.memory.available(page, inside.max(1)) < inside { at } else { page };
        let wanted = self.size.max(at.saturating_sub(page).saturating_add(len as u64));
        let have = self.memory.available(page, wanted);
        self.left = self.left.checked_sub(have)?;
        self.bytes.resize(usize::try_from(have).ok()?, 0);
        self.start = page;
        if self.memory.read(page, &mut self.bytes).is_err() {
            self.bytes.clear();
            return None;
        }
        Some(())
    }
}
