//! SystemMemoryInfo and ProcessVmCounters: what is zero, or not flagged as filled in, is unknown.

use dumplens_core::{StreamType, SystemMemory, VmCounters};
use dumplens_synth::{self as synth, Process};

use super::{contents, open, open_changed, put, replace, rva};

fn system(written: synth::SystemMemory) -> Process {
    Process { system_memory: Some(written), ..Process::default() }
}

fn counters(written: synth::VmCounters) -> Process {
    Process { vm_counters: Some(written), ..Process::default() }
}

const WRITTEN: synth::VmCounters = synth::VmCounters {
    revision: 2,
    flags: 0x1f,
    page_fault_count: 1,
    peak_working_set: 2,
    working_set: 3,
    quotas: [4, 5, 6, 7],
    pagefile_usage: 8,
    peak_pagefile_usage: 9,
    peak_virtual_size: 10,
    virtual_size: 11,
    private_usage: 12,
    private_working_set: 13,
    shared_commit_usage: 14,
    job: [15, 16, 17, 18, 19],
};

#[test]
fn system_memory_is_in_bytes() {
    let written = synth::SystemMemory {
        page_size: 0x4000,
        physical_pages: 3,
        available_pages: 5,
        committed_pages: 7,
        commit_limit: 0x1_0000_0000,
        peak_commitment: 11,
        maximum_user_mode_address: 0x7fff_fffe_ffff,
        processors: 24,
        ..synth::SystemMemory::default()
    };
    let wanted = SystemMemory {
        page_size: 0x4000,
        physical_bytes: Some(0xc000),
        available_bytes: Some(0x1_4000),
        committed_bytes: Some(0x1_c000),
        commit_limit_bytes: Some(0x4000_0000_0000),
        commit_peak_bytes: Some(0x2_c000),
        maximum_user_mode_address: Some(0x7fff_fffe_ffff),
        processors: Some(24),
    };
    assert_eq!(open(&system(written)).system_memory().unwrap(), Some(wanted));
}

#[test]
fn system_commit_is_unknown_unless_the_flag_says_so() {
    let written = synth::SystemMemory { flags: 0xf & !2, ..synth::SystemMemory::default() };
    let found = open(&system(written)).system_memory().unwrap().unwrap();
    assert_eq!(found.physical_bytes, Some(0x80_0000 * 4096));
    assert_eq!((found.available_bytes, found.committed_bytes), (None, None));
    assert_eq!((found.commit_limit_bytes, found.commit_peak_bytes), (None, None));
}

#[test]
fn a_single_zero_is_unknown() {
    let written =
        synth::SystemMemory { commit_limit: 0, physical_pages: 0, ..synth::SystemMemory::default() };
    let found = open(&system(written)).system_memory().unwrap().unwrap();
    assert_eq!((found.commit_limit_bytes, found.physical_bytes), (None, None));
    assert_eq!(found.committed_bytes, Some(0x60_0000 * 4096));
}

#[test]
fn system_memory_of_zeros_is_unknown() {
    let dump = open_changed(&system(synth::SystemMemory::default()), |bytes, layout| {
        put(bytes, rva(layout, StreamType::SYSTEM_MEMORY_INFO), &[0; 0x1ec]);
    });
    assert_eq!(dump.system_memory().unwrap(), None);
    assert!(dump.stream(StreamType::SYSTEM_MEMORY_INFO).is_some());
}

#[test]
fn system_memory_absent_and_damaged() {
    assert_eq!(open(&Process::default()).system_memory().unwrap(), None);
    let dump = open_changed(&system(synth::SystemMemory::default()), |bytes, layout| {
        let whole = contents(bytes, layout, StreamType::SYSTEM_MEMORY_INFO);
        replace(bytes, layout, StreamType::SYSTEM_MEMORY_INFO, &whole[..0x80]);
    });
    assert_eq!(dump.system_memory().unwrap_err().code(), "stream_malformed");
}

#[test]
fn counters_revision_2() {
    let wanted = VmCounters {
        page_faults: 1,
        peak_working_set_bytes: 2,
        working_set_bytes: 3,
        pagefile_bytes: 8,
        peak_pagefile_bytes: 9,
        peak_virtual_bytes: Some(10),
        virtual_bytes: Some(11),
        private_bytes: Some(12),
        private_working_set_bytes: Some(13),
        shared_commit_bytes: Some(14),
        job_shared_commit_bytes: Some(15),
        job_private_commit_bytes: Some(16),
        job_private_commit_limit_bytes: Some(18),
        job_total_commit_limit_bytes: Some(19),
    };
    assert_eq!(open(&counters(WRITTEN)).vm_counters().unwrap(), Some(wanted));
}

/// Flags: 2 virtual sizes, 4 PrivateUsage, 8 EX2, 0x10 job (spec B.2).
#[test]
fn counters_are_unknown_unless_their_flag_says_so() {
    let read = |flags| {
        let c = open(&counters(synth::VmCounters { flags, ..WRITTEN })).vm_counters().unwrap().unwrap();
        [
            c.virtual_bytes.is_some() && c.peak_virtual_bytes.is_some(),
            c.private_bytes.is_some(),
            c.private_working_set_bytes.is_some() && c.shared_commit_bytes.is_some(),
            c.job_private_commit_bytes.is_some() && c.job_private_commit_limit_bytes.is_some(),
        ]
    };
    assert_eq!(read(0x1), [false, false, false, false]);
    assert_eq!(read(0x3), [true, false, false, false]);
    assert_eq!(read(0x5), [false, true, false, false]);
    assert_eq!(read(0x9), [false, false, true, false]);
    assert_eq!(read(0x11), [false, false, false, true]);
}

#[test]
fn a_job_without_limits_has_none() {
    let written = synth::VmCounters { job: [15, 16, 17, 0, 0], ..WRITTEN };
    let found = open(&counters(written)).vm_counters().unwrap().unwrap();
    assert_eq!(found.job_private_commit_bytes, Some(16));
    assert_eq!((found.job_private_commit_limit_bytes, found.job_total_commit_limit_bytes), (None, None));
}

#[test]
fn counters_revision_1_end_with_private_usage() {
    let found = open(&counters(synth::VmCounters { revision: 1, ..WRITTEN })).vm_counters().unwrap().unwrap();
    assert_eq!((found.private_bytes, found.pagefile_bytes, found.peak_pagefile_bytes), (Some(12), 8, 9));
    assert_eq!((found.virtual_bytes, found.shared_commit_bytes), (None, None));
    assert_eq!((found.job_private_commit_bytes, found.private_working_set_bytes), (None, None));
}

#[test]
fn counters_of_zeros_are_unknown() {
    let dump = open_changed(&counters(WRITTEN), |bytes, layout| {
        put(bytes, rva(layout, StreamType::PROCESS_VM_COUNTERS) + 4, &[0; 0x94]);
    });
    assert_eq!(dump.vm_counters().unwrap(), None);
    assert_eq!(open(&Process::default()).vm_counters().unwrap(), None);
}

#[test]
fn counters_that_are_cut_or_of_another_revision_are_damaged() {
    let cut = open_changed(&counters(WRITTEN), |bytes, layout| {
        let whole = contents(bytes, layout, StreamType::PROCESS_VM_COUNTERS);
        replace(bytes, layout, StreamType::PROCESS_VM_COUNTERS, &whole[..0x50]);
    });
    assert_eq!(cut.vm_counters().unwrap_err().code(), "stream_malformed");
    let later = open(&counters(synth::VmCounters { revision: 7, ..WRITTEN }));
    assert_eq!(later.vm_counters().unwrap_err().code(), "stream_malformed");
}
