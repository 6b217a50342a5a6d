//! Breakpad's BreakpadInfoStream (0x47670001): `MINIDUMP_BREAKPAD_INFO`, 12 bytes. validity 0 (bit 0: the next field is valid,
//! bit 1: the one behind it), dump_thread_id 4, requesting_thread_id 8.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::table;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::metadata::Metadata;

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct MINIDUMP_BREAKPAD_INFO {
    validity: U32,
    dump_thread_id: U32,
    requesting_thread_id: U32,
}

/// Which threads Breakpad or Crashpad worked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakpadInfo {
    /// The thread that wrote the dump: it is none of the program's own.
    pub dump_thread_id: Option<u32>,
    /// The thread that asked for the dump: where it crashed, or where the program asked.
    pub requesting_thread_id: Option<u32>,
}

/// Reads the stream; `None` if it says nothing.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<BreakpadInfo>, Damage> {
    let raw: MINIDUMP_BREAKPAD_INFO = table::structure(meta, at)?;
    let valid = |bit: u32, id: U32| Some(id.get()).filter(|_| raw.validity.get() & bit != 0);
    let found = BreakpadInfo {
        dump_thread_id: valid(1, raw.dump_thread_id),
        requesting_thread_id: valid(2, raw.requesting_thread_id),
    };
    Ok((found.dump_thread_id.is_some() || found.requesting_thread_id.is_some()).then_some(found))
}
