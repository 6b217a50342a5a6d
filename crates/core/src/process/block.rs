//! The head of a structure in the process's memory, read at once.

use crate::arch::Width;
use crate::memory::{Memory, Unreadable};

/// As many bytes of a structure as the dump keeps; a field behind them is `None`, not zero.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    width: Width,
}

impl Block {
    /// Reads up to `len` bytes at `address`; fails if the dump does not keep the first of them.
    pub(crate) fn read(
        memory: Memory<'_>,
        address: u64,
        len: u64,
        width: Width,
    ) -> Result<Block, Unreadable> {
        let have = memory.available(address, len).max(1);
        Ok(Block { bytes: memory.bytes(address, have)?, width })
    }

    /// The pointer at one of two offsets.
    pub(crate) fn pointer(&self, x86: u64, x64: u64) -> Option<u64> {
        self.number(self.width.pick(x86, x64), self.width.bytes())
    }

    /// The u32 at one of two offsets.
    pub(crate) fn long(&self, x86: u64, x64: u64) -> Option<u32> {
        self.number(self.width.pick(x86, x64), 4).and_then(|n| u32::try_from(n).ok())
    }

    /// The little-endian number of some bytes at an offset.
    pub(crate) fn number(&self, at: u64, bytes: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let field = self.bytes.get(at..at.checked_add(bytes)?)?;
        Some(field.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }
}
