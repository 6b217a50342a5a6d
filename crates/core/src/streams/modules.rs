//! ModuleListStream (4): a count and `MINIDUMP_MODULE`s, 0x6c bytes each.

use minidump::MinidumpModule;
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
