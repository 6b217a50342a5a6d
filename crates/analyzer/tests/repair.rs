//! Region lists that Windows would not write, and what becomes of them: one row for each rule of `repair.rs`, with
//! the regions and the warnings that it promises.

use dumplens_analyzer::{Coverage, Facts, Options, Process, ProcessWarning, Question, SpaceWarning};
use dumplens_core::Dump;
use dumplens_synth::damage::Random;
use dumplens_synth::{self as synth, MEM_COMMIT, MEM_PRIVATE, PAGE_READWRITE, Region};

/// Committed pages, from one page number up to another.
fn used(from: u64, to: u64) -> Region {
    Region {
        base: from << 12,
        allocation_base: from << 12,
        allocation_protect: PAGE_READWRITE,
        size: (to - from) << 12,
        state: MEM_COMMIT,
        protect: PAGE_READWRITE,
        kind: MEM_PRIVATE,
    }
}

/// Free pages.
fn free(from: u64, to: u64) -> Region {
    Region::free(from << 12, (to - from) << 12)
}

fn sized(region: Region, size: u64) -> Region {
    Region { size, ..region }
}

fn dump(regions: Vec<Region>) -> Dump {
    let process = synth::Process { regions: Some(regions), ..synth::Process::default() };
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

/// Base, size, whether free, and allocation base of each region.
type Shape = Vec<(u64, u64, bool, u64)>;

fn shape_of(regions: &[Region]) -> Shape {
    regions.iter().map(|r| (r.base, r.size, r.state == synth::MEM_FREE, r.allocation_base)).collect()
}

fn repaired(listed: Vec<Region>) -> (Shape, Vec<ProcessWarning>) {
    let dump = dump(listed);
    let process = Process::gather(&dump);
    let shape = |r: dumplens_core::MemoryInfo| (r.base, r.size, r.state.is_free(), r.allocation_base);
    (process.space.regions.iter().map(shape).collect(), process.warnings.clone())
}

/// How much of the process a list covers.
fn coverage(listed: Vec<Region>) -> Coverage {
    Process::gather(&dump(listed)).space.coverage
}

/// Checks one row of the table.
fn check(listed: Vec<Region>, regions: &[Region], warnings: &[SpaceWarning]) {
    let (shape, found) = repaired(listed);
    assert_eq!(shape, shape_of(regions));
    let warnings: Vec<_> = warnings.iter().cloned().map(ProcessWarning::from).collect();
    assert_eq!(found, warnings);
}

#[test]
fn nothing_to_repair() {
    let sound = vec![free(0, 1), used(1, 3), free(3, 9)];
    check(sound.clone(), &sound, &[]);
}

#[test]
fn rule_1_a_region_of_size_zero_is_left_out() {
    check(
        vec![free(0, 1), sized(used(1, 2), 0), used(1, 3), sized(free(3, 4), 0)],
        &[free(0, 1), used(1, 3)],
        &[SpaceWarning::RegionsEmpty { count: 2 }],
    );
}

#[test]
fn rule_2_the_list_is_sorted() {
    check(
        vec![free(3, 9), free(0, 1), used(1, 3)],
        &[free(0, 1), used(1, 3), free(3, 9)],
        &[SpaceWarning::RegionsUnsorted],
    );
}

#[test]
fn rule_3_of_duplicates_the_first_listed_is_kept() {
    check(
        vec![free(0, 1), used(1, 3), free(1, 3), used(1, 2), free(3, 9)],
        &[free(0, 1), used(1, 3), free(3, 9)],
        &[SpaceWarning::RegionsDuplicate { count: 2 }],
    );
    // Also when the list has to be sorted first.
    check(
        vec![free(3, 9), used(1, 3), free(0, 1), free(1, 3)],
        &[free(0, 1), used(1, 3), free(3, 9)],
        &[SpaceWarning::RegionsUnsorted, SpaceWarning::RegionsDuplicate { count: 1 }],
    );
}

#[test]
fn rule_4_a_region_is_cut_off_where_the_next_begins() {
    check(
        vec![free(0, 1), used(1, 5), free(3, 9)],
        &[free(0, 1), used(1, 3), free(3, 9)],
        &[SpaceWarning::RegionsOverlap { count: 1, first: 0x1000 }],
    );
    // One absurd size hides nothing behind it.
    check(
        vec![free(0, 1), sized(used(1, 2), u64::MAX), used(4, 5), sized(used(5, 6), 1 << 60), free(6, 9)],
        &[free(0, 1), used(1, 4), used(4, 5), used(5, 6), free(6, 9)],
        &[SpaceWarning::RegionsOverlap { count: 2, first: 0x1000 }],
    );
}

#[test]
fn rule_4_a_last_region_that_wraps_is_left_out() {
    check(
        vec![free(0, 1), used(1, 3), sized(used(3, 4), u64::MAX)],
        &[free(0, 1), used(1, 3)],
        &[SpaceWarning::RegionsWrap { count: 1 }],
    );
}

#[test]
fn rule_5_nothing_lies_beyond_the_program_s_addresses() {
    let most = 1 << 47;
    let (beyond, listed) = (most >> 12, vec![free(0, 1), used(1, 3), free(3, most >> 12)]);
    check(
        [listed.clone(), vec![used(beyond, beyond + 1)]].concat(),
        &listed,
        &[SpaceWarning::RegionsBeyond { count: 1, most }],
    );
    check(
        vec![free(0, 1), used(1, 3), free(3, beyond + 9)],
        &listed,
        &[SpaceWarning::RegionsBeyond { count: 1, most }],
    );
    // With five-level paging there is more.
    let large = vec![free(0, 1), used(1, 3), free(3, (1 << 44) - 16)];
    check(large.clone(), &large, &[]);
}

/// A program without LARGE_ADDRESS_AWARE has 2 GB: what is listed above is neither its memory nor room.
#[test]
fn rule_5_a_32_bit_program_has_2_or_4_gb() {
    let mut process = synth::presets::tiny_x86();
    let base = process.modules[0].base;
    let beyond = |process: &synth::Process| {
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let process = Process::gather(&dump);
        let last = process.space.regions.iter().last().and_then(|region| region.end());
        (last > Some(1 << 31), process.warnings.iter().any(|w| w.code() == "regions_beyond"))
    };
    assert_eq!(beyond(&process), (true, false));
    // FileHeader.Characteristics: IMAGE_FILE_32BIT_MACHINE and IMAGE_FILE_EXECUTABLE_IMAGE alone.
    process.put(base + 0x80 + 22, &0x102_u16.to_le_bytes());
    assert_eq!(beyond(&process), (false, true));
}

/// What is not listed is not known: it is not free.
#[test]
fn rule_6_gaps_stay_gaps() {
    let listed = vec![free(0, 1), used(1, 3), used(5, 6), used(6, 7), used(9, 10)];
    check(listed.clone(), &listed, &[SpaceWarning::RegionsGap { count: 2, bytes: 0x4000 }]);
    let dump = dump(listed);
    let process = Process::gather(&dump);
    assert_eq!(process.space.coverage, Coverage::Part);
    assert!(process.space.region_at(0x3000).is_none());
    let memory = Facts::gather(&process, Question::Summary, &Options::default()).memory;
    assert_eq!((memory.free_bytes, memory.largest_free, memory.total_bytes), (None, None, None));
}

/// Every listing begins at 0, or where the first allocation may lie.
#[test]
fn rule_6_only_the_first_64_kb_are_free_without_a_row() {
    check(vec![used(0x10, 0x11)], &[free(0, 0x10), used(0x10, 0x11)], &[]);
    check(
        vec![used(0x11, 0x12), free(0x12, 0x13)],
        &[used(0x11, 0x12), free(0x12, 0x13)],
        &[SpaceWarning::RegionsGap { count: 1, bytes: 0x1_1000 }],
    );
}

#[test]
fn rule_6_nothing_is_added_behind_the_last_region() {
    let (shape, _) = repaired(vec![free(0, 1), used(1, 2), used(3, 4)]);
    assert_eq!(shape.last(), Some(&(0x3000, 0x1000, false, 0x3000)));
}

/// A map that had to be cut to fit is worth less than one that is whole, one with holes still less.
#[test]
fn repairs_lower_what_the_map_is_worth() {
    assert_eq!(coverage(vec![free(0, 1), used(1, 3), free(3, 9)]), Coverage::Whole);
    assert_eq!(coverage(vec![free(3, 9), free(0, 1), used(1, 3)]), Coverage::Whole);
    assert_eq!(coverage(vec![free(0, 1), used(1, 5), free(3, 9)]), Coverage::Repaired);
    assert_eq!(coverage(vec![free(0, 1), used(1, 3), free(1, 3), free(3, 9)]), Coverage::Repaired);
    assert_eq!(coverage(vec![free(0, 1), used(1, 2), free(3, 9)]), Coverage::Part);
}

/// A list that stops half way is noticed by the modules and threads behind its end, one whose rows are wrong by those in
/// memory that it calls free.
#[test]
fn modules_and_threads_lie_in_memory() {
    let sound = synth::presets::tiny();
    let gathered = |regions: Vec<Region>| {
        let process = synth::Process { regions: Some(regions), ..sound.clone() };
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let process = Process::gather(&dump);
        let codes: Vec<&str> = process.warnings.iter().map(ProcessWarning::code).collect();
        (process.space.coverage, codes.contains(&"regions_missing"), codes.contains(&"regions_contradicted"))
    };
    let regions = sound.regions.clone().expect("a map");
    assert_eq!(gathered(regions.clone()), (Coverage::Whole, false, false));
    let base = sound.modules[0].base;
    let half: Vec<Region> = regions.iter().filter(|r| r.base < base).copied().collect();
    assert_eq!(gathered(half), (Coverage::Part, true, false));
    let freed = |r: &Region| if r.base == base { Region::free(r.base, r.size) } else { *r };
    assert_eq!(gathered(regions.iter().map(freed).collect()), (Coverage::Repaired, false, true));
}

#[test]
fn all_rules_at_once_in_their_order() {
    let (shape, warnings) = repaired(vec![
        used(8, 12),
        sized(used(1, 2), 0),
        free(0, 2),
        used(2, 3),
        free(2, 4),
        used(10, 11),
        sized(used(20, 21), u64::MAX),
    ]);
    let wanted = [free(0, 2), used(2, 3), used(8, 10), used(10, 11)];
    assert_eq!(shape, shape_of(&wanted));
    let codes: Vec<_> = warnings.iter().map(ProcessWarning::code).collect();
    assert_eq!(
        codes,
        [
            "regions_empty",
            "regions_unsorted",
            "regions_duplicate",
            "regions_overlap",
            "regions_wrap",
            "regions_gap"
        ]
    );
}

/// Whatever went in: sorted, nothing overlapping; a repaired list needs no repair but for its gaps.
#[test]
fn any_shuffle_of_any_list_gives_a_sound_map() {
    let mut numbers = Random::new(1);
    let mut random = |below: u64| numbers.below(below);
    for round in 0..300 {
        let listed: Vec<Region> = (0..=random(12))
            .map(|_| {
                let from = random(16);
                let region = if random(2) == 0 { free(from, from + 1) } else { used(from, from + 1) };
                let sizes = [0, 0x1000, 0x3000, 0x10_0000, u64::MAX];
                sized(region, sizes[usize::try_from(random(5)).unwrap()])
            })
            .collect();
        if listed.iter().all(|r| r.size == 0 || r.base.checked_add(r.size).is_none()) {
            continue;
        }
        let (shape, _) = repaired(listed.clone());
        let mut end = shape[0].0;
        for (base, size, ..) in &shape {
            assert!(*base >= end, "round {round}: {listed:x?} gave {shape:x?}");
            assert!(*size > 0);
            end = base + size;
        }
        let again =
            shape
                .iter()
                .map(|(base, size, is_free, _)| {
                    if *is_free {
                        Region::free(*base, *size)
                    } else {
                        sized(used(base >> 12, 1 << 30), *size)
                    }
                })
                .collect();
        let (second, mut warnings) = repaired(again);
        warnings.retain(|warning| warning.code() != "regions_gap");
        assert_eq!(warnings, [], "round {round}");
        assert_eq!(second.len(), shape.len());
    }
}

/// Without a map nothing is known of what was free: `None`, not zero.
#[test]
fn no_memory_map_no_free_space() {
    let mut process = synth::presets::tiny();
    for regions in [None, Some(Vec::new())] {
        process.regions = regions;
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let process = Process::gather(&dump);
        assert_eq!(process.warnings, [ProcessWarning::Space(SpaceWarning::NoMemoryMap)]);
        let memory = Facts::gather(&process, Question::Summary, &Options::default()).memory;
        assert!(!memory.complete);
        assert_eq!([memory.total_bytes, memory.busy_bytes, memory.commit_bytes], [None; 3]);
        assert_eq!([memory.reserve_bytes, memory.free_bytes, memory.regions], [None; 3]);
        assert_eq!((memory.largest_free, memory.fragmentation), (None, None));
        assert!(memory.usage.iter().all(|row| row.name != "Free"));
        assert!(memory.kind.is_empty() && memory.state.is_empty() && memory.protect.is_empty());
    }
}

/// Nor with a map of which nothing is left: that would say that the process had no memory at all.
#[test]
fn a_map_of_which_nothing_is_left_is_none() {
    for listed in [vec![sized(used(1, 2), 0)], vec![sized(used(1, 2), u64::MAX)]] {
        let dump = dump(listed);
        let process = Process::gather(&dump);
        let memory = Facts::gather(&process, Question::Summary, &Options::default()).memory;
        assert_eq!((memory.total_bytes, memory.free_bytes), (None, None));
        assert!(process.warnings.contains(&ProcessWarning::Space(SpaceWarning::NoMemoryMap)));
    }
}

/// What is known all the same: the modules, and the memory that the dump keeps, each byte once.
#[test]
fn without_a_map_modules_and_kept_memory_make_one() {
    let process = synth::Process { regions: None, ..synth::presets::tiny() };
    let dump = Dump::open(process.to_bytes().0).unwrap();
    let gathered = Process::gather(&dump);
    let memory = Facts::gather(&gathered, Question::Summary, &Options::default()).memory;
    let bytes = |name: &str| memory.usage.iter().find(|row| row.name == name).map(|row| row.size_bytes);
    let images: u64 = process.modules.iter().map(|m| u64::from(m.size)).sum();
    let kept: u64 = process.memory.iter().map(|r| r.size).sum();
    assert_eq!(bytes("Image"), Some(images));
    // Every module of this dump is kept whole, so the kept memory is everything.
    assert_eq!(memory.usage.iter().map(|row| row.size_bytes).sum::<u64>(), kept);
    assert_eq!(bytes("PEB"), Some(0x1000));
    assert_eq!(bytes("TEB"), Some(0x4000));
    // Of each stack only the committed page is kept.
    assert_eq!(bytes("Stack"), Some(0x2000));
}
