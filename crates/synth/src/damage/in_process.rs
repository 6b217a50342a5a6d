//! 170 to 199: counters, misc info, and what lies in the process: TEB, PEB, parameters.

use super::{Base, Recipe};
use crate::constants::{MISC_INFO_STREAM, PAGE, PROCESS_VM_COUNTERS_STREAM, SYSTEM_MEMORY_INFO_STREAM};
use crate::counters::VmCounters;
use crate::kuser::KUSER_SHARED_DATA;
use crate::presets::tiny::X64;
use crate::process::Process;

pub(super) const RECIPES: &[Recipe] = &[
    ("170_sysmem_all_zero", |base| base.tiny.replaced(SYSTEM_MEMORY_INFO_STREAM, &[0; 0x1EC])),
    ("171_sysmem_all_ff", |base| base.tiny.replaced(SYSTEM_MEMORY_INFO_STREAM, &[0xFF; 0x1EC])),
    ("172_sysmem_cut", |base| cut(base, SYSTEM_MEMORY_INFO_STREAM, 0x80)),
    ("173_sysmem_2_bytes", |base| cut(base, SYSTEM_MEMORY_INFO_STREAM, 2)),
    ("174_vmcounters_cut", |base| cut(base, PROCESS_VM_COUNTERS_STREAM, 0x50)),
    ("175_vmcounters_2_bytes", |base| cut(base, PROCESS_VM_COUNTERS_STREAM, 2)),
    ("176_vmcounters_all_ff", |base| base.tiny.replaced(PROCESS_VM_COUNTERS_STREAM, &[0xFF; 0x98])),
    ("177_vmcounters_revision_1", |base| {
        base.tiny.remake(|p| {
            p.vm_counters = Some(VmCounters { revision: 1, ..VmCounters::default() });
        })
    }),
    ("178_vmcounters_revision_7", |base| {
        base.tiny.remake(|p| {
            p.vm_counters = Some(VmCounters { revision: 7, ..VmCounters::default() });
        })
    }),
    ("179_misc_24", |base| misc(base, 24)),
    ("180_misc_44", |base| misc(base, 44)),
    ("181_misc_232", |base| misc(base, 232)),
    ("182_misc_832", |base| misc(base, 832)),
    ("183_misc_1364", |base| misc(base, 1364)),
    ("184_misc_20", |base| misc(base, 20)),
    ("185_misc_1400", |base| misc(base, 1400)),
    ("186_misc_cut", |base| cut(base, MISC_INFO_STREAM, 30)),
    ("187_misc_all_ff", |base| base.tiny.replaced(MISC_INFO_STREAM, &[0xFF; 1364])),
    ("188_tebs_not_kept", |base| without(base, &[X64.tebs[0], X64.tebs[1]])),
    ("189_peb_not_kept", |base| without(base, &[X64.peb])),
    ("190_kuser_not_kept", |base| without(base, &[KUSER_SHARED_DATA])),
    ("191_teb_all_ff", |base| put(base, X64.tebs[0], &[0xFF; 0x1878])),
    ("192_teb_stack_limits_swapped", |base| {
        let base_address = X64.stack_base(0);
        put(base, X64.tebs[0] + 8, &[base_address - PAGE, base_address].map(u64::to_le_bytes).concat())
    }),
    ("193_peb_all_ff", |base| put(base, X64.peb, &[0xFF; 0x7D0])),
    ("194_peb_heaps_count_ffffffff", |base| put(base, X64.peb + 0xE8, &[0xFF; 4])),
    ("195_parameters_all_ff", |base| put(base, X64.parameters(), &[0xFF; 0x440])),
    ("196_command_line_odd_length", |base| put(base, X64.parameters() + 0x70, &[7, 0])),
    ("197_environment_without_end", |base| put(base, X64.parameters() + 0x3F0, &u64::MAX.to_le_bytes())),
    ("198_kuser_all_ff", |base| put(base, KUSER_SHARED_DATA, &[0xFF; 0x720])),
    ("199_kuser_all_zero", |base| put(base, KUSER_SHARED_DATA, &[0; 0x720])),
];

fn cut(base: &Base, stream_type: u32, size: usize) -> Vec<u8> {
    base.tiny.replaced(stream_type, &base.tiny.contents(stream_type)[..size])
}

fn misc(base: &Base, size: u32) -> Vec<u8> {
    base.tiny.remake(|process| process.misc.as_mut().expect("tiny has one").size = size)
}

fn put(base: &Base, va: u64, bytes: &[u8]) -> Vec<u8> {
    base.tiny.remake(|process| process.put(va, bytes))
}

/// Leaves two pages from each address on out of the kept memory.
fn without(base: &Base, addresses: &[u64]) -> Vec<u8> {
    base.tiny.remake(|process| addresses.iter().for_each(|&address| forget(process, address)))
}

fn forget(process: &mut Process, address: u64) {
    let pages = process.memory.iter().flat_map(|range| {
        let count = range.size / PAGE;
        (0..count).map(|page| crate::Range { start: range.start + page * PAGE, size: PAGE })
    });
    process.memory = pages.filter(|page| page.start < address || page.start >= address + 2 * PAGE).collect();
}
