//! The file that is written: header, directory, and what was copied so far.

use std::collections::HashMap;
use std::io::{self, Seek, SeekFrom, Write};

use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use crate::dump::Dump;
use crate::format::{MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_LOCATION_DESCRIPTOR, MINIDUMP_SIGNATURE};
use crate::metadata::Metadata;
use crate::vocabulary::StreamType;

/// An RVA that lies outside every file: where what could not be copied is.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Bytes that are copied at a time.
pub(super) const CHUNK: u64 = 64 << 10;

pub(super) struct Output<'d, 'o, W> {
    pub(super) dump: &'d Dump,
    pub(super) meta: Metadata<'d>,
    out: &'o mut W,
    /// Where the next byte goes.
    at: u64,
    directory: Vec<MINIDUMP_DIRECTORY>,
    /// Where records of the original (RVA, bytes) went.
    pub(super) moved: HashMap<(u64, u32), u32>,
    /// How many bytes of records may still be copied: records of a sound file do not overlap, so together they are no
    /// longer than the file.
    pub(super) budget: u64,
}

impl<'d, 'o, W: Write + Seek> Output<'d, 'o, W> {
    /// Leaves place for the header and a directory of `streams` entries.
    pub(super) fn new(dump: &'d Dump, out: &'o mut W, streams: usize) -> io::Result<Output<'d, 'o, W>> {
        let head = size_of::<MINIDUMP_DIRECTORY>()
            .saturating_mul(streams)
            .saturating_add(size_of::<MINIDUMP_HEADER>());
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&vec![0; head])?;
        Ok(Output {
            dump,
            meta: Metadata::new(dump.source()),
            out,
            at: head as u64,
            directory: Vec::with_capacity(streams),
            moved: HashMap::new(),
            budget: dump.size(),
        })
    }

    /// Where the next byte goes.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Fills up to a multiple of 8; returns the RVA of what is written next.
    pub(super) fn align(&mut self) -> io::Result<u32> {
        let padding = self.at.next_multiple_of(8).saturating_sub(self.at);
        self.write([0; 8].get(..usize::try_from(padding).unwrap_or(0)).unwrap_or_default())?;
        u32::try_from(self.at).map_err(|_| too_large())
    }

    /// Writes bytes where the last ones ended.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at = self.at.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Writes bytes on their own; returns their RVA.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<u32> {
        let rva = self.align()?;
        self.write(bytes)?;
        Ok(rva)
    }

    /// Copies bytes of the original, which must all be there, on their own; returns their RVA.
    pub(super) fn copy(&mut self, from: u64, len: u64) -> io::Result<u32> {
        let rva = self.align()?;
        self.append(from, len)?;
        Ok(rva)
    }

    /// Copies bytes of the original to where the last ones ended.
    pub(super) fn append(&mut self, from: u64, len: u64) -> io::Result<()> {
        let mut done = 0;
        while done < len {
            let chunk = read(self.dump, from.saturating_add(done), len.saturating_sub(done).min(CHUNK))?;
            self.write(&chunk)?;
            done = done.saturating_add(chunk.len() as u64);
        }
        Ok(())
    }

    /// Lists a stream that was written.
    pub(super) fn stream(&mut self, kind: StreamType, rva: u32, size: u64) -> io::Result<()> {
        self.directory(kind, rva, u32::try_from(size).map_err(|_| too_large())?);
        Ok(())
    }

    /// Adds an entry to the directory.
    pub(super) fn directory(&mut self, kind: StreamType, rva: u32, size: u32) {
        let location = MINIDUMP_LOCATION_DESCRIPTOR { data_size: U32::new(size), rva: U32::new(rva) };
        self.directory.push(MINIDUMP_DIRECTORY { stream_type: U32::new(kind.0), location });
    }

    /// Writes header and directory; returns the size of the file.
    pub(super) fn finish(self) -> io::Result<u64> {
        let original = self.dump.header();
        let header = MINIDUMP_HEADER {
            signature: MINIDUMP_SIGNATURE.into(),
            version: original.version.into(),
            number_of_streams: u32::try_from(self.directory.len()).map_err(|_| too_large())?.into(),
            stream_directory_rva: U32::new(u32::try_from(size_of::<MINIDUMP_HEADER>()).unwrap_or(0)),
            check_sum: U32::ZERO,
            time_date_stamp: original.time_date_stamp.into(),
            flags: original.flags.into(),
        };
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(header.as_bytes())?;
        self.out.write_all(self.directory.as_bytes())?;
        self.out.flush()?;
        Ok(self.at)
    }
}

/// Bytes of the original.
pub(super) fn read(dump: &Dump, from: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    Metadata::new(dump.source())
        .read(from, &mut bytes)
        .map_err(|damage| io::Error::other(damage.to_string()))?;
    Ok(bytes)
}

pub(super) fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "streams before the memory would take more than 4 GiB")
}
