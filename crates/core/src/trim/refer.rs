//! Streams that refer to other places of the file: which fields do, and how they are moved.

use std::io::{self, Seek, Write};

use super::output::{NOWHERE, Output};
use crate::container::StreamLocation;
use crate::extract::string_bytes;
use crate::format::{
    MINIDUMP_EXCEPTION_STREAM, MINIDUMP_HANDLE_DATA_STREAM, MINIDUMP_HANDLE_DESCRIPTOR, MINIDUMP_MODULE,
    MINIDUMP_THREAD, MINIDUMP_THREAD_NAME, MINIDUMP_UNLOADED_MODULE,
};
use crate::limits;
use crate::metadata::Metadata;
use crate::pe;
use crate::streams::handle_information::Link;
use crate::streams::table::{self, Table};
use crate::vocabulary::StreamType;

/// A field that holds a place in the file, by its offset in the entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// RVA of a MINIDUMP_STRING; 0 for none.
    Name(usize),
    /// The same, left out of redacted copies.
    ObjectName(usize),
    /// The same in 64 bits.
    Name64(usize),
    /// MINIDUMP_LOCATION_DESCRIPTOR of a record of at most so many bytes.
    Record(usize, u32),
    /// The same, of the record that names a module's PDB: redacted, it names no folder.
    CodeView(usize),
    /// The same, of an older record, which names files: left out of redacted copies.
    Misc(usize),
    /// MINIDUMP_MEMORY_DESCRIPTOR of a stack: it is in the memory lists, or else copied unless redacted.
    Stack(usize),
    /// RVA of a chain of object information: the links whose types are known; they hold numbers.
    Information(usize),
}

impl Field {
    /// Bytes of the longest record that is copied.
    fn most_bytes(self) -> u32 {
        match self {
            Field::Record(_, most) => most,
            _ => limits::CODEVIEW_BYTES,
        }
    }
}

/// In place of a length: a chain of object information.
const INFORMATION: u32 = u32::MAX - 1;

/// Bytes of a stack that no memory list holds; Windows commits 1 MiB by default.
const STACK_BYTES: u32 = 1 << 20;

/// `MINIDUMP_SYSTEM_INFO`: only CSDVersionRva, at 0x18, matters here.
const SYSTEM_INFO: usize = 0x1c;

/// The fields of a stream's entries; `None` for a stream that has none.
pub(super) fn fields(kind: StreamType) -> Option<&'static [Field]> {
    use Field::{CodeView, Information, Misc, Name, Name64, ObjectName, Record, Stack};
    Some(match kind {
        StreamType::THREAD_LIST => &[Stack(0x18), Record(0x28, limits::CONTEXT_BYTES)],
        StreamType::MODULE_LIST => &[Name(0x14), CodeView(0x4c), Misc(0x54)],
        StreamType::EXCEPTION => &[Record(0xa0, limits::CONTEXT_BYTES)],
        StreamType::SYSTEM_INFO => &[Name(0x18)],
        StreamType::HANDLE_DATA => &[Name(0x8), ObjectName(0xc), Information(0x20)],
        StreamType::UNLOADED_MODULE_LIST => &[Name(0x14)],
        StreamType::THREAD_NAMES => &[Name64(0x4)],
        _ => return None,
    })
}

/// The entries of such a stream; `None` if it is too damaged to have any.
fn table(meta: &Metadata<'_>, at: &StreamLocation) -> Option<Table> {
    let lost = &mut Vec::new();
    let single =
        |size: usize| (at.present >= size as u64).then(|| Table::fit(at, 0, size as u64, 1, 1, &mut vec![]));
    match at.kind {
        StreamType::THREAD_LIST => {
            Table::plain(meta, at, size_of::<MINIDUMP_THREAD>(), limits::THREADS, lost).ok()
        }
        StreamType::MODULE_LIST => {
            Table::plain(meta, at, size_of::<MINIDUMP_MODULE>(), limits::MODULES, lost).ok()
        }
        StreamType::THREAD_NAMES => {
            Table::plain(meta, at, size_of::<MINIDUMP_THREAD_NAME>(), limits::THREADS, lost).ok()
        }
        StreamType::UNLOADED_MODULE_LIST => {
            let least = size_of::<MINIDUMP_UNLOADED_MODULE>();
            Table::extended(meta, at, least, limits::UNLOADED_MODULES, lost).ok()
        }
        StreamType::EXCEPTION => single(size_of::<MINIDUMP_EXCEPTION_STREAM>()),
        StreamType::SYSTEM_INFO => single(SYSTEM_INFO),
        StreamType::HANDLE_DATA => {
            let header: MINIDUMP_HANDLE_DATA_STREAM = table::structure(meta, at).ok()?;
            let (before, stride) = (header.size_of_header.get(), header.size_of_descriptor.get());
            let least = (size_of::<MINIDUMP_HANDLE_DATA_STREAM>(), size_of::<MINIDUMP_HANDLE_DESCRIPTOR>());
            table::check_sizes(at, before, least.0, stride, least.1).ok()?;
            let listed = u64::from(header.number_of_descriptors.get());
            Some(Table::fit(at, u64::from(before), u64::from(stride), listed, limits::HANDLES, lost))
        }
        _ => None,
    }
}

/// Copies a stream, what it refers to first.
pub(super) fn copy<W: Write + Seek>(
    out: &mut Output<'_, '_, W>,
    at: &StreamLocation,
    fields: &[Field],
    redact: bool,
) -> io::Result<()> {
    let Some(table) = table(&out.meta, at) else {
        let rva = out.copy(at.rva, at.present)?;
        return out.stream(at.kind, rva, at.present);
    };
    each_chunk(out, &table, |out, chunk, stride| {
        for entry in chunk.chunks_exact(stride) {
            for field in fields {
                place(out, entry, *field, redact)?;
            }
        }
        Ok(())
    })?;
    let rva = out.align()?;
    out.append(at.rva, table.offset.saturating_sub(at.rva))?;
    each_chunk(out, &table, |out, chunk, stride| {
        for entry in chunk.chunks_exact_mut(stride) {
            for field in fields {
                patch(out, entry, *field, redact);
            }
        }
        out.write(chunk)
    })?;
    let end = table.offset.saturating_add(table.count.saturating_mul(table.stride));
    out.append(end, at.rva.saturating_add(at.present).saturating_sub(end))?;
    out.stream(at.kind, rva, at.present)
}

/// Calls `each` with the bytes of the entries, some at a time, and the length of one.
fn each_chunk<'d, 'o, W: Write + Seek>(
    out: &mut Output<'d, 'o, W>,
    table: &Table,
    mut each: impl FnMut(&mut Output<'d, 'o, W>, &mut [u8], usize) -> io::Result<()>,
) -> io::Result<()> {
    let stride = usize::try_from(table.stride).unwrap_or(usize::MAX);
    let at_once = super::output::CHUNK.checked_div(table.stride).unwrap_or(0).max(1);
    let mut index = 0;
    while index < table.count {
        let part = table.part(index, at_once);
        let mut chunk = super::output::read(out.dump, part.offset, part.count.saturating_mul(part.stride))?;
        each(out, &mut chunk, stride)?;
        index = index.saturating_add(part.count.max(1));
    }
    Ok(())
}

/// What a field refers to: RVA and length; `u32::MAX` for a string, which says its length itself, and [`INFORMATION`] for a
/// chain.
fn reference<W>(out: &Output<'_, '_, W>, entry: &[u8], field: Field, redact: bool) -> Option<(u64, u32)> {
    let (rva, size) = match field {
        Field::Name(at) => (u64::from(u32_at(entry, at)?), u32::MAX),
        Field::ObjectName(at) if !redact => (u64::from(u32_at(entry, at)?), u32::MAX),
        Field::Name64(at) => {
            (u64::from(u32_at(entry, at)?) | u64::from(u32_at(entry, at.checked_add(4)?)?) << 32, u32::MAX)
        }
        Field::Misc(_) if redact => return None,
        Field::Record(at, _) | Field::CodeView(at) | Field::Misc(at) => {
            let (size, most) = (u32_at(entry, at)?, field.most_bytes());
            (u64::from(u32_at(entry, at.checked_add(4)?)?), Some(size).filter(|size| *size <= most)?)
        }
        Field::Stack(at) if !redact => {
            let start = u64::from(u32_at(entry, at)?) | u64::from(u32_at(entry, at.checked_add(4)?)?) << 32;
            let size = u32_at(entry, at.checked_add(8)?)?;
            let listed = out.dump.memory().available(out.dump.width().normalise(start), 1) > 0;
            let size = Some(size).filter(|size| *size <= STACK_BYTES && !listed)?;
            (u64::from(u32_at(entry, at.checked_add(12)?)?), size)
        }
        Field::Information(at) => (u64::from(u32_at(entry, at)?), INFORMATION),
        Field::ObjectName(_) | Field::Stack(_) => return None,
    };
    (rva != 0 && size != 0).then_some((rva, size))
}

/// Copies what a field refers to, unless it is there already or cannot be read.
fn place<W: Write + Seek>(
    out: &mut Output<'_, '_, W>,
    entry: &[u8],
    field: Field,
    redact: bool,
) -> io::Result<()> {
    let Some(place) = reference(out, entry, field, redact).filter(|place| !out.moved.contains_key(place))
    else {
        return Ok(());
    };
    if place.1 == INFORMATION {
        return chain(out, place);
    }
    let bytes = match place {
        (rva, u32::MAX) => string_bytes(&out.meta, rva, out.budget).map(|units| {
            let length = u32::try_from(units.len()).unwrap_or(0).to_le_bytes();
            [&length[..], &units, &[0, 0]].concat()
        }),
        (rva, size) => out.meta.bytes(rva, u64::from(size)).ok().flatten(),
    };
    let bytes = match field {
        Field::CodeView(_) if redact => bytes.map(without_folder),
        _ => bytes,
    };
    if let Some(bytes) = bytes.filter(|bytes| bytes.len() as u64 <= out.budget) {
        out.budget = out.budget.saturating_sub(bytes.len() as u64);
        let rva = out.put(&bytes)?;
        out.moved.insert(place, rva);
    }
    Ok(())
}

/// Copies the links of a chain whose types are known, the last first: each needs the place of the next.
fn chain<W: Write + Seek>(out: &mut Output<'_, '_, W>, place: (u64, u32)) -> io::Result<()> {
    let (mut links, mut rva) = (Vec::new(), u32::try_from(place.0).unwrap_or(0));
    while let Some(link) =
        Link::read(&out.meta, rva).filter(|_| links.len() < limits::OBJECT_INFORMATION_CHAIN)
    {
        rva = link.next;
        links.push(link);
    }
    let mut next = 0;
    for link in links.iter().rev().filter(|link| link.is_known()) {
        let size = u32::try_from(link.bytes.len()).unwrap_or(0);
        let head: Vec<u8> = [next, link.kind, size].iter().flat_map(|n| n.to_le_bytes()).collect();
        let bytes = [head, link.bytes.clone()].concat();
        let Some(left) = out.budget.checked_sub(bytes.len() as u64) else { break };
        out.budget = left;
        next = out.put(&bytes)?;
    }
    out.moved.insert(place, next);
    Ok(())
}

/// Makes a field refer to the copy.
fn patch<W>(out: &Output<'_, '_, W>, entry: &mut [u8], field: Field, redact: bool) {
    let from = reference(out, entry, field, redact);
    let to = from.map(|place| out.moved.get(&place).copied().unwrap_or(NOWHERE));
    match field {
        Field::Name(at) | Field::ObjectName(at) | Field::Information(at) => set(entry, at, to.unwrap_or(0)),
        Field::Name64(at) => {
            set(entry, at, to.unwrap_or(0));
            set(entry, at.saturating_add(4), 0);
        }
        Field::Misc(at) if redact => {
            set(entry, at, 0);
            set(entry, at.saturating_add(4), 0);
        }
        // One that is longer than any record is lost in the copy too.
        Field::Record(at, _) | Field::CodeView(at) | Field::Misc(at)
            if u32_at(entry, at).is_some_and(|size| size > field.most_bytes()) =>
        {
            set(entry, at.saturating_add(4), NOWHERE);
        }
        Field::Record(at, _) | Field::CodeView(at) | Field::Misc(at) => {
            set(entry, at.saturating_add(4), to.unwrap_or(0));
        }
        // Start and size stay: they say where the stack is, whether its bytes are here or in a memory list.
        Field::Stack(at) => set(entry, at.saturating_add(12), to.unwrap_or(0)),
    }
}

/// A CodeView record whose PDB is named without its folders: the rest is filled with zeros, so that it is as long as it was.
/// Of another form than the two that name a PDB, nothing is left.
fn without_folder(mut record: Vec<u8>) -> Vec<u8> {
    let before = match record.first_chunk() {
        Some(b"RSDS") => 0x18,
        Some(b"NB10") => 0x10,
        // Breakpad's and Crashpad's for ELF: an identity and no name.
        Some(b"LEpB") => return record,
        _ => 0,
    };
    if let Some(path) = record.get_mut(before..) {
        pe::keep_file_name(path);
    }
    record
}

fn u32_at(entry: &[u8], at: usize) -> Option<u32> {
    entry.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Stores a number, if the entry reaches that far: version 1 of handle descriptors has no object information.
fn set(entry: &mut [u8], at: usize, value: u32) {
    if let Some(field) = entry.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *field = value.to_le_bytes();
    }
}
