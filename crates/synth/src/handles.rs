//! Handles.

use crate::bytes::{Fields, Push};
use crate::handle_information::Information;
use crate::tail::Tail;

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
    /// The chain behind ObjectInfoRva; none writes RVA 0.
    pub information: Vec<Information>,
}

impl Handle {
    pub(crate) fn entry(&self, type_rva: u32, object_rva: u32, information_rva: u32) -> Vec<u8> {
        let mut h = Fields::flat(0x28);
        h.u64(0x00, self.handle);
        h.u32(0x08, type_rva);
        h.u32(0x0C, object_rva);
        h.u32(0x10, self.attributes);
        h.u32(0x14, self.granted_access);
        h.u32(0x18, self.handle_count);
        h.u32(0x1C, self.pointer_count);
        h.u32(0x20, information_rva);
        h.bytes
    }

    /// Writes the chain, the last link first; returns the RVA of the first.
    pub(crate) fn chain(&self, tail: &mut Tail) -> u32 {
        self.information.iter().rev().fold(0, |next, link| {
            let mut bytes = Vec::new();
            bytes.u32(next);
            bytes.u32(link.kind);
            bytes.u32(crate::bytes::len32(link.bytes.len()));
            bytes.extend(&link.bytes);
            tail.put(&bytes, 4)
        })
    }
}
