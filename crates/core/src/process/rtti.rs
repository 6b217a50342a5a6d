//! The type of a C++ object by its vftable, as MSVC's compiler writes it (`/GR`): CompleteObjectLocator, ClassHierarchyDescriptor,
//! BaseClassDescriptor, TypeDescriptor.
//!
//! Offsets are in hex. 32-bit structures hold addresses; 64-bit ones RVAs, from the image's base, which is the locator's
//! address without its own RVA (`pSelf` 14). The pointer to the locator lies before the vftable. CompleteObjectLocator:
//! signature 0 (0 / 1), offset 4, pTypeDescriptor c, pClassDescriptor 10. ClassHierarchyDescriptor: numBaseClasses 8,
//! pBaseClassArray c. BaseClassDescriptor: pTypeDescriptor 0, mdisp 8, pdisp c, vdisp 10.

use super::cpp_exception::{CatchableType, CppError, Links, until_nul};
use crate::arch::Width;
use crate::limits;
use crate::memory::Memory;

/// The types of the object at `object`: its own, then its bases.
pub(super) fn types(memory: Memory<'_>, object: u64, width: Width) -> Result<Vec<CatchableType>, CppError> {
    const LOCATOR: &str = "CompleteObjectLocator";
    const HIERARCHY: &str = "ClassHierarchyDescriptor";
    let pointer = |what, at| memory.pointer(at, width).map_err(|why| CppError::Unreadable { what, why });
    let vftable = pointer("the object", object)?;
    let locator = pointer("the vftable", vftable.wrapping_sub(width.bytes() as u64))?;
    let wide = width == Width::Bits64;
    let plain = Links { memory, image: None };
    if plain.long(LOCATOR, locator, 0)? != u32::from(wide) {
        return Err(CppError::Damaged { what: LOCATOR, address: locator });
    }
    let image =
        if wide { Some(locator.wrapping_sub(u64::from(plain.long(LOCATOR, locator, 0x14)?))) } else { None };
    let links = Links { memory, image };
    let own = links.follow(LOCATOR, locator, 0xc)?;
    let hierarchy = links.follow(LOCATOR, locator, 0x10)?;
    let count = links.long(HIERARCHY, hierarchy, 8)?.min(limits::CATCHABLE_TYPES);
    let array = links.follow(HIERARCHY, hierarchy, 0xc)?;
    let own = CatchableType { descriptor: own, decorated: links.name(own)?, mdisp: 0, pdisp: -1, vdisp: 0 };
    // The first of the array is the class itself.
    let bases =
        (1..u64::from(count)).map_while(|n| base(links, array.wrapping_add(n.saturating_mul(4))).ok());
    Ok(std::iter::once(own).chain(bases).collect())
}

fn base(links: Links<'_>, entry: u64) -> Result<CatchableType, CppError> {
    const WHAT: &str = "BaseClassDescriptor";
    let at = links.follow("BaseClassArray", entry, 0)?;
    let descriptor = links.follow(WHAT, at, 0)?;
    let signed = |offset| links.long(WHAT, at, offset).map(u32::cast_signed);
    Ok(CatchableType {
        descriptor,
        decorated: links.name(descriptor)?,
        mdisp: signed(0x8)?,
        pdisp: signed(0xc)?,
        vdisp: signed(0x10)?,
    })
}

/// The compiler whose type information precedes a vftable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compiler {
    /// MSVC's, which clang-cl writes too: a CompleteObjectLocator.
    Msvc,
    /// GNU's and clang's (Itanium ABI): the offset to the top, and a `type_info`.
    Gnu,
}

/// The class that a vftable belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VftableClass {
    /// How `name` is to be read.
    pub compiler: Compiler,
    /// As it is in memory: `.?AVWidget@app@@`, `N3app6WidgetE`.
    pub name: String,
    /// Bytes from the object to the part that has this vftable: not 0 of a base behind the first.
    pub offset: u64,
}

/// The class of the vftable at an address; `None` if no type information precedes it, or if the dump does not contain
/// it (`/GR-`, `-fno-rtti`).
pub fn class_of(memory: Memory<'_>, vftable: u64, width: Width) -> Option<VftableClass> {
    msvc(memory, vftable, width).or_else(|| gnu(memory, vftable, width))
}

/// By the CompleteObjectLocator, whose own RVA (`pSelf`) must lead to an image below it.
fn msvc(memory: Memory<'_>, vftable: u64, width: Width) -> Option<VftableClass> {
    const LOCATOR: &str = "CompleteObjectLocator";
    let locator = memory.pointer(vftable.checked_sub(width.bytes() as u64)?, width).ok()?;
    let wide = width == Width::Bits64;
    if !locator.is_multiple_of(4) || memory.u32(locator).ok()? != u32::from(wide) {
        return None;
    }
    let own_rva = || memory.u32(locator.checked_add(0x14)?).ok().filter(|rva| *rva != 0);
    let image = if wide { Some(locator.checked_sub(u64::from(own_rva()?))?) } else { None };
    let links = Links { memory, image };
    let name = links.name(links.follow(LOCATOR, locator, 0xc).ok()?).ok()?;
    let offset = u64::from(links.long(LOCATOR, locator, 4).ok()?);
    (name.starts_with(".?A") && name.ends_with("@@") && offset <= MOST_OBJECT).then_some(VftableClass {
        compiler: Compiler::Msvc,
        name,
        offset,
    })
}

/// No object is larger by which a base lies behind the first.
const MOST_OBJECT: u64 = 1 << 24;

/// By the two words before the table: the offset to the top (not positive), and `type_info`, whose second word is the
/// name.
fn gnu(memory: Memory<'_>, vftable: u64, width: Width) -> Option<VftableClass> {
    let word = width.bytes() as u64;
    let to_top = memory.pointer(vftable.checked_sub(word.checked_mul(2)?)?, width).ok()?;
    let to_top = match width {
        Width::Bits32 => i64::from(u32::try_from(to_top).ok()?.cast_signed()),
        Width::Bits64 => to_top.cast_signed(),
    };
    let offset = u64::try_from(to_top.checked_neg()?).ok().filter(|offset| *offset <= MOST_OBJECT)?;
    let info = memory.pointer(vftable.checked_sub(word)?, width).ok()?;
    if info == 0 || !info.is_multiple_of(word) {
        return None;
    }
    let at = memory.pointer(info.checked_add(word)?, width).ok()?;
    let (bytes, cut) = until_nul(memory, at, limits::NAME_BYTES as u64).ok()?;
    let letters = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.$*".contains(byte));
    let text = String::from_utf8(bytes).ok().filter(|_| letters && !cut)?;
    let text = text.strip_prefix('*').unwrap_or(&text);
    let begins = text.starts_with(|c: char| matches!(c, '1'..='9' | 'N' | 'S'));
    (text.len() > 1 && begins).then(|| VftableClass {
        compiler: Compiler::Gnu,
        name: text.to_owned(),
        offset,
    })
}
