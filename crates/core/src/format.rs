//! The structures of the file, as `minidumpapiset.h` lays them out: little endian, packed to 4 bytes.
//!
//! Offsets and sizes: Microsoft's header of the same name (sizes are asserted below).
#![allow(non_camel_case_types)]

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

macro_rules! raw {
    ($(#[$doc:meta])* $name:ident, $size:literal { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
        #[repr(C)]
        pub(crate) struct $name { $(pub(crate) $field: $type),* }
        const _: () = assert!(size_of::<$name>() == $size);
    };
}

/// `MDMP`, little endian.
pub(crate) const MINIDUMP_SIGNATURE: u32 = 0x504d_444d;
/// Low word of `Version`.
pub(crate) const MINIDUMP_VERSION: u32 = 0xa793;

raw!(MINIDUMP_HEADER, 32 {
    signature: U32, version: U32, number_of_streams: U32, stream_directory_rva: U32,
    check_sum: U32, time_date_stamp: U32, flags: U64,
});
raw!(MINIDUMP_LOCATION_DESCRIPTOR, 8 { data_size: U32, rva: U32 });
raw!(MINIDUMP_DIRECTORY, 12 { stream_type: U32, location: MINIDUMP_LOCATION_DESCRIPTOR });
raw!(MINIDUMP_THREAD, 48 {
    thread_id: U32, suspend_count: U32, priority_class: U32, priority: U32, teb: U64,
    stack_start: U64, stack: MINIDUMP_LOCATION_DESCRIPTOR, thread_context: MINIDUMP_LOCATION_DESCRIPTOR,
});
raw!(MINIDUMP_MODULE, 108 {
    base_of_image: U64, size_of_image: U32, check_sum: U32, time_date_stamp: U32, module_name_rva: U32,
    version_info: [U32; 13], cv_record: MINIDUMP_LOCATION_DESCRIPTOR, misc_record: MINIDUMP_LOCATION_DESCRIPTOR,
    reserved0: [U32; 2], reserved1: [U32; 2],
});
raw!(MINIDUMP_UNLOADED_MODULE, 24 {
    base_of_image: U64, size_of_image: U32, check_sum: U32, time_date_stamp: U32, module_name_rva: U32,
});
raw!(MINIDUMP_THREAD_NAME, 12 { thread_id: U32, rva_of_thread_name: U64 });
raw!(MINIDUMP_EXCEPTION_STREAM, 168 {
    thread_id: U32, alignment: U32, exception_code: U32, exception_flags: U32, exception_record: U64,
    exception_address: U64, number_parameters: U32, unused_alignment: U32, exception_information: [U64; 15],
    thread_context: MINIDUMP_LOCATION_DESCRIPTOR,
});
raw!(MINIDUMP_MEMORY_DESCRIPTOR, 16 { start_of_memory_range: U64, memory: MINIDUMP_LOCATION_DESCRIPTOR });
raw!(MINIDUMP_MEMORY_DESCRIPTOR64, 16 { start_of_memory_range: U64, data_size: U64 });
// Ours. Behind it, MINIDUMP_MEMORY_DESCRIPTOR64s: those kept, then those cut off.
raw!(TRIM_RECORD, 32 { size_of_header: U32, flags: U32, number_of_kept: U64, number_of_cut: U64, missing_bytes: U64 });
raw!(MINIDUMP_MEMORY64_LIST, 16 { number_of_memory_ranges: U64, base_rva: U64 });
raw!(MINIDUMP_MEMORY_INFO_LIST, 16 { size_of_header: U32, size_of_entry: U32, number_of_entries: U64 });
raw!(MINIDUMP_MEMORY_INFO, 48 {
    base_address: U64, allocation_base: U64, allocation_protect: U32, alignment1: U32, region_size: U64,
    state: U32, protect: U32, memory_type: U32, alignment2: U32,
});
raw!(
    /// Header of ThreadInfoList (17) and UnloadedModuleList (14).
    MINIDUMP_EX_LIST, 12 { size_of_header: U32, size_of_entry: U32, number_of_entries: U32 }
);
raw!(MINIDUMP_HANDLE_DATA_STREAM, 16 {
    size_of_header: U32, size_of_descriptor: U32, number_of_descriptors: U32, reserved: U32,
});
raw!(
    /// The part that both versions of the descriptor share (0x20 bytes; version 2 adds 8).
    MINIDUMP_HANDLE_DESCRIPTOR, 32 {
        handle: U64, type_name_rva: U32, object_name_rva: U32, attributes: U32, granted_access: U32,
        handle_count: U32, pointer_count: U32,
    }
);
raw!(
    /// Version 2: behind what both share, the RVA of a chain of MINIDUMP_HANDLE_OBJECT_INFORMATION.
    MINIDUMP_HANDLE_DESCRIPTOR_2, 40 {
        handle: U64, type_name_rva: U32, object_name_rva: U32, attributes: U32, granted_access: U32,
        handle_count: U32, pointer_count: U32, object_info_rva: U32, reserved: U32,
    }
);
raw!(
    /// The head of `MINIDUMP_SYSTEM_MEMORY_INFO_1` that is used, up to and with BasicPerfInfo (0x94 of 0x1ec).
    MINIDUMP_SYSTEM_MEMORY_INFO_HEAD, 0x94 {
        revision: U16, flags: U16,
        timer_resolution: U32, page_size: U32, number_of_physical_pages: U32, lowest_physical_page: U32,
        highest_physical_page: U32, allocation_granularity: U32, minimum_user_mode_address: U64,
        maximum_user_mode_address: U64, active_processors_affinity_mask: U64, number_of_processors: U32,
        file_cache_info: [U32; 15],
        available_pages: U64, committed_pages: U64, commit_limit: U64, peak_commitment: U64,
    }
);
raw!(
    /// `MINIDUMP_PROCESS_VM_COUNTERS_1` without its last field; `_2` begins the same way.
    MINIDUMP_PROCESS_VM_COUNTERS_HEAD, 0x48 {
        revision: U16, flags: U16, page_fault_count: U32, peak_working_set_size: U64, working_set_size: U64,
        quota_peak_paged_pool_usage: U64, quota_paged_pool_usage: U64, quota_peak_non_paged_pool_usage: U64,
        quota_non_paged_pool_usage: U64, pagefile_usage: U64, peak_pagefile_usage: U64,
    }
);
raw!(
    /// What `MINIDUMP_PROCESS_VM_COUNTERS_2` adds behind the head.
    MINIDUMP_PROCESS_VM_COUNTERS_2_TAIL, 0x50 {
        peak_virtual_size: U64, virtual_size: U64, private_usage: U64, private_working_set_size: U64,
        shared_commit_usage: U64, job_shared_commit_usage: U64, job_private_commit_usage: U64,
        job_peak_private_commit_usage: U64, job_private_commit_limit: U64, job_total_commit_limit: U64,
    }
);
