//! An exception of Delphi or C++Builder: code 0x0EEDFADE, whose parameter 1 is the address of the object that was raised.
//!
//! An object begins with the address of its class's table of virtual methods. The class's own fields lie before it, and
//! how far depends on the version (System.pas: `vmtSelfPtr` is -4C and -58 of 32-bit versions, -B0 and -C8 of 64-bit ones): the
//! first of them is the table's own address, by which it is found here. In pointers behind that: 8 the name, a byte
//! with its length and that many; 10 the address of a pointer to the parent's table. An `Exception` has its message in its
//! first field: a pointer to text, with a length in characters 4 bytes before it, and, of versions whose field lies at
//! -58 or more, the bytes of a character 10 bytes before it.

use crate::arch::Width;
use crate::limits;
use crate::memory::Memory;

use super::cpp_exception::What;

/// The exception code of a `raise`.
pub const CODE: u32 = 0x0eed_fade;
/// That of a `raise` in an `except` block, which raises the same object again.
pub const CODE_AGAIN: u32 = 0x0eed_fadf;

/// Where a class's table may have its own address, in pointers before the table.
const OWN: std::ops::RangeInclusive<u64> = 16..=32;
/// From so many on, texts say how many bytes a character has.
const WIDE: u64 = 20;
/// Classes that are followed to `TObject`.
const CLASSES: usize = 16;

/// The object that was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelphiException {
    /// Its address.
    pub object: u64,
    /// Its class, and what that is derived from: `EOutOfMemory`, `EHeapException`, `Exception`, `TObject`.
    pub classes: Vec<String>,
    width: Width,
    wide: bool,
}

impl DelphiException {
    /// Follows an object to its class; `None` if it is none of Delphi's, or memory lacks it.
    pub fn read(memory: Memory<'_>, object: u64, width: Width) -> Option<DelphiException> {
        let first = memory.pointer(object, width).ok()?;
        let (mut table, mut classes, mut wide) = (first, Vec::new(), false);
        while classes.len() < CLASSES
            && let Some(class) = Class::read(memory, table, width)
        {
            wide = class.back >= WIDE;
            classes.push(class.name);
            let Some(parent) = class.parent else { break };
            table = parent;
        }
        (!classes.is_empty()).then_some(DelphiException { object, classes, width, wide })
    }

    /// The message of an `Exception`, at most 512 bytes; `None` of other classes, of an empty one, and where it cannot be read.
    pub fn message(&self, memory: Memory<'_>) -> Option<What> {
        self.classes.iter().find(|name| *name == "Exception")?;
        let field = self.object.checked_add(self.width.bytes() as u64)?;
        let at = memory.pointer(field, self.width).ok().filter(|at| *at != 0)?;
        let count = memory.u32(at.checked_sub(4)?).ok()?;
        let character = if self.wide { memory.u16(at.checked_sub(10)?).ok()? } else { 1 };
        let length = u64::from(count).checked_mul(character.into())?;
        let mut bytes = vec![0; usize::try_from(length.min(limits::WHAT_BYTES)).ok()?];
        memory.read(at, &mut bytes).ok()?;
        let text = match character {
            1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
            2 => String::from_utf16_lossy(&crate::utf16::units(&bytes).collect::<Vec<u16>>()),
            _ => return None,
        };
        Some(What { at, text, cut: length > limits::WHAT_BYTES })
    }
}

struct Class {
    name: String,
    parent: Option<u64>,
    /// How many pointers before the table its own address is.
    back: u64,
}

impl Class {
    fn read(memory: Memory<'_>, table: u64, width: Width) -> Option<Class> {
        let pointer = width.bytes() as u64;
        let before = |count: u64| table.checked_sub(count.checked_mul(pointer)?);
        let back = OWN.into_iter().find(|count| {
            before(*count).and_then(|at| memory.pointer(at, width).ok()).is_some_and(|own| own == table)
        })?;
        let name = short_string(memory, memory.pointer(before(back.checked_sub(8)?)?, width).ok()?)?;
        let parent = memory.pointer(before(back.checked_sub(10)?)?, width).ok().filter(|at| *at != 0);
        let parent = parent.and_then(|at| memory.pointer(at, width).ok());
        Some(Class { name, parent, back })
    }
}

/// A name: its length, and so many letters.
fn short_string(memory: Memory<'_>, at: u64) -> Option<String> {
    let mut length = [0];
    memory.read(at, &mut length).ok()?;
    let [length] = length;
    let mut bytes = vec![0; length.into()];
    memory.read(at.checked_add(1)?, &mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let is_name = text.chars().all(|c| c.is_alphanumeric() || "_<>.,:".contains(c));
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (is_name && begins).then_some(text)
}
