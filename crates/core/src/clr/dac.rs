//! The runtime's table of its globals for debuggers, which is used as a list of candidates: the order changes from version
//! to version.

use super::reader::Reader;
use crate::pe::Image;

/// Entries: .NET 8 has 169.
const ENTRIES: u32 = 4096;
/// The resource of 2.1 and 3.1 that has the table: a count, and RVAs from 24 on.
const RESOURCE: &str = "COREXTERNALDATAACCESSRESOURCE";
/// `RT_RCDATA`.
const RCDATA: u32 = 10;

/// Addresses of variables of the runtime, in the order of the table; all of them inside the module.
pub(crate) fn candidates(reader: &Reader<'_>, image: &Image<'_>, base: u64, size: u32) -> Vec<u64> {
    match image.export_named("g_dacTable") {
        Some(rva) => exported(reader, base.wrapping_add(u64::from(rva)), base, size),
        None => resource(reader, image, base, size).unwrap_or_default(),
    }
}

/// The array of addresses, up to the first outside the module.
fn exported(reader: &Reader<'_>, at: u64, base: u64, size: u32) -> Vec<u64> {
    let inside = |address: &u64| address.checked_sub(base).is_some_and(|offset| offset < u64::from(size));
    let entry = |n: u32| reader.word(at.wrapping_add(u64::from(n).wrapping_mul(reader.size())));
    (0..ENTRIES).map_while(entry).take_while(inside).collect()
}

fn resource(reader: &Reader<'_>, image: &Image<'_>, base: u64, size: u32) -> Option<Vec<u64>> {
    let root = base.wrapping_add(u64::from(image.resources()?));
    let names = directory(reader, root, |id| id == RCDATA)?;
    let languages = directory(reader, root.wrapping_add(names), |id| named(reader, root, id))?;
    let data = directory(reader, root.wrapping_add(languages), |_| true)?;
    let at = base.wrapping_add(u64::from(reader.u32(root.wrapping_add(data))?));
    let count = reader.u32(at)?.min(ENTRIES);
    let entry = |n: u32| reader.u32(at.wrapping_add(24).wrapping_add(u64::from(n).wrapping_mul(4)));
    let rvas = (0..count).map_while(entry).take_while(|rva| *rva < size);
    Some(rvas.map(|rva| base.wrapping_add(u64::from(rva))).collect())
}

/// In an `IMAGE_RESOURCE_DIRECTORY` the offset, from the root, that the first entry leads to whose name or id fits.
fn directory(reader: &Reader<'_>, at: u64, fits: impl Fn(u32) -> bool) -> Option<u64> {
    let (named, numbered) = (reader.u16(at.wrapping_add(12))?, reader.u16(at.wrapping_add(14))?);
    let count = u64::from(named).wrapping_add(u64::from(numbered)).min(u64::from(ENTRIES));
    (0..count).find_map(|n| {
        let entry = at.wrapping_add(16).wrapping_add(n.wrapping_mul(8));
        let (id, target) = (reader.u32(entry)?, reader.u32(entry.wrapping_add(4))?);
        fits(id).then_some(u64::from(target & 0x7fff_ffff))
    })
}

/// Whether the name of an entry, a length and UTF-16 behind the root, is that of the table.
fn named(reader: &Reader<'_>, root: u64, id: u32) -> bool {
    let at = root.wrapping_add(u64::from(id & 0x7fff_ffff));
    let unit = |n: u64| reader.u16(at.wrapping_add(2).wrapping_add(n.wrapping_mul(2)));
    let same = || RESOURCE.encode_utf16().zip(0..).all(|(expected, n)| unit(n) == Some(expected));
    id >> 31 == 1 && reader.u16(at).map(usize::from) == Some(RESOURCE.len()) && same()
}
