//! Reads that mostly go forward: a window of memory that is read ahead.

use dumplens_core::{Memory, Width};

/// Bytes that are read ahead where reading goes on forward.
const MOST: u64 = 256 << 10;
/// Bytes that are read where it does not.
const LEAST: u64 = 4 << 10;

/// Bytes at addresses; reading forward reads each of them once.
#[derive(Debug)]
pub(super) struct Near<'d> {
    memory: Memory<'d>,
    start: u64,
    bytes: Vec<u8>,
    ahead: u64,
}

impl<'d> Near<'d> {
    pub(super) fn new(memory: Memory<'d>) -> Near<'d> {
        Near { memory, start: 0, bytes: Vec::new(), ahead: LEAST }
    }

    /// The word at an address; `None` if the dump does not keep it.
    #[inline]
    pub(super) fn word(&mut self, at: u64, width: Width) -> Option<u64> {
        match width {
            Width::Bits32 => self.get(at, 4)?.first_chunk().map(|word| u64::from(u32::from_le_bytes(*word))),
            Width::Bits64 => self.get(at, 8)?.first_chunk().map(|word| u64::from_le_bytes(*word)),
        }
    }

    /// So many bytes at an address, few of them.
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

    #[cold]
    fn load(&mut self, at: u64, len: usize) -> Option<()> {
        let end = self.start.saturating_add(self.bytes.len() as u64);
        let forward = at >= self.start && at.saturating_sub(end) < MOST && !self.bytes.is_empty();
        self.ahead = if forward { (self.ahead * 2).min(MOST) } else { LEAST };
        let have = self.memory.available(at, self.ahead.max(len as u64));
        self.bytes.resize(usize::try_from(have).ok()?, 0);
        self.start = at;
        if have < len as u64 || self.memory.read(at, &mut self.bytes).is_err() {
            self.bytes.clear();
            return None;
        }
        Some(())
    }
}
