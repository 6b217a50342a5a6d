//! Header and stream directory.

use std::io;

use thiserror::Error;

use crate::damage::Damage;
use crate::format::{MINIDUMP_DIRECTORY, MINIDUMP_HEADER, MINIDUMP_SIGNATURE, MINIDUMP_VERSION};
use crate::limits;
use crate::metadata::Metadata;
use crate::other_formats::{looks_like_text, other_format};
use crate::streams::malformed;
use crate::vocabulary::StreamType;

/// Why a file is not opened at all. Everything less is [`Damage`] and the dump opens.
#[derive(Debug, Error)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum OpenError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Read(Damage),
    #[error("the file is empty")]
    Empty,
    #[error("not a minidump: {found}")]
    NotAMinidump { found: String },
    #[error("a kernel memory dump ({signature}), not a minidump of a process: open it with WinDbg")]
    KernelDump { signature: &'static str },
    #[error("a minidump in big-endian byte order, which Windows does not write and dumplens does not read")]
    BigEndian,
    #[error("the minidump is cut off after {size} bytes, inside its header")]
    HeaderCut { size: u64 },
    #[error("a minidump header that lists {listed} streams, none of which can be read: {why}")]
    NothingReadable { listed: u32, why: &'static str },
}

/// `MINIDUMP_HEADER`, without what no reader needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Low word 0xA793; the high word is the writer's own.
    pub version: u32,
    /// Streams that the header lists.
    pub number_of_streams: u32,
    /// When the dump was written, in seconds since 1970 (UTC).
    pub time_date_stamp: u32,
    /// `MINIDUMP_TYPE`. Some writers claim streams that are not there.
    pub flags: u64,
}

/// One entry of the stream directory whose bytes lie, at least in part, in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLocation {
    /// What the stream holds.
    pub kind: StreamType,
    /// Where it begins in the file.
    pub rva: u64,
    /// Its length in bytes, as listed.
    pub size: u64,
    /// How many of these bytes the file holds.
    pub present: u64,
}

/// Reads header and directory.
pub(crate) fn read(
    meta: &Metadata<'_>,
    damage: &mut Vec<Damage>,
) -> Result<(Header, Vec<StreamLocation>), OpenError> {
    refuse_other_formats(meta)?;
    let raw: MINIDUMP_HEADER =
        meta.structure(0).map_err(OpenError::Read)?.ok_or(OpenError::HeaderCut { size: meta.size() })?;
    if raw.version.get() & 0xffff != MINIDUMP_VERSION {
        let found = format!("the signature MDMP, but format version {:#x}", raw.version.get() & 0xffff);
        return Err(OpenError::NotAMinidump { found });
    }
    let header = Header {
        version: raw.version.get(),
        number_of_streams: raw.number_of_streams.get(),
        time_date_stamp: raw.time_date_stamp.get(),
        flags: raw.flags.get(),
    };
    let entries = directory(meta, &raw, damage).map_err(OpenError::Read)?;
    let zero = entries.iter().all(|e| e.stream_type.get() == 0);
    let streams = locate(meta, entries, damage);
    let unwritten = damage.iter().any(|d| matches!(d, Damage::StreamMalformed { .. }));
    if !unwritten && !streams.iter().any(|s| s.kind.is_known()) {
        let why = match (zero, raw.stream_directory_rva.get() > 0) {
            (true, _) => "its stream directory is empty or missing; the writer probably did not finish",
            (false, _) => "each is outside the file or of an unknown type",
        };
        return Err(OpenError::NothingReadable { listed: header.number_of_streams, why });
    }
    Ok((header, streams))
}

/// The directory's entries, as far as the file holds them.
fn directory(
    meta: &Metadata<'_>,
    header: &MINIDUMP_HEADER,
    damage: &mut Vec<Damage>,
) -> Result<Vec<MINIDUMP_DIRECTORY>, Damage> {
    const ENTRY: u64 = size_of::<MINIDUMP_DIRECTORY>() as u64;
    let listed = header.number_of_streams.get();
    let wanted = listed.min(limits::STREAMS);
    let at = u64::from(header.stream_directory_rva.get());
    let present = meta.present(at, u64::from(wanted).saturating_mul(ENTRY)) / ENTRY;
    let bytes = meta.bytes(at, present.saturating_mul(ENTRY))?.unwrap_or_default();
    let (mut entries, read) = (Vec::new(), u32::try_from(present).unwrap_or(wanted));
    for raw in bytes.chunks_exact(size_of::<MINIDUMP_DIRECTORY>()) {
        let Ok(entry) = <MINIDUMP_DIRECTORY as zerocopy::FromBytes>::read_from_bytes(raw) else {
            break;
        };
        // A count that no writer writes says nothing about where the directory ends: the first entry that
        // cannot be one does.
        if listed > limits::STREAMS && !plausible(meta, &entry) {
            break;
        }
        entries.push(entry);
    }
    if listed > limits::STREAMS {
        let read = u32::try_from(entries.len()).unwrap_or(limits::STREAMS);
        damage.push(Damage::TooManyStreams { listed, read });
    } else if read < listed {
        damage.push(Damage::DirectoryCut { listed, present: read });
    }
    Ok(entries)
}

fn plausible(meta: &Metadata<'_>, entry: &MINIDUMP_DIRECTORY) -> bool {
    let (rva, size) = (u64::from(entry.location.rva.get()), u64::from(entry.location.data_size.get()));
    entry.stream_type.get() == 0 || (size > 0 && rva > 0 && meta.present(rva, size) == size)
}

/// The first offset at which anything but the header can lie.
pub(crate) const HEADER: u64 = size_of::<MINIDUMP_HEADER>() as u64;
/// Why a stream is lost that has no other place.
pub(crate) const IN_HEADER: &str = "its offset is that of the file's header, so it was not written";

/// Drops unused entries, entries outside the file and repetitions.
fn locate(
    meta: &Metadata<'_>,
    entries: Vec<MINIDUMP_DIRECTORY>,
    damage: &mut Vec<Damage>,
) -> Vec<StreamLocation> {
    let mut streams: Vec<StreamLocation> = Vec::new();
    let mut repeated: Vec<(StreamType, u32)> = Vec::new();
    let mut unknown = None;
    for entry in entries {
        let kind = StreamType(entry.stream_type.get());
        let (rva, size) = (u64::from(entry.location.rva.get()), u64::from(entry.location.data_size.get()));
        if kind == StreamType::UNUSED {
            continue;
        }
        if kind.is_known() && streams.iter().any(|s| s.kind == kind) {
            match repeated.iter_mut().find(|(k, _)| *k == kind) {
                Some((_, times)) => *times = times.saturating_add(1),
                None => repeated.push((kind, 2)),
            }
            continue;
        }
        let present = meta.present(rva, size);
        // An RVA of 0 says that there is nothing: no stream lies in the file's header.
        let outside = rva < HEADER || rva >= meta.size();
        match (outside, present < size) {
            (true, _) | (_, true) if !kind.is_known() => {
                unknown = Some(
                    unknown.map_or((1, kind), |(count, first): (u32, _)| (count.saturating_add(1), first)),
                );
            }
            (true, _) if rva < HEADER => damage.push(malformed(kind, IN_HEADER)),
            (true, _) => damage.push(Damage::StreamOutside { stream: kind, rva, size }),
            (false, true) => damage.push(Damage::StreamCut { stream: kind, size, present }),
            (false, false) => {}
        }
        if outside {
            continue;
        }
        streams.push(StreamLocation { kind, rva, size, present });
    }
    damage.extend(unknown.map(|(count, first)| Damage::UnknownStreamsOutside { count, first }));
    damage.extend(repeated.into_iter().map(|(stream, times)| Damage::DuplicateStream { stream, times }));
    streams
}

/// One clear line for a file that is something else.
fn refuse_other_formats(meta: &Metadata<'_>) -> Result<(), OpenError> {
    const HEAD: u64 = 512;
    if meta.size() == 0 {
        return Err(OpenError::Empty);
    }
    let head = meta.bytes(0, meta.size().min(HEAD)).map_err(OpenError::Read)?.unwrap_or_default();
    if head.starts_with(&MINIDUMP_SIGNATURE.to_le_bytes()) {
        return Ok(());
    }
    if head.starts_with(&MINIDUMP_SIGNATURE.to_be_bytes()) {
        return Err(OpenError::BigEndian);
    }
    for signature in ["PAGEDU64", "PAGEDUMP"] {
        if head.starts_with(signature.as_bytes()) {
            return Err(OpenError::KernelDump { signature });
        }
    }
    let found = match other_format(&head) {
        Some(what) => format!("this is {what}"),
        None if head.iter().take(8).all(|b| *b == 0) => {
            "it begins with zeros, like a file that was never written".to_owned()
        }
        None if looks_like_text(&head) => {
            "it does not begin with the signature MDMP, and looks like text".to_owned()
        }
        None => "it does not begin with the signature MDMP".to_owned(),
    };
    Err(OpenError::NotAMinidump { found })
}
