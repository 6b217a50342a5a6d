//! TrimRecord (0x4c440001), dumplens' own, in trimmed copies: a header of 32 bytes (SizeOfHeader, Flags, NumberOfKept,
//! NumberOfCut, MissingBytes), then NumberOfKept and NumberOfCut MINIDUMP_MEMORY_DESCRIPTOR64s.
//!
//! Flags: 1, the original was cut off; 2, the copy was redacted. Of a redacted copy's memory only the first descriptors are
//! as they were; all else is zero, and says nothing. The others are memory that the original listed and did not hold.

use zerocopy::IntoBytes;

use super::table::{self, Table};
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::{self, MINIDUMP_MEMORY_DESCRIPTOR64};
use crate::limits;
use crate::metadata::Metadata;
use crate::spans::Spans;

const TRUNCATED: u32 = 1;
const REDACTED: u32 = 2;

/// What a trimmed copy says of its original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrimRecord {
    /// Whether the original was cut off.
    pub truncated: bool,
    /// Bytes of memory that the original listed and did not hold.
    pub missing_bytes: u64,
    /// Where they were.
    pub cut: Spans,
    /// What of the memory is as it was, if the copy was redacted; all else was made zero.
    pub kept: Option<Spans>,
}

impl TrimRecord {
    /// The stream; what passes the bound of the list is left out, and must not be kept.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let descriptors = |spans: &Spans| -> Vec<u8> {
            let one = |(start, end): (u64, u64)| MINIDUMP_MEMORY_DESCRIPTOR64 {
                start_of_memory_range: start.into(),
                data_size: end.saturating_sub(start).into(),
            };
            spans.runs().flat_map(|run| one(run).as_bytes().to_vec()).collect()
        };
        let kept = self.kept.as_ref().map(&descriptors).unwrap_or_default();
        let cut = descriptors(&self.cut);
        let redacted = if self.kept.is_some() { REDACTED } else { 0 };
        let header = format::TRIM_RECORD {
            size_of_header: 32.into(),
            flags: (redacted | if self.truncated { TRUNCATED } else { 0 }).into(),
            number_of_kept: (self.kept.as_ref().map_or(0, |kept| kept.runs().count()) as u64).into(),
            number_of_cut: (self.cut.runs().count() as u64).into(),
            missing_bytes: self.missing_bytes.into(),
        };
        [header.as_bytes(), &kept, &cut].concat()
    }
}

/// Reads the record. What of its lists is missing is taken as not kept.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<TrimRecord>, Damage> {
    let header: format::TRIM_RECORD = table::structure(meta, at)?;
    let (before, stride) = (header.size_of_header.get(), size_of::<MINIDUMP_MEMORY_DESCRIPTOR64>());
    table::check_sizes(at, before, size_of::<format::TRIM_RECORD>(), 16, stride)?;
    let (kept, cut) = (header.number_of_kept.get(), header.number_of_cut.get());
    let all =
        Table::fit(at, before.into(), stride as u64, kept.saturating_add(cut), limits::SPANS, &mut vec![]);
    let spans = |part: Table| -> Result<Spans, Damage> {
        let mut spans = Spans::default();
        part.for_each(meta, |of: &MINIDUMP_MEMORY_DESCRIPTOR64| {
            spans.add(of.start_of_memory_range.get(), of.data_size.get());
        })?;
        Ok(spans)
    };
    let flags = header.flags.get();
    Ok(Some(TrimRecord {
        truncated: flags & TRUNCATED != 0,
        missing_bytes: header.missing_bytes.get(),
        cut: spans(all.part(kept, u64::MAX))?,
        kept: if flags & REDACTED != 0 { Some(spans(all.part(0, kept))?) } else { None },
    }))
}
