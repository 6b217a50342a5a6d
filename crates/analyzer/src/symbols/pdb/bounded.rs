//! A file as pdb-addr2line wants it, which gives no more than a sound PDB has.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use ::pdb_addr2line::pdb::{Source, SourceSlice, SourceView};

use super::PdbError;

/// Bytes of a PDB: with the linker's usual pages of 4 KiB a PDB ends at 4 GiB.
pub(super) const MOST_FILE: u64 = 4 << 30;
/// How often over the file may be read. Each stream is read once, but for the PDB and DBI streams; a stream that
/// names one page again and again would be longer than all of the file.
const MOST_READ: u64 = 2;
/// And this much more, for small files.
const READ_BESIDES: u64 = 1 << 20;

pub(super) struct Bounded<R> {
    reader: R,
    len: u64,
    left: u64,
}

impl<R: Read + Seek> Bounded<R> {
    pub(super) fn new(mut reader: R) -> Result<Bounded<R>, PdbError> {
        let len = reader.seek(SeekFrom::End(0)).map_err(|error| PdbError::Io(error.to_string()))?;
        if len > MOST_FILE {
            return Err(PdbError::TooLong { len });
        }
        Ok(Bounded { reader, len, left: len.saturating_mul(MOST_READ).saturating_add(READ_BESIDES) })
    }

    fn read(&mut self, slices: &[SourceSlice]) -> io::Result<Vec<u8>> {
        let wanted = slices.iter().fold(0, |sum: u64, slice| sum.saturating_add(slice.size as u64));
        if wanted > self.len || wanted > self.left {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it lists more bytes than it has"));
        }
        self.left -= wanted;
        let mut bytes = vec![0; usize::try_from(wanted).map_err(io::Error::other)?];
        let mut rest = bytes.as_mut_slice();
        for slice in slices {
            let (part, behind) = rest.split_at_mut(slice.size);
            self.reader.seek(SeekFrom::Start(slice.offset))?;
            self.reader.read_exact(part)?;
            rest = behind;
        }
        Ok(bytes)
    }
}

impl<'s, R: Read + Seek> Source<'s> for Bounded<R> {
    fn view(&mut self, slices: &[SourceSlice]) -> Result<Box<dyn SourceView<'s> + Send + Sync>, io::Error> {
        Ok(Box::new(View(self.read(slices)?)))
    }
}

impl<R> fmt::Debug for Bounded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len)
    }
}

struct View(Vec<u8>);

impl SourceView<'_> for View {
    fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}
