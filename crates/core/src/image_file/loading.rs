//! What the loader needs to know of an image.

use goblin::pe::data_directories::DataDirectory;
use goblin::pe::header::Header;

/// `IMAGE_FILE_RELOCS_STRIPPED` of `IMAGE_FILE_HEADER.Characteristics`.
const RELOCS_STRIPPED: u16 = 1;
/// `IMAGE_NT_OPTIONAL_HDR64_MAGIC`: PE32+.
const PE32_PLUS: u16 = 0x20b;

/// Fields of the headers and the directories that the loader uses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Loading {
    pub(crate) time_date_stamp: u32,
    /// `ImageBase` as it stands in the headers.
    pub(crate) base: u64,
    /// Where it stands there.
    pub(crate) base_at: usize,
    /// `SizeOfHeaders`.
    pub(crate) headers_size: u32,
    pub(crate) section_alignment: u32,
    /// Whether it is PE32+: pointers have 8 bytes.
    pub(crate) wide: bool,
    /// Whether it can lie elsewhere than at its base.
    pub(crate) movable: bool,
    pub(crate) imports: Option<DataDirectory>,
    pub(crate) import_addresses: Option<DataDirectory>,
    pub(crate) delay_imports: Option<DataDirectory>,
    pub(crate) relocations: Option<DataDirectory>,
    pub(crate) load_config: Option<DataDirectory>,
    pub(crate) tls: Option<DataDirectory>,
}

impl Loading {
    pub(crate) fn of(header: &Header<'_>) -> Loading {
        let coff = &header.coff_header;
        let Some(optional) = &header.optional_header else { return Loading::default() };
        let (fields, directories) = (&optional.windows_fields, &optional.data_directories);
        let wide = optional.standard_fields.magic == PE32_PLUS;
        // Behind the signature and IMAGE_FILE_HEADER, ImageBase stands at 24 of PE32+ and at 28 of PE32.
        let base_at = (header.dos_header.pe_pointer as usize).saturating_add(if wide { 48 } else { 52 });
        let present = |directory: Option<&DataDirectory>| {
            directory.copied().filter(|d| d.virtual_address != 0 && d.size != 0)
        };
        Loading {
            time_date_stamp: coff.time_date_stamp,
            base: fields.image_base,
            base_at,
            headers_size: fields.size_of_headers,
            section_alignment: fields.section_alignment,
            wide,
            movable: coff.characteristics & RELOCS_STRIPPED == 0,
            imports: present(directories.get_import_table()),
            import_addresses: present(directories.get_import_address_table()),
            delay_imports: present(directories.get_delay_import_descriptor()),
            relocations: present(directories.get_base_relocation_table()),
            load_config: present(directories.get_load_config_table()),
            tls: present(directories.get_tls_table()),
        }
    }

    /// Bytes of a pointer.
    pub(crate) fn pointer(&self) -> u32 {
        if self.wide { 8 } else { 4 }
    }
}
