//! UnloadedModuleListStream (14): `MINIDUMP_UNLOADED_MODULE`s, 0x18 bytes each, behind a 12-byte header.

use zerocopy::IntoBytes;

use super::table::Table;
use super::thread_info::extended_header;
use crate::arch::Width;
use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::extract::{Extract, Losses};
use crate::format::MINIDUMP_UNLOADED_MODULE;
use crate::limits;

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
