//! 15 to 49: one bad number each, in the streams that readers trust most.

use super::random::Random;
use super::{Base, Recipe};
use crate::bytes::{Fields, Push, len32};
use crate::constants::{
    EXCEPTION_STREAM, HANDLE_DATA_STREAM, MEMORY_INFO_LIST_STREAM, MEMORY64_LIST_STREAM, MODULE_LIST_STREAM,
    SYSTEM_INFO_STREAM, THREAD_LIST_STREAM, THREAD_NAMES_STREAM,
};

/// File offsets of the streams that are patched here.
#[derive(Clone, Copy)]
struct At {
    info: usize,
    mem64: usize,
    threads: usize,
    modules: usize,
    system: usize,
    exception: usize,
    handles: usize,
}

/// Size of a MINIDUMP_MEMORY_INFO.
const INFO: usize = 0x30;

pub(super) const RECIPES: &[Recipe] = &[
    ("15_meminfo_rva_outside", |base| entry(base, MEMORY_INFO_LIST_STREAM, 8, 0xFFFF_F000)),
    ("16_meminfo_count_ffffffff", |base| patch(base, |p, at| p.u64(at.info + 8, 0xFFFF_FFFF))),
    ("17_meminfo_count_2^64-1", |base| patch(base, |p, at| p.u64(at.info + 8, u64::MAX))),
    ("18_meminfo_entry_0", |base| patch(base, |p, at| p.u32(at.info + 4, 0))),
    ("19_meminfo_entry_47", |base| patch(base, |p, at| p.u32(at.info + 4, 47))),
    ("20_meminfo_entry_56_hdr_24", |base| {
        patch(base, |p, at| {
            p.u32(at.info, 24);
            p.u32(at.info + 4, 56);
        })
    }),
    ("21_meminfo_hdr_ffffffff", |base| patch(base, |p, at| p.u32(at.info, u32::MAX))),
    ("22_mem64_count_ffffffff", |base| patch(base, |p, at| p.u64(at.mem64, 0xFFFF_FFFF))),
    ("23_mem64_count_2^60", |base| patch(base, |p, at| p.u64(at.mem64, 1 << 60))),
    ("24_mem64_count_2^64-1", |base| patch(base, |p, at| p.u64(at.mem64, u64::MAX))),
    ("25_mem64_baserva_2^64-1", |base| patch(base, |p, at| p.u64(at.mem64 + 8, u64::MAX))),
    ("26_mem64_baserva_past_eof", |base| {
        patch(base, |p, at| p.u64(at.mem64 + 8, p.bytes.len() as u64 + 4096))
    }),
    ("27_mem64_size_2^64-1", |base| patch(base, |p, at| p.u64(at.mem64 + 24, u64::MAX))),
    ("28_mem64_start_wraps", |base| {
        patch(base, |p, at| {
            p.u64(at.mem64 + 16, 0xFFFF_FFFF_FFFF_F000);
            p.u64(at.mem64 + 24, 0x1_0000);
        })
    }),
    ("29_threads_count_ffffffff", |base| patch(base, |p, at| p.u32(at.threads, u32::MAX))),
    ("30_modules_count_ffffffff", |base| patch(base, |p, at| p.u32(at.modules, u32::MAX))),
    ("31_modname_len_fffffffe", |base| {
        let name = base.full.u32(base.full.rva(MODULE_LIST_STREAM) + 4 + 0x14) as usize;
        base.full.patch(|p| p.u32(name, 0xFFFF_FFFE))
    }),
    ("32_modname_rva_outside", |base| patch(base, |p, at| p.u32(at.modules + 4 + 0x14, 0xFFFF_FF00))),
    ("33_meminfo_all_overlap", |base| every_region(base, overlapping)),
    ("34_meminfo_wraps_2^64", |base| {
        let last = region_count(base) - 1;
        patch(base, |p, at| {
            p.u64(at.info + 16 + INFO * last, 0xFFFF_FFFF_FFFF_F000);
            p.u64(at.info + 16 + INFO * last + 0x18, 0x1_0000);
        })
    }),
    ("35_meminfo_size_2^64-1", |base| patch(base, |p, at| p.u64(at.info + 16 + INFO * 5 + 0x18, u64::MAX))),
    ("36_meminfo_size_0", |base| patch(base, |p, at| p.u64(at.info + 16 + INFO * 5 + 0x18, 0))),
    ("37_meminfo_unsorted", |base| {
        base.full.remake(|process| Random::new(37).shuffle(process.regions.as_mut().expect("regions")))
    }),
    ("38_meminfo_bad_enums", |base| every_region(base, bad_enums)),
    ("39_dup_meminfo_stream", |base| entry(base, THREAD_NAMES_STREAM, 0, MEMORY_INFO_LIST_STREAM)),
    ("40_no_meminfo_stream", |base| entry(base, MEMORY_INFO_LIST_STREAM, 0, 0)),
    ("41_no_sysinfo", |base| entry(base, SYSTEM_INFO_STREAM, 0, 0)),
    ("42_arch_unknown", |base| patch(base, |p, at| p.u16(at.system, 0x7777))),
    ("43_exception_nparams_ffffffff", |base| patch(base, |p, at| p.u32(at.exception + 0x20, u32::MAX))),
    ("44_thread_ctx_outside", |base| patch(base, |p, at| p.u32(at.threads + 4 + 0x2C, 0xFFFF_FF00))),
    ("45_20k_dup_streams", many_streams),
    // 46 and 47 are other projects' files (rust-minidump #381, symbolic #478), which are not re-made here.
    ("48_handles_count_ffffffff", |base| patch(base, |p, at| p.u32(at.handles + 8, u32::MAX))),
    ("49_handles_count_ffffffff_descsize0", |base| {
        patch(base, |p, at| {
            p.u32(at.handles + 4, 0);
            p.u32(at.handles + 8, u32::MAX);
        })
    }),
];

fn patch(base: &Base, change: impl Fn(&mut Fields, At)) -> Vec<u8> {
    let dump = &base.full;
    let at = At {
        info: dump.rva(MEMORY_INFO_LIST_STREAM),
        mem64: dump.rva(MEMORY64_LIST_STREAM),
        threads: dump.rva(THREAD_LIST_STREAM),
        modules: dump.rva(MODULE_LIST_STREAM),
        system: dump.rva(SYSTEM_INFO_STREAM),
        exception: dump.rva(EXCEPTION_STREAM),
        handles: dump.rva(HANDLE_DATA_STREAM),
    };
    dump.patch(|p| change(p, at))
}

/// Changes a field of a stream's directory entry: 0 type, 4 size, 8 RVA.
fn entry(base: &Base, stream_type: u32, field: usize, value: u32) -> Vec<u8> {
    base.full.patch(|p| p.u32(base.full.entry(stream_type) + field, value))
}

fn region_count(base: &Base) -> usize {
    base.full.process.regions.as_ref().expect("regions").len()
}

fn every_region(base: &Base, change: fn(&mut Fields, usize)) -> Vec<u8> {
    let count = region_count(base);
    patch(base, |p, at| {
        (0..count).for_each(|number| change(p, at.info + 16 + INFO * number));
    })
}

fn overlapping(p: &mut Fields, at: usize) {
    p.u64(at, 0x1000_0000);
    p.u64(at + 8, 0x1000_0000);
    p.u64(at + 0x18, 0x1_0000_0000);
}

fn bad_enums(p: &mut Fields, at: usize) {
    p.u32(at + 0x20, 0x7777);
    p.u32(at + 0x24, u32::MAX);
    p.u32(at + 0x28, 0x1234_5678);
}

/// 20,000 directory entries at the end of the file, all for the same region list.
fn many_streams(base: &Base) -> Vec<u8> {
    const COUNT: u32 = 20_000;
    let stream = base.full.stream(MEMORY_INFO_LIST_STREAM);
    let directory = len32(base.full.bytes.len());
    let mut bytes = base.full.patch(|p| {
        p.u32(8, COUNT);
        p.u32(12, directory);
    });
    for _ in 0..COUNT {
        bytes.u32(MEMORY_INFO_LIST_STREAM);
        bytes.u32(stream.size);
        bytes.u32(stream.rva);
    }
    bytes
}
