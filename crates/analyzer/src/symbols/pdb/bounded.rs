//! A file for pdb-addr2line that returns no more than an intact PDB contains.
//!
//! A stream is held in memory as long as it is in use, and only once. Holes of a sparse file do not count as contents:
//! a file of a gigabyte may take no space on the disk.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Weak};

use ::pdb_addr2line::pdb::{Source, SourceSlice, SourceView};

use super::PdbError;

/// Bytes of a PDB: with the linker's usual pages of 4 KiB a PDB ends at 4 GiB.
pub(super) const MOST_FILE: u64 = 4 << 30;
/// What is read beyond the length of the file, in which each page belongs to one stream: small streams are read more
/// than once.
const READ_BESIDES: u64 = 1 << 20;
/// Bytes that are read at once, and looked at before more of them are.
const PIECE: usize = 64 << 10;
/// A page of nothing but zeros counts as a hole.
const PAGE: usize = 4 << 10;
/// Holes of a stream, beyond as many bytes as it has otherwise. Tables in sound PDBs have few pages of zeros.
const MOST_HOLES: usize = 1 << 20;

pub(super) struct Bounded<R> {
    reader: R,
    len: u64,
    left: u64,
    held: Vec<Held>,
}

/// A stream that is in use: where its bytes lie in the file, and they themselves.
struct Held {
    slices: Vec<SourceSlice>,
    bytes: Weak<Vec<u8>>,
}

impl<R: Read + Seek> Bounded<R> {
    pub(super) fn new(mut reader: R) -> Result<Bounded<R>, PdbError> {
        let len = reader.seek(SeekFrom::End(0)).map_err(|error| PdbError::Io(error.to_string()))?;
        if len > MOST_FILE {
            return Err(PdbError::TooLong { len });
        }
        Ok(Bounded { reader, len, left: len.saturating_add(READ_BESIDES), held: Vec::new() })
    }

    fn shared(&mut self, slices: &[SourceSlice]) -> io::Result<Arc<Vec<u8>>> {
        self.held.retain(|held| held.bytes.strong_count() > 0);
        let held = self.held.iter().find(|held| held.slices == slices);
        if let Some(bytes) = held.and_then(|held| held.bytes.upgrade()) {
            return Ok(bytes);
        }
        let bytes = Arc::new(self.read(slices)?);
        self.held.push(Held { slices: slices.to_vec(), bytes: Arc::downgrade(&bytes) });
        Ok(bytes)
    }

    fn read(&mut self, slices: &[SourceSlice]) -> io::Result<Vec<u8>> {
        let wanted = slices.iter().fold(0, |sum: u64, slice| sum.saturating_add(slice.size as u64));
        if wanted > self.len || wanted > self.left || overlap(slices) {
            return Err(damaged("it lists more bytes than it has"));
        }
        self.left -= wanted;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(wanted).map_err(io::Error::other)?)?;
        let mut holes = 0;
        for slice in slices {
            self.reader.seek(SeekFrom::Start(slice.offset))?;
            let mut left = slice.size;
            while left > 0 {
                let from = bytes.len();
                bytes.resize(from + left.min(PIECE), 0);
                let piece = &mut bytes[from..];
                self.reader.read_exact(piece)?;
                left -= piece.len();
                holes += holes_of(piece);
                if holes > MOST_HOLES && holes > bytes.len() / 2 {
                    return Err(damaged("most of what it lists is not there"));
                }
            }
        }
        Ok(bytes)
    }
}

fn damaged(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Whether a part of the file is listed twice.
fn overlap(slices: &[SourceSlice]) -> bool {
    let mut sorted: Vec<(u64, u64)> =
        slices.iter().map(|s| (s.offset, s.offset.saturating_add(s.size as u64))).collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[1].0 < pair[0].1)
}

/// Bytes in pages that are all zeros.
fn holes_of(piece: &[u8]) -> usize {
    let empty = |page: &&[u8]| page.len() == PAGE && page.iter().all(|byte| *byte == 0);
    piece.chunks(PAGE).filter(empty).count() * PAGE
}

impl<'s, R: Read + Seek> Source<'s> for Bounded<R> {
    fn view(&mut self, slices: &[SourceSlice]) -> Result<Box<dyn SourceView<'s> + Send + Sync>, io::Error> {
        Ok(Box::new(View(self.shared(slices)?)))
    }
}

impl<R> fmt::Debug for Bounded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len)
    }
}

struct View(Arc<Vec<u8>>);

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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const MIB: usize = 1 << 20;

    /// A long file of which only the first bytes are there; counts what is read of it.
    #[derive(Debug)]
    struct Sparse {
        first: Vec<u8>,
        len: u64,
        at: u64,
        read: u64,
    }

    impl Read for Sparse {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let left = usize::try_from(self.len - self.at).expect("64 bits").min(buf.len());
            for (n, byte) in buf[..left].iter_mut().enumerate() {
                let at = usize::try_from(self.at).expect("64 bits") + n;
                *byte = self.first.get(at).copied().unwrap_or(0);
            }
            self.at += left as u64;
            self.read += left as u64;
            Ok(left)
        }
    }

    impl Seek for Sparse {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.at = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::End(0) => self.len,
                other => unimplemented!("{other:?}"),
            };
            Ok(self.at)
        }
    }

    fn slice(offset: usize, size: usize) -> SourceSlice {
        SourceSlice { offset: offset as u64, size }
    }

    fn why(result: io::Result<Arc<Vec<u8>>>) -> String {
        result.expect_err("too much").to_string()
    }

    #[test]
    fn holes_are_no_bytes() {
        let sparse = Sparse { first: vec![1; 2 * MIB], len: 1 << 30, at: 0, read: 0 };
        let mut file = Bounded::new(sparse).expect("a file");
        assert_eq!(file.shared(&[slice(0, 3 * MIB)]).expect("as many bytes as holes").len(), 3 * MIB);
        assert_eq!(why(file.shared(&[slice(3 * MIB, 1 << 29)])), "most of what it lists is not there");
        assert!(file.reader.read < 8 * MIB as u64, "{} bytes", file.reader.read);
    }

    #[test]
    fn a_stream_that_is_in_use_is_held_once() {
        let mut file = Bounded::new(Cursor::new(vec![1; 8 * MIB])).expect("a file");
        let slices = [slice(MIB, 3 * MIB), slice(0, MIB)];
        let held: Vec<_> = (0..100).map(|_| file.shared(&slices).expect("a stream")).collect();
        assert!(held.iter().all(|other| Arc::ptr_eq(&held[0], other)));
        file.shared(&[slice(4 * MIB, 4 * MIB)]).expect("the rest");
        // Nobody holds it any more, and all of the file has been read.
        assert_eq!(why(file.shared(&[slice(4 * MIB, 4 * MIB)])), "it lists more bytes than it has");
    }

    #[test]
    fn no_part_of_the_file_is_listed_twice() {
        let mut file = Bounded::new(Cursor::new(vec![1; MIB])).expect("a file");
        file.shared(&[slice(4096, 4096), slice(0, 4096)]).expect("no overlap");
        let twice = [slice(0, 4096), slice(8192, 4096), slice(0, 4096)];
        assert_eq!(why(file.shared(&twice)), "it lists more bytes than it has");
    }
}
