//! Names from the metadata of a .NET image in memory (ECMA-335, II.24): types and what encloses them, methods, fields.
//!
//! Only the requested tables and names are read.

mod tables;

use super::reader::Reader;
use crate::limits;
use crate::pe::Headers;
use tables::{FIELD, GENERIC_PARAM, METHOD_DEF, MODULE, NESTED_CLASS, TYPE_DEF, Tables};

/// Bytes of one name.
const NAME: usize = 1024;
/// Streams of a metadata root; compilers write five.
const STREAMS: u16 = 16;
/// Type parameters of a method.
const PARAMETERS: u32 = 16;
/// Types around a type.
const NESTING: usize = 32;

/// The metadata of one image.
#[derive(Debug)]
pub(crate) struct Metadata {
    tables: Tables,
    /// The `#Strings` heap.
    strings: (u64, u64),
}

/// A TypeDef's name, and those of the types around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeName {
    /// Of the outermost type; empty without one.
    pub(crate) namespace: String,
    /// The outermost type first.
    pub(crate) names: Vec<String>,
}

impl Metadata {
    /// Of the image at `base`, whether it lies as the loader maps it or as the file is.
    pub(crate) fn of_image(reader: &Reader<'_>, base: u64) -> Option<Metadata> {
        let memory = reader.memory();
        let most = memory.available(base, limits::IMAGE_HEADER_BYTES as u64);
        let headers = Headers::parse(&memory.bytes(base, most.max(0x40)).ok()?).ok()?;
        let mapped = |rva: u32| Some(base.wrapping_add(u64::from(rva)));
        let flat = |rva: u32| Some(base.wrapping_add(u64::from(headers.file_offset(rva)?)));
        let clr = headers.clr()?;
        Metadata::placed(reader, clr, &mapped).or_else(|| Metadata::placed(reader, clr, &flat))
    }

    fn placed(reader: &Reader<'_>, clr: u32, place: &impl Fn(u32) -> Option<u64>) -> Option<Metadata> {
        // `IMAGE_COR20_HEADER`: 0x48 bytes; the metadata's RVA at 8, its size at 12.
        let header = place(clr)?;
        if reader.u32(header)? != 0x48 {
            return None;
        }
        let root = place(reader.u32(header.wrapping_add(8))?)?;
        let size = u64::from(reader.u32(header.wrapping_add(12))?);
        Metadata::read(reader, root, size)
    }

    /// The root: `BSJB`, versions, the length of a text at 12, and behind it the streams.
    fn read(reader: &Reader<'_>, root: u64, size: u64) -> Option<Metadata> {
        if reader.u32(root)? != 0x424a_5342 {
            return None;
        }
        let text = u64::from(reader.u32(root.wrapping_add(12))?).min(256);
        let mut at = root.wrapping_add(16).wrapping_add(text);
        let count = reader.u16(at.wrapping_add(2))?.min(STREAMS);
        at = at.wrapping_add(4);
        let (mut tables, mut strings) = (None, None);
        for _ in 0..count {
            let (offset, bytes) = (reader.u32(at)?, reader.u32(at.wrapping_add(4))?);
            let name = reader.c_string(at.wrapping_add(8), 32)?;
            let end = u64::from(offset).wrapping_add(u64::from(bytes));
            if end <= size {
                let place = (root.wrapping_add(u64::from(offset)), u64::from(bytes));
                match name.as_slice() {
                    b"#~" | b"#-" => tables = Some(place),
                    b"#Strings" => strings = Some(place),
                    _ => {}
                }
            }
            let padded = (name.len() as u64).wrapping_add(4) & !3;
            at = at.wrapping_add(8).wrapping_add(padded);
        }
        let (start, bytes) = tables?;
        Some(Metadata { tables: Tables::read(reader, start, bytes)?, strings: strings? })
    }

    fn string(&self, reader: &Reader<'_>, index: u64) -> Option<String> {
        let (start, size) = self.strings;
        if index >= size {
            return None;
        }
        let text = reader.c_string(start.wrapping_add(index), NAME)?;
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    /// The name of a TypeDef (row 1 is the first).
    pub(crate) fn type_name(&self, reader: &Reader<'_>, row: u32) -> Option<TypeName> {
        let (mut row, mut names, mut namespace) = (row, Vec::new(), String::new());
        for _ in 0..NESTING {
            names.push(self.string(reader, self.tables.cell(reader, TYPE_DEF, row, 1)?)?);
            namespace = self.string(reader, self.tables.cell(reader, TYPE_DEF, row, 2)?)?;
            match self.enclosing(reader, row) {
                Some(outer) => row = outer,
                None => break,
            }
        }
        names.reverse();
        Some(TypeName { namespace, names })
    }

    /// The TypeDef around another: NestedClass is sorted by the inner one.
    fn enclosing(&self, reader: &Reader<'_>, row: u32) -> Option<u32> {
        let (mut low, mut high) = (1, self.tables.rows(NESTED_CLASS).checked_add(1)?);
        while low < high {
            let middle = low.midpoint(high);
            let inner = self.tables.cell(reader, NESTED_CLASS, middle, 0)?;
            if inner == u64::from(row) {
                let outer = self.tables.cell(reader, NESTED_CLASS, middle, 1)?;
                return u32::try_from(outer).ok().filter(|outer| *outer != row && *outer != 0);
            }
            if inner < u64::from(row) { low = middle.checked_add(1)? } else { high = middle }
        }
        None
    }

    /// The name of the file.
    pub(crate) fn module_name(&self, reader: &Reader<'_>) -> Option<String> {
        self.string(reader, self.tables.cell(reader, MODULE, 1, 1)?)
    }

    /// The name of a field.
    pub(crate) fn field_name(&self, reader: &Reader<'_>, row: u32) -> Option<String> {
        self.string(reader, self.tables.cell(reader, FIELD, row, 1)?)
    }

    /// The name of a MethodDef.
    pub(crate) fn method_name(&self, reader: &Reader<'_>, row: u32) -> Option<String> {
        self.string(reader, self.tables.cell(reader, METHOD_DEF, row, 3)?)
    }

    /// The type parameters of a MethodDef: GenericParam is sorted by its owners, whose low bit says that it is a method.
    pub(crate) fn type_parameters(&self, reader: &Reader<'_>, method: u32) -> Vec<String> {
        let owner = u64::from(method) << 1 | 1;
        let of = |row: u32| self.tables.cell(reader, GENERIC_PARAM, row, 2);
        let (mut low, mut high) = (1, self.tables.rows(GENERIC_PARAM).saturating_add(1));
        while low < high {
            let middle = low.midpoint(high);
            match of(middle) {
                Some(found) if found < owner => low = middle.saturating_add(1),
                _ => high = middle,
            }
        }
        let end = low.saturating_add(PARAMETERS);
        let rows = (low..end).take_while(|row| of(*row) == Some(owner));
        rows.map_while(|row| self.string(reader, self.tables.cell(reader, GENERIC_PARAM, row, 3)?)).collect()
    }
}
