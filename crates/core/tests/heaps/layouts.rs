//! Which layout a heap is read by: that of its build, or the one that fits its header.

use dumplens_core::Dump;
use dumplens_core::process::heap::{BlockReader, FaultKind, HeapKind, LayoutBasis};
use dumplens_synth::Process;
use dumplens_synth::heap::Truth;
use dumplens_synth::presets::heaps::ALL;

use super::{compare, compare_blocks, parts, walk_as, wanted};

fn preset(name: &str) -> (Process, Truth) {
    ALL.iter().find(|preset| preset.0 == name).unwrap().1()
}

/// A build on which a layout was not confirmed has the layout that fits the heaps' headers.
#[test]
fn a_build_without_a_layout() {
    let cases = [
        ("segment_2004", 18000, LayoutBasis::Between),
        ("segment_win11", 22631, LayoutBasis::Between),
        ("segment_1709", 16299, LayoutBasis::Verified),
        ("segment_2004", 19045, LayoutBasis::Verified),
        ("segment_10240", 10240, LayoutBasis::Published),
        ("segment_2004", 17134, LayoutBasis::Between),
        ("segment_1607", 22000, LayoutBasis::Between),
        ("segment_2004_x86", 10240, LayoutBasis::Between),
        // Between 23H2 and 24H2 the lists are at the same places; the header's pages tell the two.
        ("segment_win11", 25398, LayoutBasis::Between),
        ("segment_24h2", 25398, LayoutBasis::Between),
        ("segment_24h2", 28000, LayoutBasis::Between),
    ];
    for (name, build, basis) in cases {
        let (process, truth) = preset(name);
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let found = walk_as(&dump, Some(build));
        assert_eq!(found.list.len(), truth.heaps.len(), "{name} as {build}");
        let reader = BlockReader::new(dump.memory(), &found.list);
        for (heap, truth) in found.list.iter().zip(&truth.heaps) {
            if heap.kind == HeapKind::Segment {
                assert_eq!((heap.basis, &heap.faults[..]), (Some(basis), &[][..]), "{name} as {build}");
                assert_eq!(parts(heap), wanted(truth), "{name} as {build}");
            }
            compare_blocks(name, &reader, heap, truth);
        }
    }
}

/// The same if the dump does not say of which build it is.
#[test]
fn without_a_build() {
    for (name, preset) in ALL {
        let (process, truth) = preset();
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let found = walk_as(&dump, None);
        compare(name, &found, &truth);
        let reader = BlockReader::new(dump.memory(), &found.list);
        for (heap, truth) in found.list.iter().zip(&truth.heaps) {
            compare_blocks(name, &reader, heap, truth);
        }
    }
}

/// A dump may say another build than the one whose heap code made its heaps.
#[test]
fn with_a_wrong_build() {
    const BUILDS: [u32; 13] =
        [7601, 9600, 10586, 14393, 15063, 16299, 17134, 17763, 18362, 19041, 20348, 22000, 26100];
    for (name, preset) in ALL {
        let (process, truth) = preset();
        let dump = Dump::open(process.to_bytes().0).unwrap();
        for build in BUILDS {
            let found = walk_as(&dump, Some(build));
            compare(&format!("{name} as {build}"), &found, &truth);
            let reader = BlockReader::new(dump.memory(), &found.list);
            for (heap, truth) in found.list.iter().zip(&truth.heaps) {
                compare_blocks(&format!("{name} as {build}"), &reader, heap, truth);
            }
        }
    }
}

/// If no layout fits, the lists are found by their shape, and that is reported.
#[test]
fn no_layout_fits() {
    // TotalReservedPages of 17763 and later.
    for (name, build, total_pages) in [("segment_2004", 17134, 0x80), ("segment_2004_x86", 10240, 0x80)] {
        let (mut process, truth) = preset(name);
        let first = truth.heaps[0].handle;
        process.put(first + total_pages, &[1, 2]);
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let found = walk_as(&dump, Some(build));
        let heap = &found.list[0];
        assert_eq!((heap.handle, heap.basis), (first, None), "{name}");
        assert!(heap.faults.iter().any(|fault| fault.what == FaultKind::ByShape), "{name}");
    }
}
