//! HRESULTs inside of thrown C++ objects.
//!
//! Places, in hex, `x86 / x64`: `winrt::hresult_error` (winrt/base.h) m_code 8 / c, behind m_debug_magic 0xAABBCCDD 4 / 8;
//! `_com_error` (comdef.h) m_hresult 4 / 8; `ATL::CAtlException` (atlexcept.h) m_hr 0; `wil::ResultException` (wil/result.h)
//! the HRESULT of its FailureInfo 14 / 20.

use dumplens_core::{Memory, Width};

const MAGIC: u32 = 0xaabb_ccdd;

/// The HRESULT of the object of one of `classes` at `object`; `None` of other classes, and of what is no failure.
pub(crate) fn of<'a>(
    memory: Memory<'_>,
    classes: impl Iterator<Item = &'a str>,
    object: u64,
    width: Width,
) -> Option<u32> {
    let mut places = classes.filter_map(|class| match class {
        "winrt::hresult_error" => Some((width.pick(8, 0xc), Some(width.pick(4, 8)))),
        "_com_error" => Some((width.pick(4, 8), None)),
        "ATL::CAtlException" => Some((0, None)),
        "wil::ResultException" => Some((width.pick(0x14, 0x20), None)),
        _ => None,
    });
    let (place, magic) = places.next()?;
    let long = |offset: u64| memory.u32(object.checked_add(offset)?).ok();
    if magic.is_some_and(|at| long(at) != Some(MAGIC)) {
        return None;
    }
    long(place).filter(|code| code >> 31 == 1)
}
