//! Crashpad's CrashpadInfoStream (0x43500001): `MINIDUMP_CRASHPAD_INFO` of minidump_extensions.h. Version 0, GUID of the
//! report 4, GUID of the installation 14, location of a dictionary 24, location of the list of modules 2c (hex).
//!
//! A dictionary is a count and pairs of RVAs of UTF-8 strings; the list of modules a count and links {index in the
//! ModuleList, location}; what they lead to has a version and the locations of a list of strings (4), a dictionary (c), and of
//! annotation objects (14): {RVA of the name, type, 0, RVA of the value}, of which type 1 is text.

use std::fmt::Write as _;

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{malformed, table};
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::limits;
use crate::metadata::Metadata;

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct Location {
    size: U32,
    rva: U32,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct MINIDUMP_CRASHPAD_INFO {
    version: U32,
    report_id: [u8; 16],
    client_id: [u8; 16],
    simple_annotations: Location,
    module_list: Location,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct ModuleLink {
    module: U32,
    location: Location,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct MINIDUMP_MODULE_CRASHPAD_INFO {
    version: U32,
    list_annotations: Location,
    simple_annotations: Location,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct Pair {
    name: U32,
    value: U32,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy)]
#[repr(C)]
struct AnnotationObject {
    name: U32,
    kind: U16,
    reserved: U16,
    value: U32,
}

/// Where the location of annotation objects stands in the description of a module; the first versions had none.
const OBJECTS: u32 = 0x14;
/// The type of an annotation that is text.
const TEXT: u16 = 1;

/// The annotations that the program gave to Crashpad.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrashpadInfo {
    /// The report's GUID; `None` if all of it is zero.
    pub report_id: Option<String>,
    /// The installation's GUID; `None` if all of it is zero.
    pub client_id: Option<String>,
    /// The annotations, the program's first, then each module's.
    pub annotations: Vec<Annotation>,
    /// What of them was lost.
    pub damage: Vec<Damage>,
}

/// An annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Which entry of the ModuleList it is of; `None` of the program's own.
    pub module: Option<u32>,
    /// Its name; empty of those that have none.
    pub name: String,
    /// Its text.
    pub value: String,
}

/// Reads the stream.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<CrashpadInfo>, Damage> {
    let raw: MINIDUMP_CRASHPAD_INFO = table::structure(meta, at)?;
    let mut reader = Reader { meta, left: limits::CRASHPAD_BYTES, found: Vec::new() };
    let whole = reader.all(&raw);
    let damage = whole.err().map(|why| match why {
        Lost::Unreadable(damage) => damage,
        Lost::Malformed(what) => malformed(at.kind, what),
    });
    let annotations = reader.found;
    Ok(Some(CrashpadInfo {
        report_id: guid(&raw.report_id),
        client_id: guid(&raw.client_id),
        annotations,
        damage: damage.into_iter().collect(),
    }))
}

/// Why the rest was not read.
enum Lost {
    Unreadable(Damage),
    Malformed(&'static str),
}

impl From<Damage> for Lost {
    fn from(damage: Damage) -> Lost {
        Lost::Unreadable(damage)
    }
}

struct Reader<'m, 's> {
    meta: &'m Metadata<'s>,
    /// Bytes that may still be read: a sound file's lists and texts do not overlap.
    left: u64,
    found: Vec<Annotation>,
}

impl Reader<'_, '_> {
    fn all(&mut self, raw: &MINIDUMP_CRASHPAD_INFO) -> Result<(), Lost> {
        self.dictionary(None, raw.simple_annotations)?;
        for link in self.list::<ModuleLink>(raw.module_list)? {
            self.module(link.module.get(), link.location)?;
        }
        Ok(())
    }

    fn module(&mut self, index: u32, at: Location) -> Result<(), Lost> {
        let of: MINIDUMP_MODULE_CRASHPAD_INFO = self.structure(at.rva.get())?;
        for value in self.list::<U32>(of.list_annotations)? {
            let value = self.text(value)?;
            self.found.push(Annotation { module: Some(index), name: String::new(), value });
        }
        self.dictionary(Some(index), of.simple_annotations)?;
        if at.size.get() < OBJECTS.saturating_add(8) {
            return Ok(());
        }
        let objects: Location = self.structure(at.rva.get().saturating_add(OBJECTS))?;
        for object in self.list::<AnnotationObject>(objects)? {
            if object.kind.get() == TEXT {
                let (name, value) = (self.text(object.name)?, self.text(object.value)?);
                self.found.push(Annotation { module: Some(index), name, value });
            }
        }
        Ok(())
    }

    fn dictionary(&mut self, module: Option<u32>, at: Location) -> Result<(), Lost> {
        for pair in self.list::<Pair>(at)? {
            let (name, value) = (self.text(pair.name)?, self.text(pair.value)?);
            self.found.push(Annotation { module, name, value });
        }
        Ok(())
    }

    fn structure<T: FromBytes + IntoBytes>(&mut self, rva: u32) -> Result<T, Lost> {
        self.spend(size_of::<T>() as u64)?;
        self.meta.structure(rva.into())?.ok_or(Lost::Malformed("a record lies outside the file"))
    }

    /// The entries behind a count; none at RVA 0.
    fn list<T: table::Raw + Copy>(&mut self, at: Location) -> Result<Vec<T>, Lost> {
        if at.rva.get() == 0 {
            return Ok(Vec::new());
        }
        let count: U32 = self.structure(at.rva.get())?;
        let bytes = u64::from(count.get()).saturating_mul(size_of::<T>() as u64);
        self.spend(bytes)?;
        let from = u64::from(at.rva.get()).saturating_add(4);
        let bytes = self.meta.bytes(from, bytes)?.ok_or(Lost::Malformed("a list ends outside the file"))?;
        Ok(<[T]>::ref_from_bytes(&bytes).map(<[T]>::to_vec).unwrap_or_default())
    }

    /// A text of this many bytes; empty at RVA 0.
    fn text(&mut self, rva: U32) -> Result<String, Lost> {
        if rva.get() == 0 {
            return Ok(String::new());
        }
        let length: U32 = self.structure(rva.get())?;
        self.spend(length.get().into())?;
        let from = u64::from(rva.get()).saturating_add(4);
        let bytes = self.meta.bytes(from, length.get().into())?;
        let bytes = bytes.ok_or(Lost::Malformed("a text ends outside the file"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn spend(&mut self, bytes: u64) -> Result<(), Lost> {
        self.left = self.left.checked_sub(bytes).ok_or(Lost::Malformed("its annotations are too long"))?;
        Ok(())
    }
}

/// A GUID as Windows writes it, without braces.
fn guid(bytes: &[u8; 16]) -> Option<String> {
    if bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = bytes;
    let (first, second) = rest.split_at(2);
    let mut out = format!(
        "{:08x}-{:04x}-{:04x}-",
        u32::from_le_bytes([*a0, *a1, *a2, *a3]),
        u16::from_le_bytes([*b0, *b1]),
        u16::from_le_bytes([*c0, *c1])
    );
    for byte in first {
        let _ = write!(out, "{byte:02x}");
    }
    out.push('-');
    for byte in second {
        let _ = write!(out, "{byte:02x}");
    }
    Some(out)
}

/// Bytes of the stream before its first location: version and GUIDs.
pub(crate) const HEAD_BYTES: usize = 0x24;

/// The stream as it is written into a copy behind its `head`: `put` takes bytes and gives their RVA. Each module's
/// annotations become one dictionary. Fails as `put` does.
pub(crate) fn copy<E>(
    info: &CrashpadInfo,
    head: &[u8],
    put: &mut impl FnMut(&[u8]) -> Result<u32, E>,
) -> Result<Vec<u8>, E> {
    let own = dictionary(info.annotations.iter().filter(|of| of.module.is_none()), put)?;
    let mut modules: Vec<u32> = info.annotations.iter().filter_map(|of| of.module).collect();
    modules.dedup();
    let mut links = u32::try_from(modules.len()).unwrap_or(0).to_le_bytes().to_vec();
    for index in &modules {
        let of = dictionary(info.annotations.iter().filter(|of| of.module == Some(*index)), put)?;
        let mut record = 1u32.to_le_bytes().to_vec();
        record.extend([0; 8]);
        record.extend(of.as_bytes());
        let rva = put(&record)?;
        links.extend(index.to_le_bytes());
        links.extend(location(&record, rva).as_bytes());
    }
    let rva = put(&links)?;
    let mut out = head.to_vec();
    out.extend(own.as_bytes());
    out.extend(location(&links, rva).as_bytes());
    Ok(out)
}

fn dictionary<'a, E>(
    of: impl Iterator<Item = &'a Annotation>,
    put: &mut impl FnMut(&[u8]) -> Result<u32, E>,
) -> Result<Location, E> {
    let (mut count, mut pairs) = (0u32, Vec::new());
    for one in of {
        for text in [&one.name, &one.value] {
            let length = u32::try_from(text.len()).unwrap_or(0);
            let rva = put(&[&length.to_le_bytes()[..], text.as_bytes(), &[0]].concat())?;
            pairs.extend(rva.to_le_bytes());
        }
        count = count.saturating_add(1);
    }
    let bytes = [&count.to_le_bytes()[..], &pairs].concat();
    let rva = put(&bytes)?;
    Ok(location(&bytes, rva))
}

fn location(bytes: &[u8], rva: u32) -> Location {
    Location { size: u32::try_from(bytes.len()).unwrap_or(0).into(), rva: rva.into() }
}
