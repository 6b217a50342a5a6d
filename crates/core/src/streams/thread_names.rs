//! ThreadNamesStream (24): a count and `MINIDUMP_THREAD_NAME`s, 0xc bytes each.

use std::collections::BTreeMap;

use minidump::MinidumpThreadNames;
use zerocopy::{FromBytes, IntoBytes};

use super::table::Table;
use super::threads::count;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::{Extract, Losses};
use crate::format::MINIDUMP_THREAD_NAME;
use crate::limits;

/// Copies the names; one that cannot be read is empty.
pub(crate) fn copy(
    at: &StreamLocation,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    let table = Table::plain(out.meta, at, size_of::<MINIDUMP_THREAD_NAME>(), limits::THREADS, damage)?;
    let mut names: Vec<MINIDUMP_THREAD_NAME> = table.entries(out.meta)?;
    let mut losses = Losses::default();
    for (index, name) in (0u64..).zip(names.iter_mut()) {
        name.rva_of_thread_name =
            u64::from(out.string(name.rva_of_thread_name.get(), index, &mut losses).get()).into();
    }
    losses.report(at.kind, damage);
    out.stream(at.kind, &[&count(names.len()), names.as_bytes()])
}

/// The names by thread ID: the crate gives the name of an ID, and the IDs are in the copy that it was made of.
pub(crate) fn by_id(names: &MinidumpThreadNames, copy: &[u8]) -> BTreeMap<u32, String> {
    let entries = copy.get(size_of::<u32>()..).unwrap_or_default();
    let entries = entries.chunks_exact(size_of::<MINIDUMP_THREAD_NAME>());
    let ids = entries.filter_map(|entry| MINIDUMP_THREAD_NAME::read_from_bytes(entry).ok());
    ids.filter_map(|entry| {
        let id = entry.thread_id.get();
        Some((id, names.get_name(id)?.into_owned()))
    })
    .collect()
}
