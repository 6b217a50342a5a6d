//! ModuleListStream (4): a count and `MINIDUMP_MODULE`s, 0x6c bytes each.

use minidump::{CodeView as CrateCodeView, MinidumpModule, Module as _};
use minidump_common::format as md;
use zerocopy::IntoBytes;

use super::table::Table;
use super::threads::count;
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::{Extract, Losses, NOWHERE};
use crate::format::MINIDUMP_MODULE;
use crate::limits;

/// One `MINIDUMP_MODULE`: an image of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Module {
    /// Where it lies.
    pub base: u64,
    /// Bytes (`SizeOfImage`).
    pub size: u32,
    /// `CheckSum` of the image's header.
    pub checksum: u32,
    /// `TimeDateStamp` of the image's header: seconds since 1970, or a hash where the build is reproducible.
    pub time_date_stamp: u32,
    /// Path of the file; empty if it was lost.
    pub name: String,
    /// `FileVersion` of VS_FIXEDFILEINFO, as four numbers with dots between.
    pub version: Option<String>,
    /// VS_FIXEDFILEINFO; `None` where the writer left it out.
    pub version_info: Option<FixedFileInfo>,
    /// What leads to the debug information.
    pub codeview: Option<CodeView>,
    /// Identity of the debug information as Breakpad's symbol stores have it: the GUID's 32 hex digits and the age.
    pub debug_id: Option<String>,
}

impl Module {
    /// First address behind the module.
    pub fn end(&self) -> u64 {
        self.base.saturating_add(u64::from(self.size))
    }

    pub(crate) fn of(module: &MinidumpModule) -> Module {
        Module {
            base: module.raw.base_of_image,
            size: module.raw.size_of_image,
            checksum: module.raw.checksum,
            time_date_stamp: module.raw.time_date_stamp,
            name: module.name.clone(),
            version: module.version().map(Into::into),
            version_info: FixedFileInfo::of(&module.raw.version_info),
            codeview: module.codeview_info.as_ref().map(CodeView::of),
            debug_id: module.debug_identifier().map(|id| id.breakpad().to_string()),
        }
    }
}

/// VS_FIXEDFILEINFO (verrsrc.h), without signature and version of the structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FixedFileInfo {
    /// `dwFileVersionMS`, `dwFileVersionLS`: four numbers of 16 bits.
    pub file_version: (u32, u32),
    /// `dwProductVersionMS`, `dwProductVersionLS`.
    pub product_version: (u32, u32),
    /// `dwFileFlagsMask`: which of the flags are valid.
    pub flags_mask: u32,
    /// `dwFileFlags`.
    pub flags: u32,
    /// `dwFileOS`.
    pub os: u32,
    /// `dwFileType`, `dwFileSubtype`.
    pub kind: (u32, u32),
    /// `dwFileDateMS`, `dwFileDateLS`.
    pub date: (u32, u32),
}

impl FixedFileInfo {
    fn of(raw: &md::VS_FIXEDFILEINFO) -> Option<FixedFileInfo> {
        const SIGNATURE: u32 = 0xfeef_04bd;
        (raw.signature == SIGNATURE).then_some(FixedFileInfo {
            file_version: (raw.file_version_hi, raw.file_version_lo),
            product_version: (raw.product_version_hi, raw.product_version_lo),
            flags_mask: raw.file_flags_mask,
            flags: raw.file_flags,
            os: raw.file_os,
            kind: (raw.file_type, raw.file_subtype),
            date: (raw.file_date_hi, raw.file_date_lo),
        })
    }
}

/// A CodeView record of the module list, by its signature. A path is without the NULs at its end; UTF-8 that is not
/// valid is U+FFFD.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeView {
    /// `RSDS`: a PDB of today.
    Pdb70 {
        /// The GUID as it lies in memory.
        guid: [u8; 16],
        /// How often the PDB had been written when the image was linked.
        age: u32,
        /// Path that the linker wrote the PDB to.
        path: String,
    },
    /// `NB10`: a PDB of Visual C++ 6 and before.
    Pdb20 {
        /// When the PDB was made: seconds since 1970.
        signature: u32,
        /// How often the PDB had been written when the image was linked.
        age: u32,
        /// Path that the linker wrote the PDB to.
        path: String,
    },
    /// Breakpad's `LEpB`: the build ID of an ELF file.
    Elf(Vec<u8>),
    /// Anything else, as it is.
    Other(Vec<u8>),
}

impl CodeView {
    fn of(record: &CrateCodeView) -> CodeView {
        let path = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
        match record {
            CrateCodeView::Pdb70(record) => CodeView::Pdb70 {
                guid: in_memory(&record.signature),
                age: record.age,
                path: path(&record.pdb_file_name),
            },
            CrateCodeView::Pdb20(record) => CodeView::Pdb20 {
                signature: record.signature,
                age: record.age,
                path: path(&record.pdb_file_name),
            },
            CrateCodeView::Elf(record) => CodeView::Elf(record.build_id.clone()),
            CrateCodeView::Unknown(bytes) => CodeView::Other(bytes.clone()),
        }
    }
}

fn in_memory(guid: &md::GUID) -> [u8; 16] {
    let numbers = u128::from(guid.data1) | u128::from(guid.data2) << 32 | u128::from(guid.data3) << 48;
    (numbers | u128::from(u64::from_le_bytes(guid.data4)) << 64).to_le_bytes()
}

/// Copies the modules with names and CodeView records. A module whose size is zero or wraps is left out.
pub(crate) fn copy(
    at: &StreamLocation,
    width: Width,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    let table = Table::plain(out.meta, at, size_of::<MINIDUMP_MODULE>(), limits::MODULES, damage)?;
    let all: Vec<MINIDUMP_MODULE> = table.entries(out.meta)?;
    let mut losses = Losses::default();
    let mut modules = Vec::with_capacity(all.len());
    for (index, mut module) in (0u64..).zip(all) {
        let base = width.normalise(module.base_of_image.get());
        if !losses.is_extent(base, module.size_of_image.get()) {
            continue;
        }
        module.base_of_image = base.into();
        module.misc_record = NOWHERE;
        module.module_name_rva = out.string(u64::from(module.module_name_rva.get()), index, &mut losses);
        module.cv_record =
            out.record(module.cv_record, limits::CODEVIEW_BYTES, "CodeView record", index, &mut losses);
        if !codeview_reads(out, &module) {
            losses.lost("CodeView record", index);
            module.cv_record = NOWHERE;
        }
        modules.push(module);
    }
    losses.report(at.kind, damage);
    out.stream(at.kind, &[&count(modules.len()), modules.as_bytes()])
}

/// Whether the crate can read the record as it was copied: one that it cannot read would cost the whole list.
fn codeview_reads(out: &Extract<'_, '_>, module: &MINIDUMP_MODULE) -> bool {
    const RSDS: &[u8] = b"RSDS";
    let (rva, size) = (module.cv_record.rva.get() as usize, module.cv_record.data_size.get());
    let is_rsds = out.so_far().get(rva..).is_some_and(|bytes| bytes.starts_with(RSDS));
    if size == 0 || (is_rsds && size as usize > size_of::<[u32; 6]>()) {
        return true; // signature, GUID, age and a name
    }
    let mut probe = MinidumpModule::new(module.base_of_image.get(), module.size_of_image.get(), "").raw;
    probe.module_name_rva = module.module_name_rva.get();
    probe.cv_record = md::MINIDUMP_LOCATION_DESCRIPTOR { data_size: size, rva: module.cv_record.rva.get() };
    MinidumpModule::read(probe, out.so_far(), minidump::Endian::Little, None).is_ok()
}
