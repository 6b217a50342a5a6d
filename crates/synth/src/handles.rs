//! Handles.

use crate::bytes::Fields;

/// One MINIDUMP_HANDLE_DESCRIPTOR_2, 0x28 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handle {
    /// The handle.
    pub handle: u64,
    /// "Event", "File", ...; `None` writes RVA 0.
    pub type_name: Option<String>,
    /// Object name; `None` writes RVA 0.
    pub object_name: Option<String>,
    /// Attributes.
    pub attributes: u32,
    /// GrantedAccess.
    pub granted_access: u32,
    /// HandleCount.
    pub handle_count: u32,
    /// PointerCount.
    pub pointer_count: u32,
}

impl Handle {
    pub(crate) fn entry(&self, type_rva: u32, object_rva: u32) -> Vec<u8> {
        let mut h = Fields::flat(0x28);
        h.u64(0x00, self.handle);
        h.u32(0x08, type_rva);
        h.u32(0x0C, object_rva);
        h.u32(0x10, self.attributes);
        h.u32(0x14, self.granted_access);
        h.u32(0x18, self.handle_count);
        h.u32(0x1C, self.pointer_count);
        h.bytes
    }
}
