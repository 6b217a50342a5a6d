//! The type information of a thrown C++ object, as MSVC's compiler writes it: ThrowInfo, CatchableTypeArray,
//! CatchableType, TypeDescriptor.
//!
//! 32-bit structures hold addresses; 64-bit ones hold 32-bit RVAs, relative to the fourth parameter of the
//! exception. Offsets are in hex and, where they differ, given as `x86 / x64`. Nothing here is followed in a circle:
//! the way is four structures long, and its lists are bounded in `limits`.

use thiserror::Error;

use super::rtti;
use crate::arch::Width;
use crate::limits;
use crate::memory::{Memory, Unreadable};

/// The exception code of a C++ throw: `0xe0000000 | 'msc'`.
pub const CODE: u32 = 0xe06d_7363;
/// First parameters that a throw has: the three versions of the structures, and a "pure" throw.
pub const MAGIC: [u64; 4] = [0x1993_0520, 0x1993_0521, 0x1993_0522, 0x0199_4000];

/// Why the type of a thrown object is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CppError {
    /// The parameters are not those of a throw.
    #[error("the parameters are not those of a C++ throw")]
    NotAThrow,
    /// No ThrowInfo: what `throw;` raises.
    #[error("the exception names no ThrowInfo")]
    NoThrowInfo,
    /// A structure on the way that cannot be read.
    #[error("{what} cannot be read at {why}")]
    Unreadable {
        /// The structure.
        what: &'static str,
        /// The address, and why not.
        why: Unreadable,
    },
    /// A structure that is not what it should be.
    #[error("{what} at {address:#x} is damaged")]
    Damaged {
        /// The structure.
        what: &'static str,
        /// Where it lies.
        address: u64,
    },
}

/// One type that the thrown object can be caught as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchableType {
    /// Where its TypeDescriptor lies: two pointers, then the name and a NUL.
    pub descriptor: u64,
    /// The name in its TypeDescriptor (8 / 10), decorated: `.?AVbad_alloc@std@@`.
    pub decorated: String,
    /// `thisDisplacement.mdisp` (8): bytes from the object to its part of this type.
    pub mdisp: i32,
    /// `thisDisplacement.pdisp` (c): where the virtual base table's pointer is; -1 without one.
    pub pdisp: i32,
    /// `thisDisplacement.vdisp` (10): which entry of that table.
    pub vdisp: i32,
}

/// What a throw says of its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CppException {
    /// Of the throwing code: 64-bit if the exception has the fourth parameter.
    pub width: Width,
    /// Address of the object; of the pointer to it, if a pointer was thrown.
    pub object: u64,
    /// Address of ThrowInfo.
    pub throw_info: u64,
    /// The thrown type, then its bases; at least one.
    pub types: Vec<CatchableType>,
    /// Types that were not read, being more than a class can sensibly have.
    pub types_left: u32,
}

/// What `std::exception::what()` would return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct What {
    /// Where the text lies; 0 if there is none, and the library has one of its own.
    pub at: u64,
    /// The bytes before the NUL, with U+FFFD for what is not UTF-8.
    pub text: String,
    /// Whether there is more of it.
    pub cut: bool,
}

impl CppException {
    /// Follows the parameters of a throw (`ExceptionInformation`) to its types.
    pub fn read(memory: Memory<'_>, parameters: &[u64]) -> Result<CppException, CppError> {
        let (magic, object, throw_info, image) = match *parameters {
            [magic, object, throw_info] => (magic, object, throw_info, None),
            [magic, object, throw_info, image, ..] => (magic, object, throw_info, Some(image)),
            _ => return Err(CppError::NotAThrow),
        };
        if !MAGIC.contains(&magic) {
            return Err(CppError::NotAThrow);
        }
        if throw_info == 0 {
            return Err(CppError::NoThrowInfo);
        }
        let links = Links { memory, image };
        let array = links.follow("ThrowInfo", throw_info, 0xc)?;
        let count = links.long("CatchableTypeArray", array, 0)?;
        if count == 0 || count > i32::MAX.unsigned_abs() {
            return Err(CppError::Damaged { what: "CatchableTypeArray", address: array });
        }
        let read = count.min(limits::CATCHABLE_TYPES);
        let types = (1..=u64::from(read))
            .map(|n| links.catchable_type(array, n.saturating_mul(4)))
            .collect::<Result<Vec<_>, _>>()?;
        let width = if image.is_some() { Width::Bits64 } else { Width::Bits32 };
        Ok(CppException { width, object, throw_info, types, types_left: count.saturating_sub(read) })
    }

    /// The same where ThrowInfo cannot be read: the types by the object's own vftable.
    pub fn by_object(memory: Memory<'_>, parameters: &[u64]) -> Result<CppException, CppError> {
        let (object, width) = thrown_object(parameters).ok_or(CppError::NotAThrow)?;
        let types = rtti::types(memory, object, width)?;
        Ok(CppException { width, object, throw_info: 0, types, types_left: 0 })
    }

    /// The text of a `std::exception`; `None` if the object is none, or was thrown by pointer.
    ///
    /// Its MSVC layout is a vftable pointer and the text's pointer (4 / 8), null for "Unknown exception".
    pub fn what(&self, memory: Memory<'_>) -> Option<Result<What, Unreadable>> {
        let base = self.types.iter().find(|t| t.decorated == ".?AVexception@std@@")?;
        Some(self.part(memory, base).and_then(|part| {
            let field = part.wrapping_add(self.width.pick(4, 8));
            match memory.pointer(field, self.width)? {
                0 => Ok(What { at: 0, text: "Unknown exception".to_owned(), cut: false }),
                text => until_nul(memory, text, limits::WHAT_BYTES).map(|(bytes, cut)| What {
                    at: text,
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                    cut,
                }),
            }
        }))
    }

    /// Address of the object's part of a type.
    fn part(&self, memory: Memory<'_>, of: &CatchableType) -> Result<u64, Unreadable> {
        let part = self.object.wrapping_add_signed(i64::from(of.mdisp));
        if of.pdisp < 0 {
            return Ok(part);
        }
        let pdisp = i64::from(of.pdisp);
        let table = memory.pointer(self.object.wrapping_add_signed(pdisp), self.width)?;
        let entry = memory.u32(table.wrapping_add_signed(i64::from(of.vdisp)))?.cast_signed();
        Ok(part.wrapping_add_signed(pdisp).wrapping_add_signed(i64::from(entry)))
    }
}

/// The address of the object that was thrown, and the width of the code that threw it; `None` if the record is not that
/// of a throw, and for `throw;`.
pub fn thrown_object(parameters: &[u64]) -> Option<(u64, Width)> {
    let width = match parameters.len() {
        0..=2 => return None,
        3 => Width::Bits32,
        _ => Width::Bits64,
    };
    let magic = parameters.first().is_some_and(|magic| MAGIC.contains(magic));
    parameters.get(1).filter(|object| magic && **object != 0).map(|object| (*object, width))
}

/// The text of an object that is taken for a `std::exception`, whose type is not known: printable characters behind its
/// vftable's pointer, of which at least four.
pub fn text_of(memory: Memory<'_>, object: u64, width: Width) -> Option<What> {
    const LEAST: usize = 4;
    let text = memory.pointer(object.checked_add(width.bytes() as u64)?, width).ok()?;
    let (bytes, cut) = until_nul(memory, text, limits::WHAT_BYTES).ok()?;
    let printable = bytes.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
    (printable && bytes.len() >= LEAST).then(|| What {
        at: text,
        text: String::from_utf8_lossy(&bytes).into_owned(),
        cut,
    })
}

/// How the structures refer to each other.
#[derive(Clone, Copy)]
pub(super) struct Links<'d> {
    pub(super) memory: Memory<'d>,
    /// What RVAs are relative to; `None` where the structures hold addresses.
    pub(super) image: Option<u64>,
}

impl Links<'_> {
    pub(super) fn long(self, what: &'static str, address: u64, offset: u64) -> Result<u32, CppError> {
        let read = self.memory.u32(address.wrapping_add(offset));
        read.map_err(|why| CppError::Unreadable { what, why })
    }

    /// The address that a field refers to; null is damage.
    pub(super) fn follow(self, what: &'static str, address: u64, offset: u64) -> Result<u64, CppError> {
        match self.long(what, address, offset)? {
            0 => Err(CppError::Damaged { what, address }),
            link => Ok(self.image.unwrap_or(0).wrapping_add(u64::from(link))),
        }
    }

    fn catchable_type(self, array: u64, entry: u64) -> Result<CatchableType, CppError> {
        const WHAT: &str = "CatchableType";
        let at = self.follow("CatchableTypeArray", array, entry)?;
        let descriptor = self.follow(WHAT, at, 0x4)?;
        let signed = |offset| self.long(WHAT, at, offset).map(u32::cast_signed);
        Ok(CatchableType {
            descriptor,
            decorated: self.name(descriptor)?,
            mdisp: signed(0x8)?,
            pdisp: signed(0xc)?,
            vdisp: signed(0x10)?,
        })
    }

    pub(super) fn name(self, descriptor: u64) -> Result<String, CppError> {
        const WHAT: &str = "TypeDescriptor";
        let at = descriptor.wrapping_add(if self.image.is_some() { 0x10 } else { 0x8 });
        let (bytes, cut) = until_nul(self.memory, at, limits::NAME_BYTES as u64)
            .map_err(|why| CppError::Unreadable { what: WHAT, why })?;
        let printable = bytes.iter().all(|b| (0x20..0x7f).contains(b) || *b >= 0x80);
        let name = String::from_utf8(bytes).ok();
        name.filter(|n| n.len() > 1 && n.starts_with('.') && printable && !cut)
            .ok_or(CppError::Damaged { what: WHAT, address: descriptor })
    }
}

/// Bytes up to a NUL, at most `most`, and whether they end without one.
pub(super) fn until_nul(memory: Memory<'_>, address: u64, most: u64) -> Result<(Vec<u8>, bool), Unreadable> {
    // More is read than is used.
    let quiet = memory.unnoted();
    let have = quiet.available(address, most);
    let mut bytes = quiet.bytes(address, have.max(1))?;
    let end = bytes.iter().position(|b| *b == 0);
    memory.note(address, end.map_or(have, |end| (end as u64).saturating_add(1)));
    match end {
        Some(end) => {
            bytes.truncate(end);
            Ok((bytes, false))
        }
        None if have < most => memory.bytes(address, have.saturating_add(1)).map(|bytes| (bytes, true)),
        None => Ok((bytes, true)),
    }
}
