//! Breakpad's AssertionInfoStream (0x47670002): `MINIDUMP_ASSERTION_INFO`, 0x308 bytes. Three texts of 128 UTF-16 units each,
//! ended by a NUL: expression 0, function 100, file 200 (hex); line 300, type 304 (1 an invalid parameter of the C runtime, 2 a
//! call of a pure virtual function).

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::table;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::metadata::Metadata;
use crate::utf16;

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct MINIDUMP_ASSERTION_INFO {
    expression: [u8; 0x100],
    function: [u8; 0x100],
    file: [u8; 0x100],
    line: U32,
    kind: U32,
}

/// An assertion that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// What was asserted.
    pub expression: Option<String>,
    /// The function that asserted it.
    pub function: Option<String>,
    /// Its source file.
    pub file: Option<String>,
    /// The line there.
    pub line: Option<u32>,
    /// `type`: 1 an invalid parameter, 2 a pure virtual call.
    pub kind: u32,
}

/// Reads the stream; `None` if all of it is empty.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<Assertion>, Damage> {
    let raw: MINIDUMP_ASSERTION_INFO = table::structure(meta, at)?;
    let text = |bytes: &[u8]| {
        let units: Vec<u16> = utf16::units(bytes).take_while(|unit| *unit != 0).collect();
        Some(String::from_utf16_lossy(&units)).filter(|text| !text.is_empty())
    };
    let found = Assertion {
        expression: text(&raw.expression),
        function: text(&raw.function),
        file: text(&raw.file),
        line: Some(raw.line.get()).filter(|line| *line != 0),
        kind: raw.kind.get(),
    };
    let any =
        found.kind != 0 || found.expression.is_some() || found.function.is_some() || found.file.is_some();
    Ok(any.then_some(found))
}
