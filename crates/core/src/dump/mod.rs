//! A minidump that has been opened.

mod contexts;
mod memory;
mod small;
mod streams;

use std::fmt;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, OnceLock};

use minidump::{Minidump, MinidumpMiscInfo, MinidumpSystemInfo};

use self::small::{COPIED, copy, processor, read_extract};
use crate::arch::{Arch, Width};
use crate::container::{self, Header, OpenError, StreamLocation};
use crate::damage::Damage;
use crate::extract::Extract;
use crate::image_file::ImageFiles;
use crate::metadata::Metadata;
use crate::source::{Remembering, Source, read_full};
use crate::spans::Spans;
use crate::streams::exception::Exception;
use crate::streams::memory_info::MemoryInfoList;
use crate::streams::memory_ranges::Ranges;
use crate::streams::threads::Places;
use crate::streams::trim_record::TrimRecord;
use crate::vocabulary::StreamType;

/// A minidump whose header, directory and small streams have been read. The two large tables, the memory map and the
/// memory ranges, are read on first use; memory itself is read page by page.
pub struct Dump {
    source: Remembering,
    header: Header,
    streams: Vec<StreamLocation>,
    small: Minidump<'static, Vec<u8>>,
    /// Where the threads' contexts and stacks lie, in the order of the thread list.
    places: Vec<Places>,
    arch: Option<Arch>,
    width: Width,
    damage: Vec<Damage>,
    exception: OnceLock<Result<Option<Exception>, Damage>>,
    memory_info: OnceLock<Result<Option<MemoryInfoList>, Damage>>,
    ranges: OnceLock<Ranges>,
    /// What it takes to read a context.
    machine: OnceLock<(Option<MinidumpSystemInfo>, Option<MinidumpMiscInfo>)>,
    trimmed: OnceLock<Result<Option<TrimRecord>, Damage>>,
    /// Files for what the dump left out of its images.
    images: OnceLock<ImageFiles>,
    /// The memory that was asked for, once that is to be recorded.
    reads: OnceLock<Mutex<Spans>>,
    /// How many reads failed because the dump does not keep what was there.
    missed: AtomicU64,
    /// The lowest address of these.
    first_missed: AtomicU64,
}

impl fmt::Debug for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dump")
            .field("header", &self.header)
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

impl Dump {
    /// Opens a minidump: a [`crate::FileSource`], a `Vec<u8>`, or any other [`Source`].
    ///
    /// Fails only when nothing can be learnt from the file ([`OpenError`]); everything less is in
    /// [`Dump::damage`].
    pub fn open(source: impl Source + 'static) -> Result<Dump, OpenError> {
        let source = Remembering::new(Box::new(source));
        let mut damage = Vec::new();
        let meta = Metadata::of(&source);
        let (header, streams) = container::read(&meta, &mut damage)?;
        let copied = streams.iter().filter(|at| COPIED.contains(&at.kind) && at.present <= 1 << 20);
        source.ahead(copied.map(|at| (at.rva, at.present)));
        let mut extract = Extract::new(&meta);
        let (arch, width) = processor(&streams, &mut extract, &mut damage);
        let mut places = Vec::new();
        for at in &streams {
            match copy(at, width, &mut extract, &mut damage) {
                Ok(Some(found)) => places = found,
                Ok(None) => {}
                Err(lost) => damage.push(lost),
            }
        }
        let small = read_extract(extract.finish(&header))?;
        Ok(Dump {
            source,
            header,
            streams,
            small,
            places,
            arch,
            width,
            damage,
            exception: OnceLock::new(),
            memory_info: OnceLock::new(),
            ranges: OnceLock::new(),
            machine: OnceLock::new(),
            trimmed: OnceLock::new(),
            images: OnceLock::new(),
            reads: OnceLock::new(),
            missed: AtomicU64::new(0),
            first_missed: AtomicU64::new(u64::MAX),
        })
    }

    /// The file's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The streams that lie, at least in part, in the file; one of each type, in the order of the directory.
    pub fn streams(&self) -> &[StreamLocation] {
        &self.streams
    }

    /// The stream of a type, if the dump has one.
    pub fn stream(&self, kind: StreamType) -> Option<&StreamLocation> {
        self.streams.iter().find(|s| s.kind == kind)
    }

    /// Length of the file in bytes.
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// Bytes of the file from `offset` on, as far as it has them; at most 1 MiB. For those who show the file as it is: what
    /// streams mean is what the other functions say.
    pub fn file_bytes(&self, offset: u64, len: usize) -> Vec<u8> {
        const MOST: u64 = 1 << 20;
        let have = self.size().saturating_sub(offset).min(len as u64).min(MOST);
        let mut bytes = vec![0; usize::try_from(have).unwrap_or(0)];
        let read = read_full(&self.source, offset, &mut bytes).unwrap_or(0);
        bytes.truncate(read);
        bytes
    }

    /// The first read of the file that failed, since it was opened. What was not read because of that is neither in the
    /// dump nor absent from it: whoever answers questions about the dump looks here before answering.
    pub fn read_failure(&self) -> Option<io::Error> {
        self.source.failure()
    }

    /// The processor named by SystemInfo; `None` without that stream.
    pub fn arch(&self) -> Option<Arch> {
        self.arch
    }

    /// The size of a pointer; guessed (and reported) where the processor is not known.
    pub fn width(&self) -> Width {
        self.width
    }

    /// What opening the dump cost: header, directory and small streams. The memory map and the memory ranges
    /// report their own ([`MemoryInfoList::damage`], [`Dump::memory_damage`]).
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Frees the cached blocks of the file, some MiB at most. Call it after an answer if no other question follows at
    /// once; later reads go to the file again.
    pub fn forget_blocks(&self) {
        self.source.forget();
    }

    pub(crate) fn source(&self) -> &Remembering {
        &self.source
    }
}
