//! Every code that a warning can have, with a sentence: the schema lists them.

/// Code and sentence, in the order of the rooms that warn.
pub(super) const CODES: &[(&str, &str)] = &[
    // The file: dumplens_core::Damage.
    ("directory_cut", "The stream directory is cut off."),
    ("too_many_streams", "The directory lists more streams than any writer writes; the first ones are read."),
    ("duplicate_stream", "A stream is listed several times; the first one is used."),
    ("stream_outside_file", "A stream lies outside the file: it is lost."),
    ("unknown_streams_outside_file", "Streams of unknown types lie or end outside the file."),
    ("stream_cut", "A stream is cut off."),
    ("stream_malformed", "A stream cannot be read: it is lost."),
    ("entries_cut", "A list names more entries than the file contains: the rest is lost."),
    ("entries_over_limit", "A list has more entries than are read."),
    ("entries_dropped", "Entries of a list are left out."),
    ("parts_lost", "Part of some entries cannot be read; the entries are kept."),
    ("names_repaired", "Names contain invalid characters, shown as U+FFFD."),
    ("field_clipped", "A number is larger than possible, and is clipped."),
    ("memory_cut", "The dump is cut off: memory that it lists is not in the file."),
    ("memory_unlisted", "The header says that memory was written, but no stream lists any."),
    ("ranges_overlap", "Memory ranges overlap; each address is read from the lower range."),
    (
        "ranges_differ",
        "Memory ranges have different bytes for the same addresses: which are right is not known.",
    ),
    ("ranges_shared", "Memory ranges overlap each other, or other parts of the dump, in the file."),
    ("stream_missing", "A stream that every writer writes is not in the dump."),
    (
        "memory_not_kept",
        "The dump does not contain all the memory that dumplens looked at: its contents might change the answer.",
    ),
    ("pdbs_not_found", "PDBs of modules that were looked for were not found."),
    ("image_refused", "A file with the name of a module's image is not used."),
    ("images_not_found", "Images of modules were not found."),
    (
        "images_used",
        "Code, exports and unwind data that the dump does not contain were read from image files: changes that the \
         program made to them are not seen.",
    ),
    ("ranges_wrap", "Memory ranges run past the end of the address space, and are left out."),
    ("ranges_unplaced", "Where some memory lies in the file is unknown: it is lost."),
    ("memory_surplus", "The listed memory ends before the file does: contents may be misplaced."),
    ("width_guessed", "The processor is not known: whether the process has 32 or 64 bits is a guess."),
    ("read_failed", "The file could not be read at some place."),
    // The memory map.
    ("regions_empty", "Regions of size zero are left out of the memory map."),
    ("regions_unsorted", "The memory map was not sorted by address; it has been."),
    ("regions_duplicate", "Several regions begin at the same address; the first one is kept."),
    ("regions_overlap", "Regions overlap the next one, and are cut off there."),
    ("regions_wrap", "Regions run past the end of the address space, and are left out."),
    ("regions_gap", "The memory map has gaps: what is there is not known."),
    ("regions_beyond", "Regions lie beyond the addresses that the program can have, and are left out."),
    ("regions_contradicted", "Modules or TEBs lie in memory that the memory map lists as free."),
    ("regions_missing", "Modules or TEBs lie where the memory map lists nothing: part of the map is lost."),
    ("regions_odd_state", "Regions have a state other than MEM_COMMIT, MEM_RESERVE and MEM_FREE."),
    ("no_memory_map", "The dump contains no memory map: free, reserved and total space are unknown."),
    // The process.
    ("not_windows", "The minidump is of another operating system."),
    (
        "module_names_cut",
        "Names of modules are longer than file systems allow, and are shortened where they are repeated.",
    ),
    ("tebs_unusable", "The TEBs of some threads cannot be used."),
    ("peb_unread", "The PEB cannot be read: heaps are unknown."),
    ("heaps_unread", "Heap structures are not in the dump."),
    ("heaps_damaged", "Heap structures are damaged."),
    ("managed_heap_damaged", "The memory of .NET is damaged or incomplete."),
    ("page_heap", "Page heap is enabled: it increases address space and commit."),
    // Symbols.
    ("pdb_mismatch", "A PDB belongs to another build, and is not used."),
    ("pdb_unreadable", "A PDB cannot be read."),
    ("pdb_name_unusable", "A module names a PDB with an invalid file name."),
    ("exports_unreadable", "The exports of a module cannot be read."),
    ("exports_cut", "Exports exceed their memory limit: those of the last modules are left out."),
    ("symbol_folder_unreadable", "A symbol folder cannot be read."),
    ("symbol_server_ignored", "A symbol server or share is not asked."),
    ("symbol_server_failed", "A symbol server did not provide a PDB."),
    ("symbol_names_cut", "Names exceed their memory limit: later ones are left out."),
    ("symbol_server_unsupported", "This build cannot ask symbol servers."),
    ("pdb_unsupported", "This build cannot read PDBs."),
    // Exceptions.
    ("exception_thread_unknown", "The exception's thread is not in the thread list."),
    ("exception_address_no_memory", "The exception's address is not in any memory of the memory map."),
    ("earlier_exceptions_cut", "There are more earlier exceptions, or stacks, than dumplens looks at."),
    ("crash_analysis_lacks", "The analysis of the crash, or part of it, is left out."),
    // What the facts are joined from.
    ("contexts_unusable", "The registers of some threads cannot be used."),
    ("stream_empty", "A stream is present, but all its values are zero: they are unknown."),
    (
        "figures_contradict",
        "Figures of the machine or the process contradict each other: none of them is used.",
    ),
    ("census_record_unusable", "The copy's record of the original's census cannot be used."),
    ("comment_repaired", "The comment contains invalid characters."),
    ("process_from_the_future", "The process was created after the dump was written: its uptime is unknown."),
    // Two dumps.
    ("diff_different_programs", "The dumps are of different programs."),
    ("diff_another_build", "The dumps are of different builds of one program."),
    ("diff_another_run", "The dumps are of different runs of one program."),
    ("diff_identity_unknown", "It is not known whether the dumps are of the same process."),
    ("diff_identity_unsure", "It is not certain that the dumps are of the same process."),
    ("diff_order_reversed", "The first dump is newer than the second."),
    ("diff_ages_reversed", "The process of the second dump had run for less time: there are no rates."),
    ("diff_times_equal", "Both dumps have the same time: there are no rates."),
    ("diff_times_unknown", "The time of a dump is not known: there are no rates."),
    ("diff_interval_short", "The time between the dumps is short: rates are not reliable."),
    ("diff_map_missing", "A dump has no memory map: what needs one is not compared."),
    ("diff_map_cut", "A dump's memory map is cut off or has gaps: what needs all of it is not compared."),
    ("diff_allocations_cut", "There are more allocations than are compared one by one."),
    (
        "diff_usage_lost",
        "One dump shows which memory is heaps or stacks, the other one does not: usage is not compared.",
    ),
    ("diff_sizes_cut", "There are more sizes than are compared one by one."),
];

#[cfg(test)]
mod tests {
    use super::CODES;

    /// The sources say which codes there are: `Variant => "code",`.
    #[test]
    fn every_warning_is_listed() {
        let sources = [
            include_str!("../../../core/src/damage.rs"),
            include_str!("../space/warning.rs"),
            include_str!("../process/warning.rs"),
            include_str!("../symbols/warning.rs"),
            include_str!("../exceptions/warning.rs"),
            include_str!("../managed/warning.rs"),
            include_str!("../facts/warning.rs"),
            include_str!("../diff/warning.rs"),
        ];
        let of_variant = |line: &&str| !line.trim_start().starts_with(['t', 'f']);
        let code =
            |line: &'static str| Some(line).filter(of_variant)?.split_once("=> \"")?.1.strip_suffix("\",");
        let mut found: Vec<&str> =
            sources.iter().flat_map(|source| source.lines().filter_map(code)).collect();
        let mut listed: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
        found.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, found);
    }
}
