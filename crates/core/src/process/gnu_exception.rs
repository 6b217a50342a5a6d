//! A C++ exception of the GNU runtime (libstdc++ with SEH on x64): code 0x20474343, whose parameter 0 is the address of a
//! `_Unwind_Exception`.
//!
//! Offsets in hex from there (unwind-cxx.h, unwind-generic.h of GCC; 64-bit): `exception_class` 0, "GNUCC++" and a zero as
//! one number, or a one where the object is another exception's; `exceptionType` of the `__cxa_exception` before it -50; the
//! thrown object 40. A `type_info`: vtable 0, name 8, and of a class with one base that base's `type_info` 10. A
//! `std::logic_error` or `std::runtime_error` has its text's address at 8.

use crate::limits;
use crate::memory::Memory;

use super::cpp_exception::{What, until_nul};

/// The exception code of a throw: `0x20000000 | 'GCC'`.
pub const CODE: u32 = 0x2047_4343;
/// `GNUCC++` and a zero.
const CLASS: u64 = 0x474e_5543_432b_2b00;
/// Bases that are followed.
const BASES: usize = 16;

/// What a throw says of its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GnuException {
    /// Address of the object.
    pub object: u64,
    /// The mangled names of its class and of its bases, as far as each has one: `St9bad_alloc`, `St9exception`.
    pub types: Vec<String>,
}

impl GnuException {
    /// Follows parameter 0 of a throw to the type; `None` if it is not a C++ exception, or if the dump does not contain
    /// it.
    pub fn read(memory: Memory<'_>, parameter: u64) -> Option<GnuException> {
        if memory.u64(parameter).ok()? != CLASS {
            return None;
        }
        let mut info = memory.u64(parameter.checked_sub(0x50)?).ok()?;
        let mut types = Vec::new();
        while types.len() < BASES
            && let Some(name) = name(memory, info)
        {
            types.push(name);
            let Some(base) = info.checked_add(0x10).and_then(|at| memory.u64(at).ok()) else { break };
            info = base;
        }
        let object = parameter.checked_add(0x40)?;
        (!types.is_empty()).then_some(GnuException { object, types })
    }

    /// The text of a `std::logic_error` or `std::runtime_error`; `None` of other classes, and where it cannot be read.
    pub fn what(&self, memory: Memory<'_>) -> Option<What> {
        const HAVE_TEXT: [&str; 2] = ["St11logic_error", "St13runtime_error"];
        self.types.iter().find(|name| HAVE_TEXT.contains(&name.as_str()))?;
        let text = memory.u64(self.object.checked_add(8)?).ok()?;
        let (bytes, cut) = until_nul(memory, text, limits::WHAT_BYTES).ok()?;
        Some(What { at: text, text: String::from_utf8_lossy(&bytes).into_owned(), cut })
    }
}

/// The name of a `type_info`, if it is one of a class: a length and that many letters, `St` or `N` before.
fn name(memory: Memory<'_>, info: u64) -> Option<String> {
    let at = memory.u64(info.checked_add(8)?).ok()?;
    let (bytes, cut) = until_nul(memory, at, limits::NAME_BYTES as u64).ok()?;
    let letters = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.$*".contains(byte));
    let text = String::from_utf8(bytes).ok().filter(|_| letters && !cut)?;
    let text = text.strip_prefix('*').unwrap_or(&text);
    let begins = text.starts_with(|c: char| matches!(c, '1'..='9' | 'N' | 'P' | 'S'));
    (text.len() > 1 && begins).then(|| text.to_owned())
}
