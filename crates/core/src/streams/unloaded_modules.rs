//! UnloadedModuleListStream (14): `MINIDUMP_UNLOADED_MODULE`s, 0x18 bytes each, behind a 12-byte header.

use minidump::MinidumpUnloadedModule;
use zerocopy::IntoBytes;

use super::table::Table;
use super::thread_info::extended_header;
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::{Extract, Losses};
use crate::format::MINIDUMP_UNLOADED_MODULE;
use crate::limits;

/// UnloadedModuleList (14), and what reading it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnloadedModules {
    /// The modules, in the order of the file.
    pub list: Vec<UnloadedModule>,
    /// What was lost.
    pub damage: Vec<Damage>,
}

/// One `MINIDUMP_UNLOADED_MODULE`: an image that was unloaded before the dump was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnloadedModule {
    /// Where it was.
    pub base: u64,
    /// Bytes.
    pub size: u32,
    /// `CheckSum` of the image's header.
    pub checksum: u32,
    /// `TimeDateStamp` of the image's header.
    pub time_date_stamp: u32,
    /// File name, mostly without a path; empty if it was lost.
    pub name: String,
}

impl UnloadedModule {
    pub(crate) fn of(module: &MinidumpUnloadedModule) -> UnloadedModule {
        UnloadedModule {
            base: module.raw.base_of_image,
            size: module.raw.size_of_image,
            checksum: module.raw.checksum,
            time_date_stamp: module.raw.time_date_stamp,
            name: module.name.clone(),
        }
    }
}

/// Copies the modules. Entries without a size (Wine writes 65,536 of them) say nothing and are left out.
pub(crate) fn copy(
    at: &StreamLocation,
    width: Width,
    out: &mut Extract<'_, '_>,
    damage: &mut Vec<Damage>,
) -> Result<(), Damage> {
    const ENTRY: usize = size_of::<MINIDUMP_UNLOADED_MODULE>();
    let table = Table::extended(out.meta, at, ENTRY, limits::UNLOADED_MODULES, damage)?;
    let all: Vec<MINIDUMP_UNLOADED_MODULE> = table.entries(out.meta)?;
    let mut losses = Losses::default();
    let mut modules = Vec::new();
    for (index, mut module) in (0u64..).zip(all) {
        let (base, size) = (width.normalise(module.base_of_image.get()), module.size_of_image.get());
        if base == 0 && size == 0 {
            continue;
        }
        if !losses.is_extent(base, size) {
            continue;
        }
        module.base_of_image = base.into();
        module.module_name_rva = out.string(u64::from(module.module_name_rva.get()), index, &mut losses);
        modules.push(module);
    }
    losses.report(at.kind, damage);
    out.stream(at.kind, &[&extended_header(ENTRY, modules.len()), modules.as_bytes()])
}
