//! Checked reads of the file's own structures: the only place that turns a file offset into bytes.

use std::cell::RefCell;

use zerocopy::{FromBytes, IntoBytes};

use crate::damage::Damage;
use crate::recent::Recent;
use crate::source::{Source, read_full};

/// Strings, contexts and CodeView records lie close together but far from their tables: a few blocks of this
/// many bytes serve hundreds of them.
const BLOCK: u64 = 16 << 10;
const BLOCKS: usize = 4;

/// A view of the file in which no length is believed before it was compared with the file's size.
pub(crate) struct Metadata<'s> {
    source: &'s dyn Source,
    size: u64,
    blocks: RefCell<Recent<u8, BLOCKS>>,
}

impl<'s> Metadata<'s> {
    pub(crate) fn new(source: &'s dyn Source) -> Metadata<'s> {
        Metadata { source, size: source.size(), blocks: RefCell::default() }
    }

    /// Length of the file in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// How many of the `len` bytes at `offset` the file holds.
    pub(crate) fn present(&self, offset: u64, len: u64) -> u64 {
        self.size.saturating_sub(offset).min(len)
    }

    /// The `len` bytes at `offset`, or `None` if the file does not hold all of them.
    /// `Err` when the file could not be read although it should hold them.
    pub(crate) fn bytes(&self, offset: u64, len: u64) -> Result<Option<Vec<u8>>, Damage> {
        if self.present(offset, len) < len {
            return Ok(None);
        }
        let Ok(wanted) = usize::try_from(len) else {
            return Ok(None);
        };
        let mut out = vec![0; wanted];
        self.fill(offset, &mut out)?;
        Ok(Some(out))
    }

    /// Fills `buf` from `offset`, by way of the blocks where it is small.
    fn fill(&self, offset: u64, buf: &mut [u8]) -> Result<(), Damage> {
        if buf.len() as u64 >= BLOCK {
            return self.read(offset, buf);
        }
        let mut done = 0usize;
        while done < buf.len() {
            let at = offset.saturating_add(done as u64);
            let rest = buf.get_mut(done..).unwrap_or_default();
            match self.copy_from_block(at, rest) {
                Ok(copied) if copied > 0 => done = done.saturating_add(copied),
                // What lies behind these bytes in the block may be unreadable, and is not needed.
                _ => return self.read(at, rest),
            }
        }
        Ok(())
    }

    /// A structure of the format at `offset`, or `None` if the file does not hold all of it.
    pub(crate) fn structure<T: FromBytes + IntoBytes>(&self, offset: u64) -> Result<Option<T>, Damage> {
        let len = size_of::<T>() as u64;
        if self.present(offset, len) < len {
            return Ok(None);
        }
        let mut structure = T::new_zeroed();
        self.fill(offset, structure.as_mut_bytes())?;
        Ok(Some(structure))
    }

    /// Fills `buf` from `offset`, past the blocks.
    pub(crate) fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), Damage> {
        match read_full(self.source, offset, buf) {
            Ok(n) if n == buf.len() => Ok(()),
            Ok(n) => Err(shrunk(offset.saturating_add(n as u64))),
            Err(error) => Err(Damage::ReadFailed { offset, error: error.to_string() }),
        }
    }

    fn copy_from_block(&self, at: u64, to: &mut [u8]) -> Result<usize, Damage> {
        let start = at & !(BLOCK.wrapping_sub(1));
        let mut blocks = self.blocks.borrow_mut();
        let block = blocks.get(start, || {
            let mut block = vec![0; usize::try_from(self.present(start, BLOCK)).unwrap_or(0)];
            self.read(start, &mut block)?;
            Ok(block)
        })?;
        let skip = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
        let Some(held) = block.get(skip..) else { return Ok(0) };
        let n = held.len().min(to.len());
        if let (Some(from), Some(to)) = (held.get(..n), to.get_mut(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }
}

fn shrunk(offset: u64) -> Damage {
    Damage::ReadFailed { offset, error: "the file is shorter than when it was opened".to_owned() }
}
