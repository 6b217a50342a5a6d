//! The picture's rows: every byte of the map, in order, however few they must be.

use dumplens_analyzer::facts::{MapRow, SpaceMap};
use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::presets;

#[test]
fn every_byte_is_in_a_row() {
    let dump = Dump::open(presets::full(5_000, 1 << 30, 20, 20).to_bytes().0).expect("a dump");
    let process = Process::gather(&dump);
    let report = Facts::gather(&process, Question::Summary, &Options::default());
    for most in [1, 10, 500, 4_999, 1_000_000] {
        let map = SpaceMap::with_at_most(&process, most);
        let bytes: u64 = map.rows.iter().map(|row| row.end - row.base).sum();
        let regions: u64 = map.rows.iter().map(|row| row.regions).sum();
        assert_eq!(Some(bytes), report.memory.total_bytes, "{most}");
        assert_eq!(
            (regions, map.regions),
            (report.memory.classified_regions, report.memory.classified_regions)
        );
        assert!(map.rows.len() <= most, "{most}: {}", map.rows.len());
        assert!(map.rows.windows(2).all(|two| two[0].end <= two[1].base), "{most}");
        let largest = |row: &MapRow| map.kinds.get(row.kind).map(|kind| kind.state.as_str());
        assert!(
            map.rows.iter().all(|row| (largest(row) == Some("MEM_FREE")) == row.allocation_base.is_none())
        );
        // Regions are merged only if they must be, and are then said to be.
        assert_eq!(map.merged_below.is_some(), map.regions > most as u64, "{most}");
        assert_eq!(map.merged_below.is_none(), map.rows.iter().all(|row| row.regions == 1), "{most}");
    }
}

#[test]
fn free_classes_are_the_free_regions() {
    let dump = Dump::open(presets::full(5_000, 1 << 30, 20, 20).to_bytes().0).expect("a dump");
    let process = Process::gather(&dump);
    let report = Facts::gather(&process, Question::Summary, &Options::default());
    let map = SpaceMap::new(&process);
    let free = report.memory.usage.iter().find(|row| row.name == "Free").expect("free regions");
    assert_eq!(map.free.iter().map(|class| class.regions).sum::<u64>(), free.regions);
    assert_eq!(map.free.iter().map(|class| class.size_bytes).sum::<u64>(), free.size_bytes);
    assert_eq!(map.free.iter().map(|class| class.largest_bytes).max(), Some(free.largest.size_bytes));
    assert!(map.complete);
}

/// What lies above its limit is no room for a 32-bit program in a 64-bit dump.
#[test]
fn free_regions_are_those_that_the_program_can_use() {
    let dump = Dump::open(presets::tiny_wow64().to_bytes().0).expect("a dump");
    let process = Process::gather(&dump);
    let report = Facts::gather(&process, Question::Summary, &Options::default());
    let program = report.memory.program_space.as_ref().expect("a 32-bit program");
    let free: u64 = SpaceMap::new(&process).free.iter().map(|class| class.size_bytes).sum();
    assert_eq!(free, program.free_bytes);
    assert!(Some(free) < report.memory.free_bytes);
}
