//! What the headers of an image say: sections, directories, and where the file has what.

use goblin::pe::data_directories::DataDirectory;
use goblin::pe::header::Header;

use super::{ImageError, malformed, text, until_nul};
use crate::image_file::Loading;

/// One section of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The name, up to 8 bytes, unchecked.
    pub name: String,
    /// Offset from the image base.
    pub rva: u32,
    /// Bytes in memory.
    pub size: u32,
    /// `IMAGE_SCN_MEM_WRITE`: whether the program may write to it.
    pub writable: bool,
    /// `IMAGE_SCN_MEM_EXECUTE`: whether it holds code.
    pub executable: bool,
}

/// What the headers of an image say.
#[derive(Debug, Clone, PartialEq)]
pub struct Headers {
    pub(super) machine: u16,
    pub(super) characteristics: u16,
    pub(crate) size: u32,
    pub(super) entry_point: u32,
    pub(crate) sections: Vec<Section>,
    pub(crate) debug: Option<DataDirectory>,
    pub(super) exports: Option<DataDirectory>,
    pub(super) exceptions: Option<DataDirectory>,
    pub(super) resources: Option<DataDirectory>,
    clr: Option<DataDirectory>,
    /// Of each section the offset from the base, and where its bytes lie in the file and how many.
    pub(crate) in_file: Vec<(u32, u32, u32)>,
    pub(crate) loading: Loading,
}

impl Headers {
    /// Decodes headers as the loader maps them. Accepts any bytes; fails if they are not those of an image.
    pub fn parse(bytes: &[u8]) -> Result<Headers, ImageError> {
        let header = Header::parse(bytes).map_err(malformed)?;
        let optional =
            header.optional_header.ok_or_else(|| ImageError::Malformed("no optional header".into()))?;
        let directories = optional.data_directories;
        Ok(Headers {
            machine: header.coff_header.machine,
            characteristics: header.coff_header.characteristics,
            size: optional.windows_fields.size_of_image,
            entry_point: optional.standard_fields.address_of_entry_point,
            sections: sections(&header, bytes),
            in_file: in_file(&header, bytes),
            loading: Loading::of(&header),
            debug: directories.get_debug_table().copied().filter(present),
            exports: directories.get_export_table().copied().filter(present),
            exceptions: directories.get_exception_table().copied().filter(present),
            resources: directories.get_resource_table().copied().filter(present),
            clr: directories.get_clr_runtime_header().copied().filter(present),
        })
    }

    /// The header of a .NET image: an offset from the base.
    pub(crate) fn clr(&self) -> Option<u32> {
        self.clr.map(|directory| directory.virtual_address)
    }

    /// Where what lies at an offset from the base lies in the file.
    pub(crate) fn file_offset(&self, rva: u32) -> Option<u32> {
        self.in_file.iter().find_map(|(start, at, size)| {
            let skip = rva.checked_sub(*start).filter(|skip| skip < size)?;
            at.checked_add(skip)
        })
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // for filter
fn present(directory: &DataDirectory) -> bool {
    directory.virtual_address != 0 && directory.size != 0
}

/// `IMAGE_SCN_MEM_WRITE`.
const WRITE: u32 = 0x8000_0000;
/// `IMAGE_SCN_MEM_EXECUTE`.
const EXECUTE: u32 = 0x2000_0000;

/// `IMAGE_SECTION_HEADER`s stand behind the optional header; goblin's table also wants the COFF string table.
fn table(header: &Header<'_>, bytes: &[u8]) -> Vec<goblin::pe::section_table::SectionTable> {
    let mut coff = header.coff_header;
    (coff.pointer_to_symbol_table, coff.number_of_symbol_table) = (0, 0);
    let optional = (header.dos_header.pe_pointer as usize).saturating_add(24);
    let mut offset = optional.saturating_add(usize::from(coff.size_of_optional_header));
    coff.sections(bytes, &mut offset).unwrap_or_default()
}

fn in_file(header: &Header<'_>, bytes: &[u8]) -> Vec<(u32, u32, u32)> {
    let sections = table(header, bytes);
    sections.iter().map(|s| (s.virtual_address, s.pointer_to_raw_data, s.size_of_raw_data)).collect()
}

fn sections(header: &Header<'_>, bytes: &[u8]) -> Vec<Section> {
    let section = |s: goblin::pe::section_table::SectionTable| Section {
        name: text(until_nul(&s.name)),
        rva: s.virtual_address,
        // Linkers of old leave it out.
        size: if s.virtual_size == 0 { s.size_of_raw_data } else { s.virtual_size },
        writable: s.characteristics & WRITE != 0,
        executable: s.characteristics & EXECUTE != 0,
    };
    table(header, bytes).into_iter().map(section).collect()
}
