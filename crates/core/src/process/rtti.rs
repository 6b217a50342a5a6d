//! The type of a C++ object by its vftable, as MSVC's compiler writes it (`/GR`): CompleteObjectLocator, ClassHierarchyDescriptor,
//! BaseClassDescriptor, TypeDescriptor.
//!
//! Offsets are in hex. 32-bit structures hold addresses; 64-bit ones RVAs, from the image's base, which is the locator's
//! address without its own RVA (`pSelf` 14). The pointer to the locator lies before the vftable. CompleteObjectLocator:
//! signature 0 (0 / 1), offset 4, pTypeDescriptor c, pClassDescriptor 10. ClassHierarchyDescriptor: numBaseClasses 8,
//! pBaseClassArray c. BaseClassDescriptor: pTypeDescriptor 0, mdisp 8, pdisp c, vdisp 10.

use super::cpp_exception::{CatchableType, CppError, Links};
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
