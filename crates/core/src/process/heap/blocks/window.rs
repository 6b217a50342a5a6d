//! A run of memory that is read ahead.

use crate::memory::Memory;

const PAGE: u64 = 0x1000;
/// Bytes that are read at once where reading goes on forward.
const MOST: u64 = 0x2_0000;
/// What is skipped at most without being taken for a jump.
const NEAR: u64 = 0x2000;

/// Bytes from `start` on. Reading forward reads each page once.
#[derive(Debug)]
pub(super) struct Window<'d> {
    memory: Memory<'d>,
    start: u64,
    bytes: Vec<u8>,
    /// Bytes to read next.
    size: u64,
}

impl<'d> Window<'d> {
    pub(super) fn new(memory: Memory<'d>) -> Window<'d> {
        Window { memory, start: 0, bytes: Vec::new(), size: PAGE }
    }

    /// `len` bytes at an address, `len` being small; `None` if the dump does not keep them.
    #[inline]
    pub(super) fn get(&mut self, at: u64, len: usize) -> Option<&[u8]> {
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
    pub(super) fn u16(&mut self, at: u64) -> Option<u16> {
        self.get(at, 2)?.try_into().ok().map(u16::from_le_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self, at: u64) -> Option<u32> {
        self.get(at, 4)?.try_into().ok().map(u32::from_le_bytes)
    }

    #[inline]
    pub(super) fn u64(&mut self, at: u64) -> Option<u64> {
        self.get(at, 8)?.try_into().ok().map(u64::from_le_bytes)
    }

    /// Reads the pages from that of `at` on: more of them where the bytes before were read last.
    #[cold]
    fn load(&mut self, at: u64, len: usize) -> Option<()> {
        let end = self.start.saturating_add(self.bytes.len() as u64);
        let goes_on =
            at.checked_add(len as u64)? > end && at.saturating_sub(NEAR) <= end && !self.bytes.is_empty();
        self.size = if goes_on { self.size.saturating_mul(4).min(MOST) } else { PAGE };
        let inside = at & PAGE.wrapping_sub(1);
        let page = at.saturating_sub(inside);
        // A page of which the dump keeps only the end is read from there.
        let page = if self.memory.available(page, inside.max(1)) < inside { at } else { page };
        let wanted = self.size.max(at.saturating_sub(page).saturating_add(len as u64));
        let have = usize::try_from(self.memory.available(page, wanted)).ok()?;
        self.bytes.resize(have, 0);
        self.start = page;
        if self.memory.read(page, &mut self.bytes).is_err() {
            self.bytes.clear();
            return None;
        }
        Some(())
    }
}
