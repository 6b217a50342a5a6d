//! Types as the debugger names them, and what their values look like (TPI stream).
//!
//! Records of types lead to others, in circles if the file is damaged: they are followed so far and no further. They are read
//! here, not by pdb2, which would allocate by the counts of lists.

use std::fmt::Write as _;

use super::PdbError;
use super::broken::Broken;
use super::leaf::Leaf;
use crate::symbols::typed::{Shape, Signature, TypeOf};

/// Pointers to pointers, arrays of arrays.
const DEEPEST: u32 = 16;
/// Bytes of a type's name; the compilers cut those of templates at 4096.
const LONGEST: usize = 4096;
/// Parameters of a function.
const MOST_PARAMETERS: usize = 256;

/// Types by their indices.
pub(super) struct Shapes<'s> {
    stream: &'s [u8],
    /// The index of the first type.
    first: u32,
    /// Where each type's record begins in the stream.
    places: Vec<u32>,
}

impl<'s> Shapes<'s> {
    /// Goes through all types once.
    pub(super) fn read(stream: &'s [u8]) -> Result<Shapes<'s>, Broken> {
        /// Version, bytes of the header, and the range of indices.
        const HEADER: usize = 12;
        let short = || Broken(PdbError::Damaged("its types end too early".to_owned()));
        let head = stream.get(..HEADER).ok_or_else(short)?;
        let (size, first) = u32_at(head, 4).zip(u32_at(head, 8)).ok_or_else(short)?;
        let mut places = Vec::new();
        let mut at = size as usize;
        while let Some(length) = stream.get(at..).and_then(|rest| rest.first_chunk()) {
            places.push(u32::try_from(at).map_err(|_| short())?);
            at += 2 + usize::from(u16::from_le_bytes(*length));
        }
        Ok(Shapes { stream, first, places })
    }

    /// How many types there are.
    pub(super) fn indices(&self) -> impl Iterator<Item = u32> + use<> {
        let (first, count) = (self.first, self.places.len());
        (first..=u32::MAX).take(count)
    }

    /// The kind of a type's record, and what stands behind it.
    pub(super) fn record(&self, index: u32) -> Option<(u16, &[u8])> {
        let place = index.checked_sub(self.first).filter(|_| index >= FIRST)?;
        let at = *self.places.get(usize::try_from(place).ok()?)? as usize;
        let bytes = self.stream.get(at..)?;
        let (length, rest) = bytes.split_first_chunk()?;
        let (kind, body) = rest.get(..usize::from(u16::from_le_bytes(*length)))?.split_first_chunk()?;
        Some((u16::from_le_bytes(*kind), body))
    }

    pub(super) fn of(&self, index: u32) -> TypeOf {
        self.within(index, DEEPEST).unwrap_or_default()
    }

    /// The same; of a function what it takes.
    pub(super) fn told(&self, index: u32) -> TypeOf {
        match self.signature(index) {
            Some(signature) => other(signature.text(), 0),
            None => self.of(index),
        }
    }

    fn within(&self, index: u32, depth: u32) -> Option<TypeOf> {
        if index < FIRST {
            return primitive(index);
        }
        let depth = depth.checked_sub(1)?;
        let (kind, bytes) = self.record(index)?;
        let mut leaf = Leaf::new(bytes);
        let of = match kind {
            LF_MODIFIER | LF_BITFIELD => self.within(leaf.u32()?, depth)?,
            LF_POINTER => {
                let to = self.within(leaf.u32()?, depth);
                let bytes = leaf.u32()? >> 13 & 0x3f;
                pointer(to.map_or_else(|| "<unknown>".to_owned(), |to| to.text), bytes as u8)
            }
            LF_PROCEDURE | LF_MFUNCTION => other("<function>".to_owned(), 0),
            LF_ARRAY => {
                let of = self.within(leaf.u32()?, depth)?;
                leaf.skip(4);
                array(of, leaf.number()?)
            }
            _ => class(&self.class(index)?),
        };
        Some(of).filter(|of| of.text.len() <= LONGEST)
    }

    /// What a function of a type takes.
    pub(super) fn signature(&self, function: u32) -> Option<Signature> {
        let (kind, bytes) = self.record(function)?;
        let mut leaf = Leaf::new(bytes);
        // The type that it returns; of a method its class and the type of `this` too.
        leaf.skip(match kind {
            LF_PROCEDURE => 4,
            LF_MFUNCTION => 12,
            _ => return None,
        });
        let convention = leaf.u8()?;
        leaf.skip(3);
        let (LF_ARGLIST, list) = self.record(leaf.u32()?)? else { return None };
        let (count, list) = list.split_first_chunk()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?.min(MOST_PARAMETERS);
        let text = |bytes: &[u8]| match u32_at(bytes, 0) {
            // No type, as the last: any more.
            Some(0) => "...".to_owned(),
            index => self.of(index.unwrap_or(0)).text,
        };
        Some(Signature { convention, parameters: list.chunks_exact(4).take(count).map(text).collect() })
    }

    /// A class, structure, union or enumeration.
    pub(super) fn class(&self, index: u32) -> Option<Class<'_>> {
        const FORWARD: u16 = 1 << 7;
        let (kind, bytes) = self.record(index)?;
        let mut leaf = Leaf::new(bytes);
        let _members = leaf.u16();
        let is_forward = leaf.u16()? & FORWARD != 0;
        let under = if kind == LF_ENUM { leaf.u32()? } else { 0 };
        let fields = leaf.u32()?;
        let word = match kind {
            LF_CLASS => "class",
            LF_STRUCTURE => "struct",
            LF_INTERFACE => "__interface",
            LF_UNION => "union",
            LF_ENUM => "enum",
            _ => return None,
        };
        // What it is derived from, and the shape of its table of virtual functions.
        leaf.skip(if matches!(kind, LF_UNION | LF_ENUM) { 0 } else { 8 });
        let size = if kind == LF_ENUM { 0 } else { leaf.number()? };
        Some(Class { word, name: leaf.name()?, size, fields, is_forward, under })
    }
}

/// A class, structure, union or enumeration.
pub(super) struct Class<'b> {
    word: &'static str,
    pub(super) name: &'b [u8],
    size: u64,
    /// The list of its fields.
    pub(super) fields: u32,
    /// Whether it only says that there is such a type.
    pub(super) is_forward: bool,
    /// Of an enumeration the type of its values; else 0.
    pub(super) under: u32,
}

/// Types below are those that no stream holds.
const FIRST: u32 = 0x1000;
/// Kinds of records (cvinfo.h of microsoft-pdb).
const LF_MODIFIER: u16 = 0x1001;
const LF_POINTER: u16 = 0x1002;
const LF_PROCEDURE: u16 = 0x1008;
const LF_MFUNCTION: u16 = 0x1009;
const LF_ARGLIST: u16 = 0x1201;
const LF_BITFIELD: u16 = 0x1205;
const LF_ARRAY: u16 = 0x1503;
const LF_CLASS: u16 = 0x1504;
const LF_STRUCTURE: u16 = 0x1505;
const LF_UNION: u16 = 0x1506;
const LF_ENUM: u16 = 0x1507;
const LF_INTERFACE: u16 = 0x1519;

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn other(text: String, size: u64) -> TypeOf {
    TypeOf { text, shape: Shape::Other, size }
}

fn pointer(to: String, bytes: u8) -> TypeOf {
    let text = if to.ends_with('*') { to + "*" } else { to + " *" };
    TypeOf { text, shape: Shape::Pointer(bytes), size: bytes.into() }
}

fn array(of: TypeOf, size: u64) -> TypeOf {
    let mut text = of.text;
    match size.checked_div(of.size) {
        Some(count) => _ = write!(text, "[{count}]"),
        None => text.push_str("[]"),
    }
    other(text, size)
}

/// `struct telemetry::Sample`. An enumeration is a number.
fn class(class: &Class<'_>) -> TypeOf {
    let text = format!("{} {}", class.word, String::from_utf8_lossy(class.name));
    match primitive(class.under).filter(|_| class.under != 0) {
        Some(under) => TypeOf { text, ..under },
        None => other(text, class.size),
    }
}

/// A type that no stream holds: its kind in the low byte, and whether it is a pointer above (`CV_typ_t`).
fn primitive(index: u32) -> Option<TypeOf> {
    let (text, shape, size) = match index & 0xff {
        0x03 => ("void", Shape::Other, 0),
        0x08 => ("HRESULT", Shape::Integer(4, true), 4),
        0x10 | 0x70 => ("char", Shape::Character(1, true), 1),
        0x68 => ("char", Shape::Integer(1, true), 1),
        0x20 | 0x69 | 0x7c => ("unsigned char", Shape::Character(1, false), 1),
        0x71 => ("wchar_t", Shape::Character(2, false), 2),
        0x7a => ("char16_t", Shape::Character(2, false), 2),
        0x7b => ("char32_t", Shape::Integer(4, false), 4),
        0x11 | 0x72 => ("short", Shape::Integer(2, true), 2),
        0x21 | 0x73 => ("unsigned short", Shape::Integer(2, false), 2),
        0x12 => ("long", Shape::Integer(4, true), 4),
        0x22 => ("unsigned long", Shape::Integer(4, false), 4),
        0x74 => ("int", Shape::Integer(4, true), 4),
        0x75 => ("unsigned int", Shape::Integer(4, false), 4),
        0x13 | 0x76 => ("int64", Shape::Integer(8, true), 8),
        0x23 | 0x77 => ("unsigned int64", Shape::Integer(8, false), 8),
        0x30 => ("bool", Shape::Bool, 1),
        0x40 => ("float", Shape::Float(4), 4),
        0x41 => ("double", Shape::Float(8), 8),
        _ => return None,
    };
    let of = TypeOf { text: text.to_owned(), shape, size };
    match index >> 8 & 0xf {
        0 => Some(of),
        4 => Some(pointer(of.text, 4)),
        6 => Some(pointer(of.text, 8)),
        _ => None,
    }
}
