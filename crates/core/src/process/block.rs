//! A structure in the process's memory, its head read at once.

use crate::arch::Width;
use crate::memory::{Memory, Unreadable};

/// As many bytes of a structure as the dump keeps without a gap. A field behind a gap is read on its own; one that the
/// dump does not keep is `None`, not zero.
#[derive(Debug, Clone)]
pub(crate) struct Block<'d> {
    memory: Memory<'d>,
    address: u64,
    bytes: Vec<u8>,
    width: Width,
}

impl<'d> Block<'d> {
    /// Reads up to `len` bytes at `address`; fails if the dump does not keep the first of them.
    pub(crate) fn read(
        memory: Memory<'d>,
        address: u64,
        len: u64,
        width: Width,
    ) -> Result<Block<'d>, Unreadable> {
        match Self::in_parts(memory, address, len, width) {
            block if block.bytes.is_empty() => Err(Unreadable { address, why: memory.why_absent(address) }),
            block => Ok(block),
        }
    }

    /// The same, of a structure whose first bytes may be missing.
    pub(crate) fn in_parts(memory: Memory<'d>, address: u64, len: u64, width: Width) -> Block<'d> {
        // More is read than is used: only that it is there, and the fields that are asked for, matter.
        memory.note(address, 1);
        let quiet = memory.unnoted();
        let bytes = quiet.bytes(address, quiet.available(address, len)).unwrap_or_default();
        Block { memory, address, bytes, width }
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
        let start = usize::try_from(at).ok()?;
        self.memory.note(self.address.checked_add(at)?, bytes as u64);
        if let Some(field) = self.bytes.get(start..start.checked_add(bytes)?) {
            return Some(little_endian(field));
        }
        let apart = self.memory.bytes(self.address.checked_add(at)?, bytes as u64).ok()?;
        Some(little_endian(&apart))
    }
}

/// A little-endian number of up to eight bytes.
pub(crate) fn little_endian(field: &[u8]) -> u64 {
    field.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte))
}
