//! Loaded and unloaded modules.

use crate::bytes::{Fields, Push};
use crate::threads::Location;

/// One MINIDUMP_MODULE, 0x6C bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// BaseOfImage.
    pub base: u64,
    /// SizeOfImage, bytes.
    pub size: u32,
    /// CheckSum.
    pub checksum: u32,
    /// TimeDateStamp of the image.
    pub time_date_stamp: u32,
    /// Full path.
    pub path: String,
    /// FileVersion, four parts; `None` writes no VS_FIXEDFILEINFO.
    pub version: Option<[u16; 4]>,
    /// CodeView record; `None` writes an empty location.
    pub code_view: Option<CodeView>,
}

/// CV_INFO_PDB70, "RSDS".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeView {
    /// GUID as its 16 bytes lie in memory.
    pub guid: [u8; 16],
    /// Age.
    pub age: u32,
    /// Path of the program database.
    pub pdb: String,
}

impl CodeView {
    /// The record: signature, GUID, age, NUL-terminated path.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut record = b"RSDS".to_vec();
        record.extend_from_slice(&self.guid);
        record.u32(self.age);
        record.extend_from_slice(self.pdb.as_bytes());
        record.u8(0);
        record
    }
}

/// One MINIDUMP_UNLOADED_MODULE, 0x18 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnloadedModule {
    /// BaseOfImage.
    pub base: u64,
    /// SizeOfImage, bytes.
    pub size: u32,
    /// CheckSum.
    pub checksum: u32,
    /// TimeDateStamp of the image.
    pub time_date_stamp: u32,
    /// File name; Windows keeps no path here.
    pub name: String,
}

impl Module {
    pub(crate) fn entry(&self, base: u64, name_rva: u32, code_view: Location) -> Vec<u8> {
        let mut m = Fields::flat(0x6C);
        m.u64(0x00, base);
        m.u32(0x08, self.size);
        m.u32(0x0C, self.checksum);
        m.u32(0x10, self.time_date_stamp);
        m.u32(0x14, name_rva);
        if let Some(version) = self.version {
            m.put(0x18, &fixed_file_info(version));
        }
        m.u32(0x4C, code_view.size);
        m.u32(0x50, code_view.rva);
        m.bytes
    }
}

/// VS_FIXEDFILEINFO, 0x34 bytes.
fn fixed_file_info(version: [u16; 4]) -> Vec<u8> {
    let high = u32::from(version[0]) << 16 | u32::from(version[1]);
    let low = u32::from(version[2]) << 16 | u32::from(version[3]);
    let mut info = Vec::new();
    for value in [0xFEEF_04BD, 0x1_0000, high, low, high, low, 0x3F, 0, 0x4_0004, 2, 0, 0, 0] {
        info.u32(value);
    }
    info
}

impl UnloadedModule {
    pub(crate) fn entry(&self, base: u64, name_rva: u32) -> Vec<u8> {
        let mut m = Fields::flat(0x18);
        m.u64(0x00, base);
        m.u32(0x08, self.size);
        m.u32(0x0C, self.checksum);
        m.u32(0x10, self.time_date_stamp);
        m.u32(0x14, name_rva);
        m.bytes
    }
}
