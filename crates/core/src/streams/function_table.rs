//! FunctionTableStream (13): the RUNTIME_FUNCTIONs of code that was made while the process ran, and of some images.
//!
//! `MINIDUMP_FUNCTION_TABLE_STREAM` (minidumpapiset.h), 18 bytes: SizeOfHeader, SizeOfDescriptor, SizeOfNativeDescriptor,
//! SizeOfFunctionEntry, NumberOfDescriptors, SizeOfAlignPad; then the pad. For each table: a descriptor of 20 bytes
//! (MinimumAddress, MaximumAddress, BaseAddress, EntryCount, SizeOfAlignPad), what Windows itself had of the table
//! (`DYNAMIC_FUNCTION_TABLE`, of which every version has another size), the entries, and the pad.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::malformed;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::limits;
use crate::metadata::Metadata;
use crate::unwind::{FunctionTable, RuntimeFunction};

/// The names are Microsoft's.
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct FixedPart {
    size_of_header: U32,
    size_of_descriptor: U32,
    size_of_native_descriptor: U32,
    size_of_function_entry: U32,
    number_of_descriptors: U32,
    size_of_align_pad: U32,
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Descriptor {
    minimum_address: U64,
    maximum_address: U64,
    base_address: U64,
    entry_count: U32,
    size_of_align_pad: U32,
}

/// Bytes of an x64 RUNTIME_FUNCTION; other processors' have other sizes.
const ENTRY: u32 = 12;

/// The tables of the dump, in order of their addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionTables {
    tables: Vec<DynamicTable>,
    /// The furthest end of each table and of all before it.
    ends: Vec<u64>,
    /// What was lost.
    pub damage: Option<Damage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct DynamicTable {
    minimum: u64,
    maximum: u64,
    table: FunctionTable,
}

impl FunctionTables {
    fn new(mut tables: Vec<DynamicTable>, damage: Option<Damage>) -> FunctionTables {
        tables.sort_by_key(|table| table.minimum);
        let furthest = |end: &mut u64, table: &DynamicTable| {
            *end = table.maximum.max(*end);
            Some(*end)
        };
        let ends = tables.iter().scan(0, furthest).collect();
        FunctionTables { tables, ends, damage }
    }

    /// The table for the code at an address.
    pub fn at(&self, address: u64) -> Option<&FunctionTable> {
        let behind = self.tables.partition_point(|table| table.minimum <= address);
        for n in (0..behind).rev().take(limits::OVERLAPPING_TABLES) {
            if self.ends.get(n).is_none_or(|end| *end <= address) {
                return None;
            }
            let table = self.tables.get(n).filter(|table| address < table.maximum);
            if table.is_some() {
                return table.map(|table| &table.table);
            }
        }
        None
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.tables.len()
    }
}

/// Reads the stream. What is cut off costs the tables from there on. Tables of processors other than x64 are left out.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<FunctionTables, Damage> {
    let length = at.size.min(at.present).min(limits::FUNCTION_TABLE_BYTES);
    let bytes = meta.bytes(at.rva, length)?.unwrap_or_default();
    let (header, _) = FixedPart::read_from_prefix(&bytes).map_err(|_| malformed(at.kind, "no header"))?;
    if header.size_of_function_entry.get() != ENTRY {
        return Ok(FunctionTables::default());
    }
    // No step may be shorter than what it reads.
    if (header.size_of_descriptor.get() as usize) < size_of::<Descriptor>() {
        return Err(malformed(at.kind, "descriptors that are too short"));
    }
    let head = sum(&[header.size_of_header, header.size_of_align_pad]);
    let mut rest = bytes.get(head..).unwrap_or_default();
    let (mut tables, count) = (Vec::new(), header.number_of_descriptors.get());
    let mut damage = None;
    for n in 0..count {
        let Some((found, behind)) = table(&header, rest) else {
            damage = Some(Damage::EntriesCut { stream: at.kind, listed: count.into(), read: n.into() });
            break;
        };
        tables.extend(found);
        rest = behind;
    }
    Ok(FunctionTables::new(tables, damage))
}

/// One table, and what stands behind it. Without a table that describes anything, `None` in its place.
fn table<'b>(header: &FixedPart, bytes: &'b [u8]) -> Option<(Option<DynamicTable>, &'b [u8])> {
    let (descriptor, _) = Descriptor::read_from_prefix(bytes).ok()?;
    let entries = bytes.get(sum(&[header.size_of_descriptor, header.size_of_native_descriptor])..)?;
    let length = usize::try_from(descriptor.entry_count.get().checked_mul(ENTRY)?).ok()?;
    let (entries, behind) = entries.split_at_checked(length)?;
    let pad = usize::try_from(descriptor.size_of_align_pad.get()).ok()?;
    // The last pad may be left out.
    let behind = behind.get(pad..).unwrap_or_default();
    let (minimum, maximum) = (descriptor.minimum_address.get(), descriptor.maximum_address.get());
    let base = descriptor.base_address.get();
    let functions = entries.chunks_exact(ENTRY as usize).map(RuntimeFunction::decode).collect();
    let table = FunctionTable::of(base, functions);
    let usable = minimum < maximum && base <= minimum;
    Some((usable.then_some(DynamicTable { minimum, maximum, table }), behind))
}

fn sum(sizes: &[U32]) -> usize {
    sizes.iter().fold(0, |sum, size| sum.saturating_add(size.get() as usize))
}
