//! Every code that a warning can have, with a sentence: the schema lists them.

/// Code and sentence, in the order of the rooms that warn.
pub(super) const CODES: &[(&str, &str)] = &[
    // The file: dumplens_core::Damage.
    ("directory_cut", "The stream directory is cut off."),
    ("too_many_streams", "The directory lists more streams than any writer writes; the first ones are read."),
    ("duplicate_stream", "A stream is listed several times; the first one is used."),
    ("stream_outside_file", "A stream lies outside the file: it is lost."),
    ("unknown_streams_outside_file", "Streams of unknown types lie outside the file, or end outside."),
    ("stream_cut", "A stream is cut off."),
    ("stream_malformed", "A stream cannot be read: it is lost."),
    ("entries_cut", "A list names more entries than the file holds: the rest is lost."),
    ("entries_over_limit", "A list has more entries than are read."),
    ("entries_dropped", "Entries of a list are left out."),
    ("parts_lost", "A part of some entries cannot be read; the entries are kept."),
    ("names_repaired", "Names hold characters that are not valid, shown as U+FFFD."),
    ("field_clipped", "A number is larger than possible, and is clipped."),
    ("memory_cut", "The dump is cut off: memory that it lists is not in the file."),
    ("memory_unlisted", "The header says that memory was written, but no stream lists any."),
    ("ranges_overlap", "Memory ranges overlap; each address is read from the lower range."),
    ("ranges_differ", "Memory ranges have other bytes for the same addresses: which are right is not known."),
    ("ranges_shared", "Memory ranges lie over each other, or over other parts of the dump, in the file."),
    ("stream_missing", "A stream that every writer writes is not in the dump."),
    (
        "memory_not_kept",
        "The dump does not keep all the memory that was looked at: what stood there might change the answer.",
    ),
    ("pdbs_not_found", "PDBs of modules that were asked for are in none of the places named."),
    ("image_refused", "A file that has the name of a module's image is not used."),
    ("images_not_found", "Images of modules are in none of the places named."),
    (
        "images_used",
        "Code, exports and unwind data that the dump left out were read from image files: changes that the program made \
         to them are not seen.",
    ),
    ("ranges_wrap", "Memory ranges run past the end of the address space, and are left out."),
    ("ranges_unplaced", "Where some memory lies in the file is unknown: it is lost."),
    ("memory_surplus", "The memory that is listed ends before the file does: contents may be misplaced."),
    ("width_guessed", "The processor is not known: 32 or 64 bits are a guess."),
    ("read_failed", "The file could not be read at some place."),
    // The memory map.
    ("regions_empty", "Regions of size zero are left out of the memory map."),
    ("regions_unsorted", "The memory map was not sorted by address; it has been."),
    ("regions_duplicate", "Several regions begin at one address; the first one is kept."),
    ("regions_overlap", "Regions reach into the next one, and are cut off there."),
    ("regions_wrap", "Regions run past the end of the address space, and are left out."),
    ("regions_gap", "The memory map has gaps: what lies there is not known."),
    ("regions_beyond", "Regions lie beyond the addresses that the program can have, and are left out."),
    ("regions_contradicted", "Modules or TEBs lie in memory that is free by the memory map."),
    ("regions_missing", "Modules or TEBs lie where the memory map lists nothing: a part of it is lost."),
    ("regions_odd_state", "Regions have a state that is none of MEM_COMMIT, MEM_RESERVE and MEM_FREE."),
    ("no_memory_map", "The dump holds no memory map: free, reserved and total space are unknown."),
    // The process.
    ("not_windows", "The minidump is of another operating system."),
    (
        "module_names_cut",
        "Names of modules are longer than file systems allow, and are cut where they are repeated.",
    ),
    ("tebs_unusable", "The TEBs of some threads cannot be used."),
    ("peb_unread", "The PEB cannot be read: heaps are unknown."),
    ("heaps_unread", "Heap structures are not in the dump."),
    ("heaps_damaged", "Heap structures are not as they should be."),
    ("managed_heap_damaged", "The memory of .NET is damaged, or not all there."),
    ("page_heap", "Page heap is enabled: it inflates address space and commit."),
    // Symbols.
    ("pdb_mismatch", "A PDB is of another build, and is not used."),
    ("pdb_unreadable", "A PDB cannot be read."),
    ("pdb_name_unusable", "A module names its PDB in a way that no file can be called."),
    ("exports_unreadable", "The exports of a module cannot be read."),
    ("exports_cut", "Exports take more room than they may: those of the last modules are left out."),
    ("symbol_folder_unreadable", "A folder of symbols cannot be read."),
    ("symbol_server_ignored", "A symbol server or share is not asked."),
    ("symbol_server_failed", "A symbol server did not give a PDB."),
    ("symbol_names_cut", "Names take more room than they may: later ones are left out."),
    ("symbol_server_unsupported", "This build cannot ask symbol servers."),
    ("pdb_unsupported", "This build cannot read PDBs."),
    // Exceptions.
    ("exception_thread_unknown", "The exception's thread is not in the thread list."),
    ("exception_address_no_memory", "The exception's address lies in no memory by the memory map."),
    ("earlier_exceptions_cut", "There are more earlier exceptions, or stacks, than are looked at."),
    ("crash_analysis_lacks", "The analysis of the crash, or a part of it, is left out."),
    // What the facts are joined from.
    ("contexts_unusable", "The registers of some threads cannot be used."),
    ("stream_empty", "A stream is there, but all its figures are zero: they are unknown."),
    (
        "figures_contradict",
        "Figures of the machine or the process contradict each other: none of them is believed.",
    ),
    ("comment_repaired", "The comment holds characters that are not valid."),
    ("process_from_the_future", "The process was created after the dump was written: its uptime is unknown."),
    // Two dumps.
    ("diff_different_programs", "The dumps are of different programs."),
    ("diff_another_build", "The dumps are of different builds of one program."),
    ("diff_another_run", "The dumps are of different runs of one program."),
    ("diff_identity_unknown", "Whether the dumps are of one process is not known."),
    ("diff_identity_unsure", "That the dumps are of one process is not sure."),
    ("diff_order_reversed", "The first dump is newer than the second."),
    ("diff_ages_reversed", "Of two runs the second had run for less time: there are no rates."),
    ("diff_times_equal", "Both dumps have the same time: there are no rates."),
    ("diff_times_unknown", "The time of a dump is not known: there are no rates."),
    ("diff_interval_short", "The time between the dumps is short: rates say little."),
    ("diff_map_missing", "A dump has no memory map: what needs one is not compared."),
    ("diff_map_cut", "A dump's memory map is cut off or has gaps: what needs all of it is not compared."),
    ("diff_allocations_cut", "There are more allocations than are compared one by one."),
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
