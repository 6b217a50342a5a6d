//! Writing a smaller minidump out of another one: all that describes the process, and only some of its memory.
//!
//! What memory is worth keeping is not decided here. Streams are copied byte for byte; in those that refer to other
//! places of the file (names, contexts, CodeView records) the references are moved along, entry by entry. What cannot
//! be read in the original points outside the file in the copy too, so that a reader misses the same things.

mod crash;
mod memory;
mod output;
mod record;
mod refer;

use std::io::{self, Seek, Write};

pub use self::crash::Crash;
use crate::container::{IN_HEADER, StreamLocation};
use crate::damage::Damage;
use crate::dump::Dump;
use crate::limits;
use crate::spans::Spans;
use crate::streams::crashpad_info;
use crate::streams::trim_record::TrimRecord;
use crate::utf16;
use crate::vocabulary::StreamType;

use self::memory::Piece;
use self::output::Output;

/// Streams that hold texts of the program, such as paths with names of people.
const TEXTS: [StreamType; 3] =
    [StreamType::ASSERTION_INFO, StreamType::UNREAL_CONTEXT, StreamType::CRASHPAD_INFO];

/// Streams whose contents are known, beyond those that [`refer`] moves: they refer to no other place of the file.
const SELF_CONTAINED: [StreamType; 9] = [
    StreamType::BREAKPAD_INFO,
    StreamType::ASSERTION_INFO,
    StreamType::STABILITY_REPORT,
    StreamType::UNREAL_CONTEXT,
    StreamType::MISC_INFO,
    StreamType::MEMORY_INFO_LIST,
    StreamType::THREAD_INFO_LIST,
    StreamType::SYSTEM_MEMORY_INFO,
    StreamType::PROCESS_VM_COUNTERS,
];

/// Streams that refer to other places of the file in ways that are not followed here: ThreadExList (8), Wine's list of
/// its host's libraries, the list of libraries of Linux writers, Mozilla's crash information of macOS.
const REFERRING: [u32; 4] = [8, 0xfff0, 0x4767_000a, 0x4d7a_0001];

/// What becomes of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Copied, with what it refers to.
    Moved,
    /// Copied as it is.
    Copied,
    /// Written again from what was read: Crashpad's annotations.
    Rewritten,
    /// Written anew: memory and comment.
    Replaced,
    Dropped,
}

/// What a redacted copy keeps. It leaves out the names of the objects that handles refer to, the folders of PDBs, and every
/// stream whose contents are not known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redaction {
    /// The memory that stays as it is; all else becomes zero, and the copy's [`TrimRecord`] says so.
    pub kept: Spans,
    /// Other bytes to write at these addresses.
    pub instead: Vec<(u64, Vec<u8>)>,
}

/// A trimmed copy of a dump, ready to be written.
#[derive(Debug)]
pub struct Trim<'d> {
    dump: &'d Dump,
    redacts: bool,
    instead: Vec<(u64, Vec<u8>)>,
    record: TrimRecord,
    census: Option<Vec<u8>>,
    pieces: Vec<Piece>,
    streams: Vec<(StreamLocation, Fate)>,
}

impl<'d> Trim<'d> {
    /// Keeps, of the memory in the dump, the addresses of `keep`; redacted, if it is said how.
    pub fn new(dump: &'d Dump, keep: &Spans, redaction: Option<Redaction>) -> Trim<'d> {
        let wide = dump.stream(StreamType::COMMENT_W).is_some();
        let redacts = redaction.is_some();
        let fate = |at: &StreamLocation| match at.kind {
            kind if is_memory(kind) => Fate::Replaced,
            StreamType::TRIM_RECORD | StreamType::CENSUS_RECORD | StreamType::COMMENT_W => Fate::Replaced,
            StreamType::COMMENT_A if !wide => Fate::Replaced,
            kind if refer::fields(kind).is_some() => Fate::Moved,
            kind if redacts && TEXTS.contains(&kind) => Fate::Dropped,
            StreamType::CRASHPAD_INFO => Fate::Rewritten,
            kind if SELF_CONTAINED.contains(&kind) || kind == StreamType::COMMENT_A => Fate::Copied,
            _ if redacts || at.size > limits::SMALL_STREAM_BYTES => Fate::Dropped,
            kind if REFERRING.contains(&kind.0) => Fate::Dropped,
            _ => Fate::Copied,
        };
        let streams = dump.streams().iter().map(|at| (*at, fate(at))).collect();
        let (kept, instead) = redaction.map(|of| (of.kept, of.instead)).unzip();
        Trim {
            dump,
            redacts,
            instead: instead.unwrap_or_default(),
            record: record::of(dump, keep, kept),
            census: None,
            pieces: memory::pieces(dump, keep),
            streams,
        }
    }

    /// Keeps a census too, as JSON in a stream of its own; one of more than 1 MiB is left out.
    #[must_use]
    pub fn with_census(mut self, json: Vec<u8>) -> Trim<'d> {
        self.census = Some(json).filter(|json| json.len() as u64 <= limits::SMALL_STREAM_BYTES);
        self
    }

    /// Bytes of memory that the copy keeps.
    pub fn kept_bytes(&self) -> u64 {
        self.pieces.iter().fold(0, |sum, piece| sum.saturating_add(piece.size))
    }

    /// The streams that are left out.
    pub fn dropped(&self) -> impl Iterator<Item = StreamType> + '_ {
        self.streams.iter().filter(|(_, fate)| *fate == Fate::Dropped).map(|(at, _)| at.kind)
    }

    /// The streams that are copied without knowing what they hold: what they may refer to elsewhere in the file is not
    /// there any more.
    pub fn unseen(&self) -> impl Iterator<Item = StreamType> + '_ {
        let known = |kind| SELF_CONTAINED.contains(&kind) || kind == StreamType::COMMENT_A;
        self.streams
            .iter()
            .filter(move |(at, fate)| *fate == Fate::Copied && !known(at.kind))
            .map(|(at, _)| at.kind)
    }

    /// Writes the copy from the start of `out` on, with `note` after the comment of the dump. Holds only the references
    /// of one list in memory. Returns the size of the copy.
    ///
    /// Fails if `out` fails, if the dump cannot be read, and if the metadata of the copy would exceed 4 GiB.
    pub fn write(&self, note: &str, out: &mut (impl Write + Seek)) -> io::Result<u64> {
        let memory = self.streams.iter().any(|(at, _)| is_memory(at.kind));
        let lost =
            self.dump.damage().iter().filter_map(lost_stream).filter(|(kind, _)| !self.replaces(*kind));
        let copied = self
            .streams
            .iter()
            .filter(|(_, fate)| matches!(fate, Fate::Moved | Fate::Copied | Fate::Rewritten));
        let count = copied.clone().count().saturating_add(lost.clone().count());
        let record =
            Some(&self.record).filter(|record| **record != TrimRecord::default()).map(TrimRecord::to_bytes);
        let own = [
            (StreamType::TRIM_RECORD, record.as_deref()),
            (StreamType::CENSUS_RECORD, self.census.as_deref()),
        ];
        let own = own.into_iter().filter_map(|(kind, bytes)| Some((kind, bytes?)));
        let count = count.saturating_add(1).saturating_add(usize::from(memory));
        let count = count.saturating_add(own.clone().count());
        let mut out = Output::new(self.dump, out, count)?;
        for (at, fate) in copied {
            match (fate, refer::fields(at.kind)) {
                (Fate::Moved, Some(fields)) => refer::copy(&mut out, at, fields, self.redacts)?,
                (Fate::Rewritten, _) => self.crashpad(&mut out, at)?,
                _ => {
                    let rva = out.copy(at.rva, at.present)?;
                    out.stream(at.kind, rva, at.present)?;
                }
            }
        }
        for (kind, size) in lost {
            out.directory(kind, output::NOWHERE, u32::try_from(size).unwrap_or(u32::MAX));
        }
        let comment = self.comment(note)?;
        let rva = out.put(&comment)?;
        out.stream(StreamType::COMMENT_W, rva, comment.len() as u64)?;
        for (kind, bytes) in own {
            let rva = out.put(bytes)?;
            out.stream(kind, rva, bytes.len() as u64)?;
        }
        if memory {
            memory::write(&mut out, &self.pieces, &mut |address, bytes| self.edit(address, bytes))?;
        }
        out.finish()
    }

    /// Crashpad's stream with the annotations that could be read; one that is cut off stays so.
    fn crashpad<W: Write + Seek>(&self, out: &mut Output<'_, '_, W>, at: &StreamLocation) -> io::Result<()> {
        let mut head = [0; crashpad_info::HEAD_BYTES];
        let info = self.dump.crashpad_info().ok().flatten();
        let bytes = match info.filter(|_| at.present >= head.len() as u64) {
            Some(info) => {
                out.meta.read(at.rva, &mut head).map_err(|damage| io::Error::other(damage.to_string()))?;
                crashpad_info::copy(&info, &head, &mut |bytes| out.put(bytes))?
            }
            None => output::read(self.dump, at.rva, at.present.min(head.len() as u64))?,
        };
        let rva = out.put(&bytes)?;
        out.stream(at.kind, rva, bytes.len() as u64)
    }

    /// Makes zero, of the bytes at `address`, what is not kept; and puts what is to stand there instead.
    fn edit(&self, address: u64, bytes: &mut [u8]) {
        let Some(kept) = &self.record.kept else { return };
        let end = address.saturating_add(bytes.len() as u64);
        let index = |at: u64| usize::try_from(at.saturating_sub(address)).unwrap_or(usize::MAX);
        let mut zero = |from: u64, until: u64| {
            if let Some(part) = bytes.get_mut(index(from)..index(until)) {
                part.fill(0);
            }
        };
        let mut done = address;
        for (from, until) in kept.within(address, end) {
            zero(done, from.max(done));
            done = until.min(end);
        }
        zero(done, end);
        for (at, other) in &self.instead {
            for (at, byte) in (*at..).zip(other).filter(|(at, _)| (address..end).contains(at)) {
                if let Some(place) = bytes.get_mut(index(at)) {
                    *place = *byte;
                }
            }
        }
    }

    fn replaces(&self, kind: StreamType) -> bool {
        matches!(kind, StreamType::COMMENT_W | StreamType::TRIM_RECORD | StreamType::CENSUS_RECORD)
            || (is_memory(kind) && self.streams.iter().any(|(at, _)| is_memory(at.kind)))
    }

    /// The comment as its writer left it, and the note on a line of its own.
    fn comment(&self, note: &str) -> io::Result<Vec<u8>> {
        const CUT: &str = "\n*** dumplens trim: the comment is cut off here";
        let is_comment = |kind| kind == StreamType::COMMENT_W || kind == StreamType::COMMENT_A;
        let replaced = |(at, fate): &&(StreamLocation, Fate)| *fate == Fate::Replaced && is_comment(at.kind);
        let mut units: Vec<u16> = Vec::new();
        if let Some((at, _)) = self.streams.iter().find(replaced) {
            let bytes = output::read(self.dump, at.rva, at.present.min(limits::SMALL_STREAM_BYTES))?;
            units = match at.kind {
                StreamType::COMMENT_A => bytes.iter().map(|byte| u16::from(*byte)).collect(),
                _ => utf16::units(&bytes).collect(),
            };
        }
        units.truncate(units.iter().position(|unit| *unit == 0).unwrap_or(units.len()));
        let behind = note.encode_utf16().count().saturating_add(CUT.len()).saturating_add(2);
        let most = ((limits::SMALL_STREAM_BYTES / 2) as usize).saturating_sub(behind);
        if units.len() > most {
            units.truncate(most);
            units.extend(CUT.encode_utf16());
        }
        if units.last().is_some_and(|unit| *unit != u16::from(b'\n')) {
            units.push(u16::from(b'\n'));
        }
        units.extend(note.encode_utf16());
        units.push(0);
        Ok(units.into_iter().flat_map(u16::to_le_bytes).collect())
    }
}

fn is_memory(kind: StreamType) -> bool {
    [StreamType::MEMORY_LIST, StreamType::MEMORY64_LIST].contains(&kind)
}

/// A stream that lies outside the file, or was not written, and its size: it stays so.
fn lost_stream(damage: &Damage) -> Option<(StreamType, u64)> {
    match damage {
        Damage::StreamOutside { stream, size, .. } => Some((*stream, *size)),
        Damage::StreamMalformed { stream, why } if why == IN_HEADER => Some((*stream, 0)),
        _ => None,
    }
}
