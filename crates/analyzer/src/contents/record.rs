//! The census that `trim` keeps in a copy: a copy's memory is a small part of what the answer came from.
//!
//! What proves it: it is of the same private commit, to the byte, and adds up to it.
//! What fools it: a copy that was forged by hand. No more is taken from it than names and numbers, and they are shown as
//! strings out of a dump are.

use super::model::{CensusReport, ReadingReport};
use super::private_bytes;
use crate::process::Process;

/// Rows of a table. `why` has twenty.
const ROWS: usize = 64;
/// Bytes of a name.
const NAME_BYTES: usize = 4 << 10;
/// What no number of bytes passes: sums of a table stay below 2^64.
const MOST_BYTES: u64 = 1 << 56;

/// A census as `trim` keeps it.
pub(crate) fn to_json(census: &CensusReport) -> Vec<u8> {
    // Numbers and strings under fixed names cannot fail.
    serde_json::to_vec(census).unwrap_or_default()
}

/// The census of the original of a trimmed copy; `None` where the copy has none.
///
/// Fails with the reason where it cannot be read, or cannot be of this process.
pub(crate) fn read(process: &Process<'_>) -> Result<Option<CensusReport>, String> {
    let bytes = process.dump.census_record().map_err(|damage| damage.to_string())?;
    let Some(bytes) = bytes else { return Ok(None) };
    let census: CensusReport = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    check(&census, private_bytes(process))?;
    let reading = ReadingReport { of_original: true, ..census.reading };
    Ok(Some(CensusReport { reading, ..census }))
}

/// Whether a census can be of a process with so much private memory.
fn check(census: &CensusReport, private: u64) -> Result<(), String> {
    let sum = census.uses.iter().try_fold(0u64, |sum, row| sum.checked_add(row.bytes));
    if census.private_bytes != private || sum != Some(private) {
        return Err(format!(
            "it is of {} bytes of private memory, of which it explains {}; the map has {private}",
            census.private_bytes,
            sum.unwrap_or(u64::MAX)
        ));
    }
    let rows = [
        census.uses.len(),
        census.groups.len(),
        census.sizes.len(),
        census.classes.len(),
        census.vftables.len(),
        census.pages.len(),
        census.repeated_images.len(),
        census.faults.len(),
    ];
    let names = census.groups.iter().flat_map(|group| [Some(group.usage.as_str()), group.holder.as_deref()]);
    let shapes = census.groups.iter().filter_map(|group| group.shape.as_ref());
    let names = names.flatten().chain(
        shapes.flat_map(|shape| shape.columns.iter().map(String::as_str).chain(shape.name.as_deref())),
    );
    let classes = || census.classes.iter().chain(&census.vftables);
    let mut names = names
        .chain(classes().map(|class| class.name.as_str()))
        .chain(census.repeated_images.iter().map(|image| image.name.as_str()))
        .chain(census.faults.iter().map(String::as_str));
    let bytes = census.groups.iter().map(|group| group.bytes);
    let mut bytes = bytes
        .chain(census.sizes.iter().map(|row| row.bytes))
        .chain(classes().map(|class| class.bytes))
        .chain(census.pages.iter().map(|row| row.bytes))
        .chain(census.repeated_images.iter().map(|image| image.size_bytes));
    if rows.iter().any(|rows| *rows > ROWS) || names.any(|name| name.len() > NAME_BYTES) {
        return Err("it is larger than any that dumplens writes".to_owned());
    }
    if bytes.any(|bytes| bytes > MOST_BYTES) {
        return Err("a row of it has more bytes than a process can have".to_owned());
    }
    Ok(())
}
