//! Checked reads of the file's own structures: the only place that turns a file offset into bytes.

use zerocopy::{FromBytes, IntoBytes};

use crate::damage::Damage;
use crate::source::{Remembering, Source, read_full};

/// A view of the file in which no length is believed before it was compared with the file's size.
pub(crate) struct Metadata<'s> {
    source: &'s dyn Source,
    /// What reads ahead, where there is such.
    blocks: Option<&'s Remembering>,
    size: u64,
}

impl<'s> Metadata<'s> {
    pub(crate) fn new(source: &'s dyn Source) -> Metadata<'s> {
        Metadata { source, blocks: None, size: source.size() }
    }

    /// The same, of a source that can read ahead.
    pub(crate) fn of(source: &'s Remembering) -> Metadata<'s> {
        Metadata { blocks: Some(source), ..Metadata::new(source) }
    }

    /// Says that the `len` bytes at `offset` will be asked for, piece by piece.
    pub(crate) fn ahead(&self, offset: u64, len: u64) {
        if let Some(blocks) = self.blocks {
            blocks.ahead([(offset, len)]);
        }
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
        self.read(offset, &mut out)?;
        Ok(Some(out))
    }

    /// A structure of the format at `offset`, or `None` if the file does not hold all of it.
    pub(crate) fn structure<T: FromBytes + IntoBytes>(&self, offset: u64) -> Result<Option<T>, Damage> {
        let len = size_of::<T>() as u64;
        if self.present(offset, len) < len {
            return Ok(None);
        }
        let mut structure = T::new_zeroed();
        self.read(offset, structure.as_mut_bytes())?;
        Ok(Some(structure))
    }

    /// Fills `buf` from `offset`.
    pub(crate) fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), Damage> {
        match read_full(self.source, offset, buf) {
            Ok(n) if n == buf.len() => Ok(()),
            Ok(n) => Err(shrunk(offset.saturating_add(n as u64))),
            Err(error) => Err(Damage::ReadFailed { offset, error: error.to_string() }),
        }
    }
}

fn shrunk(offset: u64) -> Damage {
    Damage::ReadFailed { offset, error: "the file is shorter than when it was opened".to_owned() }
}
