//! What must become of each damaged dump, thought out from the damage: which words refuse it, or which warnings tell
//! what was lost.

use Expected::{Opens, OpensAtLeast, Refused};
use Map::{Absent, Other, Whole};

/// The outcome of one variant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    /// Not opened; the message holds these words.
    Refused(&'static str),
    /// Opened with exactly these warnings, sorted, and this much of the memory map.
    Opens(&'static [&'static str], Map),
    /// Opened with these warnings; what else is met depends on bytes that are read for something else.
    OpensAtLeast(&'static [&'static str]),
}

/// What is left of the memory map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Map {
    /// The totals are those of the undamaged dump.
    Whole,
    /// There is none, or only a part: the totals are unknown.
    Absent,
    /// Another one.
    Other,
}

const NONE_READABLE: &str = "none of which can be read";
const NO_MDMP: &str = "it does not begin with the signature MDMP";
/// The whole memory list is lost, and with it the TEBs that the thread list names.
const NO_PLACE: &[&str] = &["ranges_unplaced", "ranges_wrap", "tebs_unusable"];

/// The variants of `malform.py`, of a dump with 150 regions, 3 threads and 4 modules.
pub(crate) const MALFORMED: &[(&str, Expected)] = &[
    ("00_ok", Opens(&[], Whole)),
    ("01_zero_length", Refused("the file is empty")),
    ("02_one_byte", Refused(NO_MDMP)),
    ("03_header_only_16", Refused("cut off after 16 bytes, inside its header")),
    ("04_header_only_32", Refused(NONE_READABLE)),
    ("05_random_1M", Refused(NO_MDMP)),
    ("06_mdmp_random_1M", Refused(NONE_READABLE)),
    ("07_hdr_ok_random_body", Refused(NONE_READABLE)),
    // 4 directory entries are in the file, and what they list is not.
    ("08_trunc_in_directory", Refused(NONE_READABLE)),
    // Half a map gives no totals. Behind it follow the memory list, outside the file, and the memory.
    ("09_trunc_in_meminfo", Opens(&["entries_cut", "stream_cut", "stream_outside_file"], Absent)),
    ("10_trunc_in_mem64", Opens(&["entries_cut", "memory_cut", "stream_cut", "tebs_unusable"], Whole)),
    // TEBs and PEB lie in the first half.
    ("11_trunc_half_data", Opens(&["memory_cut"], Whole)),
    ("12_dir_rva_outside", Refused(NONE_READABLE)),
    ("13_nstreams_ffffffff", Opens(&["too_many_streams"], Whole)),
    ("14_nstreams_1M", Opens(&["too_many_streams"], Whole)),
    ("15_meminfo_rva_outside", Opens(&["no_memory_map", "stream_outside_file"], Absent)),
    // A count that is too large loses nothing: every entry is there.
    ("16_meminfo_count_ffffffff", Opens(&["entries_cut"], Whole)),
    ("17_meminfo_count_2^64-1", Opens(&["entries_cut"], Whole)),
    ("18_meminfo_entry_0", Opens(&["no_memory_map", "stream_malformed"], Absent)),
    ("19_meminfo_entry_47", Opens(&["no_memory_map", "stream_malformed"], Absent)),
    // Entries of 48 bytes read as if they had 56: too few of them, and mostly nonsense.
    ("20_meminfo_entry_56_hdr_24", OpensAtLeast(&["entries_cut"])),
    ("21_meminfo_hdr_ffffffff", Opens(&["no_memory_map", "stream_malformed"], Absent)),
    ("22_mem64_count_ffffffff", Opens(&["entries_cut"], Whole)),
    ("23_mem64_count_2^60", Opens(&["entries_cut"], Whole)),
    ("24_mem64_count_2^64-1", Opens(&["entries_cut"], Whole)),
    ("25_mem64_baserva_2^64-1", Opens(NO_PLACE, Whole)),
    ("26_mem64_baserva_past_eof", Opens(&["memory_cut", "tebs_unusable"], Whole)),
    ("27_mem64_size_2^64-1", Opens(NO_PLACE, Whole)),
    // The contents of all ranges but the first are taken from 0xF000 too far behind.
    ("28_mem64_start_wraps", Opens(&["memory_cut", "ranges_wrap", "tebs_unusable"], Whole)),
    ("29_threads_count_ffffffff", Opens(&["entries_cut"], Whole)),
    ("30_modules_count_ffffffff", Opens(&["entries_cut"], Whole)),
    ("31_modname_len_fffffffe", Opens(&["parts_lost"], Whole)),
    ("32_modname_rva_outside", Opens(&["parts_lost"], Whole)),
    // One region of 4 GiB at 0x10000000 is left; what is below it is a gap.
    ("33_meminfo_all_overlap", Opens(&["regions_duplicate", "regions_gap", "regions_missing"], Absent)),
    ("34_meminfo_wraps_2^64", Opens(&["regions_wrap"], Absent)),
    // Cut off where the next region begins, which is where it ended before.
    ("35_meminfo_size_2^64-1", Opens(&["regions_overlap"], Whole)),
    ("36_meminfo_size_0", Opens(&["regions_empty", "regions_gap"], Absent)),
    ("37_meminfo_unsorted", Opens(&["regions_unsorted"], Whole)),
    ("38_meminfo_bad_enums", Opens(&["regions_odd_state"], Other)),
    // The first stream of the type is what was the thread names, and no memory map.
    ("39_dup_meminfo_stream", Opens(&["duplicate_stream", "no_memory_map", "stream_malformed"], Absent)),
    ("40_no_meminfo_stream", Opens(&["no_memory_map"], Absent)),
    ("41_no_sysinfo", Opens(&["contexts_unusable", "width_guessed"], Whole)),
    ("42_arch_unknown", Opens(&["contexts_unusable", "width_guessed"], Whole)),
    ("43_exception_nparams_ffffffff", Opens(&["field_clipped"], Whole)),
    ("44_thread_ctx_outside", Opens(&["parts_lost"], Whole)),
    // Nothing but memory maps, the same one 20,000 times.
    ("45_20k_dup_streams", Opens(&["duplicate_stream", "too_many_streams", "width_guessed"], Whole)),
    ("48_handles_count_ffffffff", Opens(&["entries_cut"], Whole)),
    ("49_handles_count_ffffffff_descsize0", Opens(&["stream_malformed"], Whole)),
];

const NOTHING_READ: &[&str] = &["no_memory_map", "stream_malformed", "width_guessed"];

/// Further variants, of the small x64 process.
pub(crate) const FURTHER: &[(&str, Expected)] = &[
    ("50_signature_big_endian", Refused("big-endian")),
    ("51_kernel_dump_PAGEDU64", Refused("a kernel memory dump (PAGEDU64)")),
    ("52_kernel_dump_PAGEDUMP", Refused("a kernel memory dump (PAGEDUMP)")),
    ("53_version_wrong", Refused("format version 0xbeef")),
    ("54_elf_core", Refused("an ELF file")),
    ("55_linux_minidump", Opens(&["not_windows"], Whole)),
    ("56_arch_arm64", Opens(&[], Whole)),
    ("57_arch_x86_with_x64_contents", OpensAtLeast(&["tebs_unusable"])),
    ("58_x86_ok", Opens(&[], Other)),
    ("59_wow64_ok", Opens(&[], Other)),
    ("60_directory_all_zero", Refused("its stream directory is empty")),
    ("61_no_streams", Refused(NONE_READABLE)),
    ("62_short_by_1_byte", Opens(&["memory_cut"], Whole)),
    ("63_stream_sizes_ffffffff", Opens(&["stream_cut"], Whole)),
    ("64_stream_sizes_0", Opens(NOTHING_READ, Absent)),
    ("65_stream_sizes_3", Opens(NOTHING_READ, Absent)),
    // Read as streams, the header even names another system; then nobody expects a memory map.
    ("66_streams_all_at_the_header", OpensAtLeast(&["stream_malformed"])),
    ("67_streams_end_at_end_of_file", OpensAtLeast(&["no_memory_map", "stream_cut", "stream_malformed"])),
    ("68_directory_unaligned", Opens(&[], Whole)),
    ("69_exception_rva_outside", Opens(&["stream_outside_file"], Whole)),
    ("70_one_bad_module_name", Opens(&["parts_lost"], Whole)),
    ("71_module_name_odd_length", Opens(&["parts_lost"], Whole)),
    ("72_module_name_unpaired_surrogate", Opens(&["names_repaired"], Whole)),
    ("74_one_bad_codeview_rva", Opens(&["parts_lost"], Whole)),
    ("75_codeview_cut", Opens(&["parts_lost"], Whole)),
    ("76_codeview_size_ffffffff", Opens(&["parts_lost"], Whole)),
    ("79_modules_size_zero", Opens(&["entries_dropped"], Whole)),
    ("81_module_wraps_2^64", Opens(&["entries_dropped"], Whole)),
    ("82_modules_padded_count", Opens(&[], Whole)),
    // No answer needs the unloaded modules: they are read when asked for.
    ("83_unloaded_65536_zero_size", Opens(&[], Whole)),
    ("84_unloaded_entry_0_count_ffffffff", Opens(&["stream_malformed"], Whole)),
    ("90_mem64_stream_4_too_large", Opens(&[], Whole)),
    ("91_mem64_stream_16_too_large", Opens(&[], Whole)),
    ("92_mem64_stream_4_too_small", Opens(&["entries_cut"], Whole)),
    ("93_mem64_overlap", Opens(&["ranges_overlap"], Whole)),
    ("94_mem64_duplicate_with_other_bytes", Opens(&["ranges_differ", "ranges_overlap"], Whole)),
    ("95_mem64_unsorted", Opens(&[], Whole)),
    ("96_mem64_range_size_0", Opens(&[], Whole)),
    ("99_memorylist_ok", Opens(&[], Whole)),
    ("100_memorylist_padded_count", Opens(&[], Whole)),
    ("101_memorylist_one_rva_outside", Opens(&["memory_cut"], Whole)),
    ("102_memorylist_one_size_ffffffff", Opens(&["memory_cut", "ranges_shared"], Whole)),
    ("103_memorylist_count_ffffffff", Opens(&["entries_cut"], Whole)),
    // Nobody expects TEBs of a dump that keeps no memory.
    ("104_no_memory_list", Opens(&[], Whole)),
    ("105_mem64_unaligned_baserva", Opens(&[], Whole)),
    ("106_mem64_65536_bytes_in_one_byte_ranges", Opens(&["tebs_unusable"], Whole)),
    ("110_threads_padded_count", Opens(&[], Whole)),
    ("112_contexts_outside_file", Opens(&["parts_lost"], Whole)),
    ("113_contexts_none", Opens(&[], Whole)),
    ("116_context_size_ffffffff", Opens(&["parts_lost"], Whole)),
    ("119_threads_65536_without_anything", Opens(&["tebs_unusable"], Whole)),
    ("120_no_threads", Opens(&["exception_thread_unknown"], Whole)),
    ("121_threadinfo_entry_0", Opens(&["stream_malformed"], Whole)),
    ("122_threadinfo_count_ffffffff", Opens(&["entries_cut"], Whole)),
    ("123_thread_names_count_ffffffff", Opens(&["entries_cut"], Whole)),
    ("124_thread_name_rva_outside", Opens(&["parts_lost"], Whole)),
    ("126_thread_name_unpaired_surrogate", Opens(&["names_repaired"], Whole)),
    ("127_thread_name_odd_length", Opens(&["parts_lost"], Whole)),
    ("129_exception_thread_unknown", Opens(&["exception_thread_unknown"], Whole)),
    ("130_exception_without_context", Opens(&[], Whole)),
    ("131_exception_cut", Opens(&["stream_malformed"], Whole)),
    ("132_exception_16_parameters", Opens(&["field_clipped"], Whole)),
    ("133_no_exception", Opens(&[], Whole)),
    ("146_comment_unpaired_surrogates", Opens(&["comment_repaired"], Whole)),
    ("151_comment_rva_outside", Opens(&["stream_outside_file"], Whole)),
    // 65,536 bytes, 2 more than a UNICODE_STRING can hold.
    ("162_names_32K", Opens(&["parts_lost"], Whole)),
    ("170_sysmem_all_zero", Opens(&["stream_empty"], Whole)),
    ("172_sysmem_cut", Opens(&["stream_malformed"], Whole)),
    ("175_vmcounters_2_bytes", Opens(&["stream_malformed"], Whole)),
    ("177_vmcounters_revision_1", Opens(&[], Whole)),
    ("178_vmcounters_revision_7", Opens(&["stream_malformed"], Whole)),
    ("184_misc_20", Opens(&["stream_malformed"], Whole)),
    ("187_misc_all_ff", Opens(&["process_from_the_future"], Whole)),
    ("188_tebs_not_kept", Opens(&["tebs_unusable"], Whole)),
    ("190_kuser_not_kept", Opens(&[], Whole)),
    ("191_teb_all_ff", Opens(&["tebs_unusable"], Whole)),
    ("240_regions_with_gaps", Opens(&["regions_gap"], Absent)),
    ("243_regions_none", Opens(&["no_memory_map"], Absent)),
    ("244_regions_duplicated", Opens(&["regions_duplicate", "regions_unsorted"], Whole)),
    ("245_regions_overlap_by_a_page", Opens(&["regions_overlap"], Other)),
    ("247_regions_one_covers_everything", Opens(&["regions_duplicate", "regions_overlap"], Whole)),
    ("248_regions_reversed", Opens(&["regions_unsorted"], Whole)),
    ("252_meminfo_stream_8_bytes", Opens(&["no_memory_map", "stream_malformed"], Absent)),
    ("253_meminfo_stream_20_bytes_short", OpensAtLeast(&["entries_cut"])),
    ("254_meminfo_entries_of_56_bytes", Opens(&[], Whole)),
];
