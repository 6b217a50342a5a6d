//! Memory that is a run of bytes.

use std::cell::Cell;

use dumplens_core::{Absence, ReadMemory, Unreadable};

/// Bytes from address 0 on, and how many were read.
pub(crate) struct Flat {
    pub(crate) bytes: Vec<u8>,
    pub(crate) read: Cell<usize>,
}

impl Flat {
    pub(crate) fn new(bytes: Vec<u8>) -> Flat {
        Flat { bytes, read: Cell::new(0) }
    }
}

impl ReadMemory for Flat {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        self.read.set(self.read.get() + buf.len());
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        let found = self.bytes.get(start..start.saturating_add(buf.len()));
        buf.copy_from_slice(found.ok_or(Unreadable { address, why: Absence::NotKept })?);
        Ok(())
    }
}
