//! MemoryInfoList, with all three answers: absent, present, damaged.

use dumplens_core::{Damage, Dump, MemoryInfo, MemoryState, MemoryType, Protection, StreamType};
use dumplens_synth::{Process, Region, presets};

use super::{contents, open, open_changed, put, replace, rva};

const KIND: StreamType = StreamType::MEMORY_INFO_LIST;

fn three_regions() -> Process {
    let regions = vec![
        Region::free(0, 0x1_0000),
        Region {
            base: 0x1_0000,
            allocation_base: 0x1_0000,
            allocation_protect: 0x80,
            size: 0x5000,
            state: 0x1000,
            protect: 0x20,
            kind: 0x100_0000,
        },
        Region {
            base: 0x1_5000,
            allocation_base: 0x1_0000,
            allocation_protect: 0x80,
            size: 0x1_0000_0000,
            state: 0x2000,
            protect: 0,
            kind: 0x2_0000,
        },
    ];
    Process { regions: Some(regions), ..Process::default() }
}

fn expected(region: &Region) -> MemoryInfo {
    MemoryInfo {
        base: region.base,
        size: region.size,
        allocation_base: region.allocation_base,
        allocation_protect: Protection(region.allocation_protect),
        state: MemoryState(region.state),
        protect: Protection(region.protect),
        kind: MemoryType(region.kind),
    }
}

fn assert_regions(dump: &Dump, process: &Process) {
    let list = dump.memory_info().unwrap().unwrap();
    let wanted: Vec<_> = process.regions.as_ref().unwrap().iter().map(expected).collect();
    assert_eq!(list.regions.iter().collect::<Vec<_>>(), wanted);
    assert_eq!(list.regions.len(), wanted.len());
    assert_eq!(list.regions.get(1), Some(wanted[1]));
    assert_eq!(list.damage, []);
}

#[test]
fn present() {
    for process in [three_regions(), presets::tiny(), presets::tiny_x86(), presets::tiny_wow64()] {
        assert_regions(&open(&process), &process);
    }
}

#[test]
fn absent() {
    assert!(open(&Process::default()).memory_info().unwrap().is_none());
}

#[test]
fn an_empty_list_is_present() {
    let dump = open(&Process { regions: Some(Vec::new()), ..Process::default() });
    assert!(dump.memory_info().unwrap().unwrap().regions.is_empty());
}

#[test]
fn damaged() {
    for (at, value) in [(4, 47_u32), (4, 0), (4, u32::MAX), (0, 15), (0, u32::MAX)] {
        let dump = open_changed(&three_regions(), |bytes, layout| {
            put(bytes, rva(layout, KIND) + at, &value.to_le_bytes());
        });
        assert_eq!(dump.memory_info().unwrap_err().code(), "stream_malformed", "{value} at {at}");
    }
}

/// Sizes of header and entry are the file's to choose, as long as they do not shrink.
#[test]
fn longer_headers_and_entries_of_later_versions() {
    let process = three_regions();
    for (header, entry) in [(16, 56), (24, 48), (24, 56), (16, 4096)] {
        let dump = open_changed(&process, |bytes, layout| {
            let old = contents(bytes, layout, KIND);
            let mut new = [&u32::to_le_bytes(header)[..], &u32::to_le_bytes(entry), &old[8..16]].concat();
            new.resize(header as usize, 0xab);
            for region in old[16..].chunks(48) {
                let end = new.len() + entry as usize;
                new.extend_from_slice(region);
                new.resize(end, 0xcd);
            }
            replace(bytes, layout, KIND, &new);
        });
        assert_regions(&dump, &process);
    }
}

#[test]
fn a_count_beyond_the_bytes_is_clipped_to_them() {
    for count in [4, u64::from(u32::MAX), 1 << 60, u64::MAX] {
        let dump = open_changed(&three_regions(), |bytes, layout| {
            put(bytes, rva(layout, KIND) + 8, &count.to_le_bytes());
        });
        let list = dump.memory_info().unwrap().unwrap();
        assert_eq!(list.regions.len(), 3);
        assert_eq!(list.damage, [Damage::EntriesCut { stream: KIND, listed: count, read: 3 }]);
    }
}

#[test]
fn a_stream_that_ends_inside_an_entry_loses_that_entry() {
    let dump = open_changed(&three_regions(), |bytes, layout| {
        let whole = contents(bytes, layout, KIND);
        replace(bytes, layout, KIND, &whole[..whole.len() - 1]);
    });
    let list = dump.memory_info().unwrap().unwrap();
    assert_eq!(list.damage, [Damage::EntriesCut { stream: KIND, listed: 3, read: 2 }]);
    assert_eq!(list.regions.iter().map(|r| r.base).collect::<Vec<_>>(), [0, 0x1_0000]);
}

#[test]
fn a_list_in_any_order_is_given_as_it_stands() {
    let mut process = three_regions();
    process.regions.as_mut().unwrap().reverse();
    process.regions.as_mut().unwrap().push(Region { base: 0x1_0000, size: u64::MAX, ..Region::default() });
    assert_regions(&open(&process), &process);
}

#[test]
fn a_region_is_found_by_address_in_sorted_and_unsorted_lists() {
    let sorted = three_regions();
    let mut reversed = three_regions();
    reversed.regions.as_mut().unwrap().reverse();
    for process in [sorted, reversed] {
        let dump = open(&process);
        let regions = &dump.memory_info().unwrap().unwrap().regions;
        let base_at = |address| regions.at(address).map(|r| r.base);
        assert_eq!(base_at(0), Some(0));
        assert_eq!(base_at(0xffff), Some(0));
        assert_eq!(base_at(0x1_0000), Some(0x1_0000));
        assert_eq!(base_at(0x1_4fff), Some(0x1_0000));
        assert_eq!(base_at(0x1_0001_4fff), Some(0x1_5000));
        assert_eq!(base_at(0x1_0001_5000), None);
        assert_eq!(base_at(u64::MAX), None);
    }
}

#[test]
fn sign_extension_is_undone() {
    let mut process = presets::tiny_x86();
    process.sign_extend = true;
    assert_regions(&open(&process), &process);
    assert!(process.regions.unwrap().iter().any(|r| r.base > 0x8000_0000));
}
