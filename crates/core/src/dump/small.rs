//! The streams that the `minidump` crate reads: out of a copy in which every entry was checked.

use minidump::{Minidump, MinidumpStream};

use super::Dump;
use crate::arch::{Arch, Width};
use crate::container::{OpenError, StreamLocation};
use crate::damage::Damage;
use crate::extract::Extract;
use crate::metadata::Metadata;
use crate::streams::threads::Places;
use crate::streams::{self, malformed};
use crate::vocabulary::StreamType;

/// The streams that are copied when a dump is opened.
pub(super) const COPIED: [StreamType; 7] = [
    StreamType::SYSTEM_INFO,
    StreamType::THREAD_LIST,
    StreamType::MODULE_LIST,
    StreamType::EXCEPTION,
    StreamType::MISC_INFO,
    StreamType::THREAD_INFO_LIST,
    StreamType::THREAD_NAMES,
];

/// Copies SystemInfo, which decides how the rest is read.
pub(super) fn processor(
    streams: &[StreamLocation],
    extract: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> (Option<Arch>, Width) {
    let system = streams.iter().find(|s| s.kind == StreamType::SYSTEM_INFO);
    let arch = match system.map(|at| streams::system_info::copy(at, extract, damage)) {
        Some(Ok(arch)) => Some(arch),
        Some(Err(lost)) => {
            damage.push(lost);
            None
        }
        None => None,
    };
    if let Some(width) = arch.and_then(Arch::width) {
        return (arch, width);
    }
    let threads = streams.iter().find(|s| s.kind == StreamType::THREAD_LIST);
    let width = threads.and_then(|at| streams::threads::guess_width(at, extract)).unwrap_or(Width::Bits64);
    let why = arch.map_or("no SystemInfoStream".to_owned(), |arch| arch.to_string());
    damage.push(Damage::WidthGuessed { why, bits: width.bits() });
    (arch, width)
}

/// Copies one stream into the extract, if it is one that the crate reads. For the thread list, returns where the
/// contexts lie.
pub(super) fn copy(
    at: &StreamLocation,
    width: Width,
    extract: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<Option<Vec<Places>>, Damage> {
    match at.kind {
        StreamType::THREAD_LIST => return streams::threads::copy(at, width, extract, damage).map(Some),
        StreamType::MODULE_LIST => streams::modules::copy(at, width, extract, damage),
        StreamType::EXCEPTION => streams::exception::copy(at, width, extract, damage),
        StreamType::MISC_INFO => streams::misc_info::copy(at, extract),
        StreamType::THREAD_INFO_LIST => streams::thread_info::copy(at, extract, damage),
        StreamType::THREAD_NAMES => streams::thread_names::copy(at, extract, damage),
        _ => Ok(()),
    }
    .map(|()| None)
}

pub(super) fn read_extract(bytes: Vec<u8>) -> Result<Minidump<'static, Vec<u8>>, OpenError> {
    Minidump::read(bytes).map_err(|e| OpenError::NotAMinidump { found: e.to_string() })
}

impl Dump {
    /// A stream that the `minidump` crate reads out of the extract.
    pub(super) fn small_stream<'d, S: MinidumpStream<'d>>(
        &'d self,
        kind: StreamType,
    ) -> Result<Option<S>, Damage> {
        match self.small.get_stream() {
            Ok(stream) => Ok(Some(stream)),
            Err(minidump::Error::StreamNotFound) => self.lost(kind).map_or(Ok(None), Err),
            Err(error) => Err(malformed(kind, error.to_string())),
        }
    }

    /// A stream that the `minidump` crate reads, in an extract of its own; with what reading it cost.
    pub(super) fn alone<S: for<'s> MinidumpStream<'s>>(
        &self,
        kind: StreamType,
        copy: impl FnOnce(&StreamLocation, &mut Extract<'_, '_>, &mut Vec<Damage>) -> Result<(), Damage>,
    ) -> Result<Option<(S, Vec<Damage>)>, Damage> {
        let Some(at) = self.stream(kind) else {
            return self.lost(kind).map_or(Ok(None), Err);
        };
        let meta = Metadata::of(&self.source);
        let mut extract = Extract::new(&meta);
        let mut damage = Vec::new();
        copy(at, &mut extract, &mut damage)?;
        let small = read_extract(extract.finish(&self.header)).map_err(|e| malformed(kind, e.to_string()))?;
        let list = small.get_stream().map_err(|e| malformed(kind, e.to_string()))?;
        Ok(Some((list, damage)))
    }
}
