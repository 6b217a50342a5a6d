//! The export directory.

use std::cmp::Ordering;

use goblin::pe::export::{ExportAddressTableEntry, ExportData, ExportDirectoryTable};

use super::{Image, ImageError, in_memory, malformed, until_nul};
use crate::limits;

/// Bytes of an `IMAGE_EXPORT_DIRECTORY`.
const EXPORT_DIRECTORY: u32 = 40;

/// What an image exports, in order of ordinals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exports {
    /// The ordinal of the first entry.
    base: u32,
    entries: Vec<Entry>,
    names: Names,
}

/// One export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export<'e> {
    /// The name; `None` for an export by ordinal only.
    pub name: Option<&'e str>,
    /// The ordinal, with the base added.
    pub ordinal: u32,
    /// Where the export is.
    pub target: ExportTarget<'e>,
    /// What the export address table has: the offset from the image's base of the export, or of the name it forwards to.
    pub rva: u32,
}

/// Where an export leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportTarget<'e> {
    /// Code or data of this image, by offset from its base.
    Rva(u32),
    /// Another module's export, as `MODULE.Name`; empty if the string is not readable.
    Forward(&'e str),
}

/// An entry of the export address table; its place in the table tells the ordinal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    name: Name,
    target: Target,
    rva: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Rva(u32),
    Forward(Name),
}

/// Where a name begins and ends in [`Names`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Name(u32, u32);

/// The names of an export directory, one behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Names(String);

impl Exports {
    /// How many entries the address table has, those that are not used among them.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at `index` of the address table; `None` behind its end, and for an entry that is not used.
    pub fn get(&self, index: usize) -> Option<Export<'_>> {
        let entry = self.entries.get(index)?;
        let target = match entry.target {
            Target::Rva(0) => return None,
            Target::Rva(rva) => ExportTarget::Rva(rva),
            Target::Forward(name) => ExportTarget::Forward(self.names.get(name)),
        };
        let name = Some(self.names.get(entry.name)).filter(|name| !name.is_empty());
        let ordinal = self.base.wrapping_add(u32::try_from(index).ok()?);
        Some(Export { name, ordinal, target, rva: entry.rva })
    }

    /// Every export.
    pub fn iter(&self) -> impl Iterator<Item = Export<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Bytes that entries and names take.
    pub fn bytes(&self) -> usize {
        size_of::<Entry>().saturating_mul(self.entries.capacity()).saturating_add(self.names.0.capacity())
    }
}

impl Image<'_> {
    /// Bytes that the export directory says it has: what [`Image::exports`] reads is in proportion to them. 0 without one.
    pub fn export_bytes(&self) -> u32 {
        self.headers.exports.map_or(0, |directory| directory.size)
    }

    /// Where the export directory lies: its address, and how many bytes it says it has, `most` at most.
    pub(crate) fn export_directory(&self, most: u32) -> Option<(u64, u64)> {
        let directory = self.headers.exports?;
        Some((self.base.wrapping_add(directory.virtual_address.into()), directory.size.min(most).into()))
    }

    /// Every export: `Ok(None)` if the image has no export directory.
    pub fn exports(&self) -> Result<Option<Exports>, ImageError> {
        let Some(directory) = self.headers.exports else {
            return Ok(None);
        };
        if directory.size > limits::EXPORT_BYTES {
            return Err(ImageError::Malformed(format!("an export directory of {} bytes", directory.size)));
        }
        let head = self.bytes(directory.virtual_address, EXPORT_DIRECTORY)?;
        let table = ExportDirectoryTable::parse(&head, 0).map_err(malformed)?;
        let (names, addresses) = (table.number_of_name_pointers, table.address_table_entries);
        if names > limits::EXPORTS || addresses > limits::EXPORTS {
            return Err(ImageError::Malformed(format!("{addresses} exports with {names} names")));
        }
        let bytes = self.slice(&[
            (directory.virtual_address, directory.size),
            (table.export_address_table_rva, addresses.saturating_mul(4)),
            (table.name_pointer_rva, names.saturating_mul(4)),
            (table.ordinal_table_rva, names.saturating_mul(2)),
        ])?;
        let data = ExportData::parse_with_opts(&bytes, directory, &[], 0, &in_memory()).map_err(malformed)?;
        decode(&data, &bytes, directory.size as usize).map(Some)
    }
}

impl Image<'_> {
    /// The name that the export directory gives the image, such as `KERNEL32.dll`: at most 255 characters. `None` without
    /// an export directory, and where the dump does not keep it.
    pub fn export_directory_name(&self) -> Option<String> {
        const MOST: u32 = 255;
        let directory = self.headers.exports?;
        let head = self.bytes(directory.virtual_address, EXPORT_DIRECTORY).ok()?;
        let rva = ExportDirectoryTable::parse(&head, 0).ok()?.name_rva;
        let name = self.bytes(rva, MOST.min(self.size.checked_sub(rva)?)).ok()?;
        Some(String::from_utf8_lossy(until_nul(&name)).into_owned()).filter(|name| !name.is_empty())
    }

    /// The offset from the base of the export of a name, found as the loader finds it: by halving the sorted table of names.
    /// `None` if there is none, if it leads to another module, and if the dump does not keep the way to it.
    pub(crate) fn export_named(&self, name: &str) -> Option<u32> {
        let directory = self.headers.exports?;
        let head = self.bytes(directory.virtual_address, EXPORT_DIRECTORY).ok()?;
        let table = ExportDirectoryTable::parse(&head, 0).ok()?;
        let number = |rva: u32, index: u32, size: u32| {
            let bytes = self.bytes(rva.checked_add(index.checked_mul(size)?)?, size).ok()?;
            Some(bytes.iter().rev().fold(0, |n: u32, byte| n << 8 | u32::from(*byte)))
        };
        let compare = |index: u32| {
            let rva = number(table.name_pointer_rva, index, 4)?;
            let bytes = u32::try_from(name.len()).ok()?.checked_add(1)?;
            let found = self.bytes(rva, bytes.min(self.size.saturating_sub(rva))).ok()?;
            Some(until_nul(&found).cmp(name.as_bytes()))
        };
        let (mut low, mut high) = (0, table.number_of_name_pointers.min(limits::EXPORTS));
        while low < high {
            let middle = low.midpoint(high);
            match compare(middle)? {
                Ordering::Less => low = middle.checked_add(1)?,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    let index = number(table.ordinal_table_rva, middle, 2)?;
                    let rva = number(table.export_address_table_rva, index, 4)?;
                    let end = directory.virtual_address.saturating_add(directory.size);
                    return (rva != 0 && !(directory.virtual_address..end).contains(&rva)).then_some(rva);
                }
            }
        }
        None
    }
}

/// `image` holds the names, which are together no longer than `size`, the directory's own bytes.
fn decode(data: &ExportData<'_>, image: &[u8], size: usize) -> Result<Exports, ImageError> {
    let (mut names, mut left) = (Names(String::new()), size);
    let mut entries = Vec::with_capacity(data.export_address_table.len());
    for entry in &data.export_address_table {
        let (target, rva) = match entry {
            ExportAddressTableEntry::ExportRVA(rva) => (Target::Rva(*rva), *rva),
            ExportAddressTableEntry::ForwarderRVA(rva) => {
                (Target::Forward(names.add(image, *rva, &mut left)?), *rva)
            }
        };
        entries.push(Entry { name: Name::default(), target, rva });
    }
    for (rva, index) in data.export_name_pointer_table.iter().zip(&data.export_ordinal_table) {
        if let Some(entry) = entries.get_mut(usize::from(*index)) {
            entry.name = names.add(image, *rva, &mut left)?;
        }
    }
    Ok(Exports { base: data.export_directory_table.ordinal_base, entries, names })
}

impl Names {
    /// Keeps the name at `rva`; the empty one if there is none. Each has bytes of its own in the directory, so together
    /// they cannot be longer than it is, of which so much is `left`: 65,536 references to one long name would be 256 MiB.
    fn add(&mut self, image: &[u8], rva: u32, left: &mut usize) -> Result<Name, ImageError> {
        let Some(name) = image.get(rva as usize..).map(until_nul) else { return Ok(Name::default()) };
        let malformed = |why: &str| ImageError::Malformed(why.into());
        *left = left
            .checked_sub(name.len())
            .ok_or_else(|| malformed("exports whose names are longer than their directory"))?;
        let place = |at| u32::try_from(at).map_err(|_| malformed("4 GiB of names"));
        let begin = place(self.0.len())?;
        match str::from_utf8(name) {
            Ok(text) => self.0.push_str(text),
            Err(_) => self.0.push_str(&String::from_utf8_lossy(name)),
        }
        Ok(Name(begin, place(self.0.len())?))
    }

    fn get(&self, Name(begin, end): Name) -> &str {
        self.0.get(begin as usize..end as usize).unwrap_or_default()
    }
}
