//! What a copy is to say of its original.

use crate::dump::Dump;
use crate::limits;
use crate::spans::Spans;
use crate::streams::trim_record::TrimRecord;

/// Runs of each of the record's two lists.
const MOST: usize = (limits::SPANS / 2) as usize;

/// The record of a copy that keeps `keep`, and of it only `kept` as it is. Of a copy's copy, what the copy said holds too.
pub(super) fn of(dump: &Dump, keep: &Spans, kept: Option<Spans>) -> TrimRecord {
    let before = dump.trimmed().ok().flatten().cloned().unwrap_or_default();
    let cut_off = dump.streams().iter().any(|at| at.present < at.size);
    let missing = dump.memory().missing_bytes();
    let kept = match (kept, before.kept) {
        (Some(kept), Some(before)) => Some(kept.common(&before, MOST)),
        (kept, before) => kept.or(before),
    };
    TrimRecord {
        truncated: before.truncated || missing > 0 || cut_off,
        missing_bytes: before.missing_bytes.saturating_add(missing),
        cut: missing_from(dump, before.cut),
        kept: kept.map(|kept| keep.common(&kept, MOST)),
    }
}

/// Memory that the lists name and the file, cut off, does not hold.
fn missing_from(dump: &Dump, mut cut: Spans) -> Spans {
    let size = dump.size();
    let missing = dump.memory().ranges().filter(|range| range.offset.saturating_add(range.size) > size);
    for range in missing.take(MOST) {
        let present = size.saturating_sub(range.offset).min(range.size);
        cut.add(range.start.saturating_add(present), range.size.saturating_sub(present));
    }
    cut
}
