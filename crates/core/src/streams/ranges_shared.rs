//! Memory ranges that share their bytes in the file with something else: 32-bit RVAs wrap in files above 4 GB, and the
//! bytes there are then not those of the memory.

use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::format::MINIDUMP_HEADER;
use crate::ranges::MemoryRange;

/// Parts of the file that are no memory, by where they begin. A stream that does not end in the file has no size that
/// could be believed.
pub(super) fn taken(streams: &[StreamLocation]) -> Vec<(u64, u64)> {
    let header = (0, size_of::<MINIDUMP_HEADER>() as u64);
    let whole = streams.iter().filter(|at| at.present == at.size);
    let extent = |at: &StreamLocation| (at.rva, at.rva.saturating_add(at.present));
    let mut taken: Vec<_> = whole.map(extent).chain([header]).filter(|(from, end)| from < end).collect();
    taken.sort_unstable();
    taken
}

/// Whether one of these parts lies in `from..end`.
pub(super) fn is_taken(taken: &[(u64, u64)], from: u64, end: u64) -> bool {
    let before = taken.partition_point(|part| part.0 < end);
    // Streams may lie over each other, so that not only the last one can reach that far; there are few of them.
    taken.get(..before).unwrap_or_default().iter().any(|part| part.1 > from)
}

/// Ranges that lie over such parts, or over another range.
pub(super) fn find(taken: &[(u64, u64)], list: &[MemoryRange]) -> Option<Damage> {
    let mut by_place: Vec<&MemoryRange> = list.iter().collect();
    by_place.sort_unstable_by_key(|range| range.offset);
    let (mut covered, mut count, mut first) = (0, 0u64, u64::MAX);
    for range in by_place {
        let end = range.offset.saturating_add(range.size);
        if range.offset < covered || is_taken(taken, range.offset, end) {
            count = count.saturating_add(1);
            first = first.min(range.start);
        }
        covered = covered.max(end);
    }
    (count > 0).then_some(Damage::RangesShared { count, first })
}
