//! What a region is for, and the totals that follow: checked against the addresses that synth put things at.

use std::collections::BTreeMap;

use dumplens_analyzer::facts::{MemoryReport, RowReport};
use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::Dump;
use dumplens_synth::{self as synth, KUSER_SHARED_DATA, MEM_COMMIT, MEM_FREE, Region, SystemInfo, presets};

const STACK: u64 = 0x10_0000;

fn memory(process: &synth::Process) -> MemoryReport {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    let process = Process::gather(&dump);
    assert_eq!(process.warnings, []);
    Facts::gather(&process, Question::Summary, &Options::default()).memory
}

/// Name, regions and bytes of each row, by name.
fn rows(rows: &[RowReport]) -> BTreeMap<&str, (u64, u64)> {
    rows.iter().map(|row| (row.name.as_str(), (row.regions, row.size_bytes))).collect()
}

fn listed(process: &synth::Process) -> &[Region] {
    process.regions.as_ref().expect("presets have a map")
}

/// Count and bytes of the listed regions for which `holds`.
fn sum(process: &synth::Process, holds: impl Fn(&Region) -> bool) -> (u64, u64) {
    let some: Vec<_> = listed(process).iter().filter(|r| holds(r)).collect();
    (some.len() as u64, some.iter().map(|r| r.size).sum())
}

/// The rows that a process must have: those given, `Free`, `Image` and `Other` from the lists, `<unknown>` the rest.
fn check(process: &synth::Process, given: &[(&str, (u64, u64))], unknown_regions: u64) {
    let memory = memory(process);
    let mut wanted: BTreeMap<&str, (u64, u64)> = given.iter().copied().collect();
    wanted.insert("Free", sum(process, |r| r.state == MEM_FREE));
    let in_module =
        |r: &Region| process.modules.iter().any(|m| (m.base..m.base + u64::from(m.size)).contains(&r.base));
    wanted.insert("Image", sum(process, in_module));
    wanted.insert("Other", sum(process, |r| r.base == KUSER_SHARED_DATA));
    let total: u64 = listed(process).iter().map(|r| r.size).sum();
    let rest = total - wanted.values().map(|(_, bytes)| bytes).sum::<u64>();
    wanted.insert("<unknown>", (unknown_regions, rest));
    assert_eq!(rows(&memory.usage), wanted);
}

/// One segment of 0xFF pages, of which one is committed.
const HEAP: (&str, (u64, u64)) = ("Heap", (2, 0xF_F000));

/// A stack is a reserved, a guard and a committed region, a heap a committed and a reserved one; the reservation around
/// PEB and TEBs, the page behind the heap's segment and the mapped page are `<unknown>`.
#[test]
fn tiny() {
    let given = [("Stack", (6, 2 * STACK)), ("TEB", (2, 0x4000)), ("PEB", (1, 0x1000)), HEAP];
    check(&presets::tiny(), &given, 2 + 1 + 1);
}

/// On x86 a TEB is one page until Windows 11, so what lies behind each of the two is `<unknown>`.
#[test]
fn tiny_x86() {
    let given = [("Stack", (6, 2 * STACK)), ("TEB", (2, 0x2000)), ("PEB", (1, 0x1000)), HEAP];
    check(&presets::tiny_x86(), &given, 2 + 1 + 1 + 2);
}

#[test]
fn tiny_x86_of_windows_11() {
    let mut process = presets::tiny_x86();
    process.system = Some(SystemInfo { build: 26100, ..SystemInfo::default() });
    let given = [("Stack", (6, 2 * STACK)), ("TEB", (2, 0x4000)), ("PEB", (1, 0x1000)), HEAP];
    check(&process, &given, 2 + 1 + 1);
}

/// A WOW64 process has everything twice, and the names say which.
#[test]
fn tiny_wow64() {
    let given = [
        ("Stack32", (6, 2 * STACK)),
        ("Stack64", (6, 2 * STACK)),
        ("TEB64", (2, 0x4000)),
        ("TEB32", (2, 0x2000)),
        ("PEB64", (1, 0x1000)),
        ("PEB32", (1, 0x1000)),
        ("Heap32", HEAP.1),
    ];
    check(&presets::tiny_wow64(), &given, 2 + 1 + 1 + 2);
}

#[test]
fn where_the_rows_are_largest() {
    let memory = memory(&presets::tiny());
    let x64 = presets::tiny::X64;
    let largest = |name: &str| {
        let row = memory.usage.iter().find(|row| row.name == name).expect("a row");
        (row.largest.base.0, row.largest.size_bytes)
    };
    // Of equals, the one that lies lowest.
    assert_eq!(largest("Stack"), (x64.stacks[0], STACK - 0x4000));
    assert_eq!(largest("TEB"), (x64.tebs[0], 0x2000));
    assert_eq!(largest("PEB"), (x64.peb, 0x1000));
    let free =
        listed(&presets::tiny()).iter().filter(|r| r.state == MEM_FREE).max_by_key(|r| r.size).copied();
    let free = free.map(|r| (r.base, r.size));
    assert_eq!(Some(largest("Free")), free);
    assert_eq!(memory.largest_free.map(|p| (p.base.0, p.size_bytes)), free);
}

/// Also of regions that differ in protection, which are counted apart.
#[test]
fn of_the_largest_regions_the_lowest_is_shown() {
    let used = |base, protect| Region {
        base,
        allocation_base: base,
        size: 0x1000,
        state: MEM_COMMIT,
        protect,
        kind: 0x2_0000,
        ..Region::default()
    };
    for protections in [[2, 4], [4, 2]] {
        let regions =
            vec![Region::free(0, 0x1000), used(0x1000, protections[0]), used(0x2000, protections[1])];
        let memory = memory(&synth::Process { regions: Some(regions), ..synth::Process::default() });
        let row = memory.usage.iter().find(|row| row.name == "<unknown>").expect("a row");
        assert_eq!((row.largest.base.0, row.largest.size_bytes), (0x1000, 0x1000));
    }
}

/// Spec A.2.2: usage and state count all regions, type those that are busy, protect those that are committed.
#[test]
fn every_table_adds_up() {
    let all = [
        presets::tiny(),
        presets::tiny_x86(),
        presets::tiny_wow64(),
        presets::tiny_bad_alloc(),
        presets::full(5000, 64 << 20, 12, 9),
    ];
    for process in all {
        let memory = memory(&process);
        let count = |rows: &[RowReport]| rows.iter().map(|r| r.regions).sum::<u64>();
        let bytes = |rows: &[RowReport]| rows.iter().map(|r| r.size_bytes).sum::<u64>();
        let (regions, total) = sum(&process, |_| true);
        let (_, free) = sum(&process, |r| r.state == MEM_FREE);
        let (_, commit) = sum(&process, |r| r.state == MEM_COMMIT);
        assert_eq!((memory.regions, memory.total_bytes), (Some(regions), Some(total)));
        assert_eq!((memory.free_bytes, memory.busy_bytes), (Some(free), Some(total - free)));
        assert_eq!((memory.commit_bytes, memory.reserve_bytes), (Some(commit), Some(total - free - commit)));
        assert_eq!(bytes(&memory.usage), total);
        assert_eq!(bytes(&memory.state), total);
        assert_eq!(bytes(&memory.kind), total - free);
        assert_eq!(bytes(&memory.protect), commit);
        assert_eq!(count(&memory.usage), memory.classified_regions);
        assert_eq!(count(&memory.state), memory.classified_regions);
        let free_regions = memory.state.iter().find(|r| r.name == "MEM_FREE").unwrap().regions;
        assert_eq!(count(&memory.kind), memory.classified_regions - free_regions);
        let committed = memory.state.iter().find(|r| r.name == "MEM_COMMIT").unwrap().regions;
        assert_eq!(count(&memory.protect), committed);
        for table in [&memory.usage, &memory.kind, &memory.state, &memory.protect] {
            assert!(table.is_sorted_by(|a, b| a.size_bytes >= b.size_bytes));
            assert!(table.iter().all(|r| r.regions > 0 && r.largest.size_bytes <= r.size_bytes));
        }
    }
}

#[test]
fn fragmentation_is_the_share_outside_the_largest_free_region() {
    let used = Region { base: 0x3000, size: 0x1000, state: MEM_COMMIT, ..Region::default() };
    let regions = vec![Region::free(0, 0x3000), used, Region::free(0x4000, 0x1000)];
    let memory = memory(&synth::Process { regions: Some(regions), ..synth::Process::default() });
    assert_eq!(memory.fragmentation, Some(0.25));

    let full = vec![Region { base: 0, ..used }];
    let memory = self::memory(&synth::Process { regions: Some(full), ..synth::Process::default() });
    assert_eq!((memory.fragmentation, memory.largest_free), (None, None));
    assert_eq!(memory.free_bytes, Some(0), "a map without free regions says that nothing is free");
}

/// 32-bit addresses above 2 GiB, sign-extended by the writer, are the same process.
#[test]
fn sign_extension_changes_nothing() {
    let plain = presets::tiny_x86();
    let extended = synth::Process { sign_extend: true, ..plain.clone() };
    assert_eq!(memory(&extended), memory(&plain));
}
