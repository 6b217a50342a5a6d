//! HandleDataStream (12): descriptors of 0x20 bytes (version 1) or 0x28 (version 2) behind a 0x10-byte header.

use minidump::MinidumpHandleDescriptor;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, IntoBytes};

use super::table::{self, Table};
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::{Extract, Losses};
use crate::format::{MINIDUMP_HANDLE_DATA_STREAM, MINIDUMP_HANDLE_DESCRIPTOR};
use crate::limits;

/// HandleData (12), and what reading it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handles {
    /// The handles, in the order of the file.
    pub list: Vec<Handle>,
    /// What was lost.
    pub damage: Vec<Damage>,
}

/// One `MINIDUMP_HANDLE_DESCRIPTOR`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handle {
    /// The handle's value.
    pub handle: u64,
    /// What it is a handle of (`Event`, `File`, …); `None` if the writer gave no type, empty if it was lost.
    pub type_name: Option<String>,
    /// The object's name; `None` if it has none, empty if it was lost.
    pub object_name: Option<String>,
    /// `Attributes` (ntdef.h `OBJ_*`).
    pub attributes: u32,
    /// `GrantedAccess`, an access mask.
    pub granted_access: u32,
    /// Handles of the object, in all processes.
    pub handle_count: u32,
    /// References of the object.
    pub pointer_count: u32,
}

impl Handle {
    pub(crate) fn of(from: &MinidumpHandleDescriptor) -> Handle {
        Handle {
            handle: from.raw.handle().copied().unwrap_or(0),
            type_name: from.type_name.clone(),
            object_name: from.object_name.clone(),
            attributes: from.raw.attributes().copied().unwrap_or(0),
            granted_access: from.raw.granted_access().copied().unwrap_or(0),
            handle_count: from.raw.handle_count().copied().unwrap_or(0),
            pointer_count: from.raw.pointer_count().copied().unwrap_or(0),
        }
    }
}

/// Copies the descriptors as version 1, without the object information that version 2 adds, which
/// [`super::handle_information`] reads. A descriptor without a name keeps RVA 0, which the crate reads as 'no name'.
pub(crate) fn copy(
    at: &StreamLocation,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    const ENTRY: usize = size_of::<MINIDUMP_HANDLE_DESCRIPTOR>();
    let header: MINIDUMP_HANDLE_DATA_STREAM = table::structure(out.meta, at)?;
    let (before, stride) = (header.size_of_header.get(), header.size_of_descriptor.get());
    table::check_sizes(at, before, size_of::<MINIDUMP_HANDLE_DATA_STREAM>(), stride, ENTRY)?;
    let listed = u64::from(header.number_of_descriptors.get());
    let table = Table::fit(at, u64::from(before), u64::from(stride), listed, limits::HANDLES, damage);

    let mut losses = Losses::default();
    let mut handles: Vec<MINIDUMP_HANDLE_DESCRIPTOR> = table.entries(out.meta)?;
    for (index, handle) in (0u64..).zip(handles.iter_mut()) {
        for rva in [&mut handle.type_name_rva, &mut handle.object_name_rva] {
            if rva.get() != 0 {
                *rva = out.string(u64::from(rva.get()), index, &mut losses);
            }
        }
    }
    losses.report(at.kind, damage);
    let fields = [size_of::<MINIDUMP_HANDLE_DATA_STREAM>(), ENTRY, handles.len(), 0];
    let fields = fields.map(|n| U32::new(u32::try_from(n).unwrap_or(0)));
    let header = MINIDUMP_HANDLE_DATA_STREAM::read_from_bytes(fields.as_bytes());
    let header = header.map_err(|_| super::malformed(at.kind, "header"))?;
    out.stream(at.kind, &[header.as_bytes(), handles.as_bytes()])
}
