//! What the regions of processes with heaps are for, against what the processes were made of.

use dumplens_analyzer::facts::RegionReport;
use dumplens_analyzer::{Facts, Options, Process, Question, Usage};
use dumplens_core::Dump;
use dumplens_synth::heap::{HeapClass, HeapKind, HeapTruth};
use dumplens_synth::presets::heaps::{self, ALL};
use dumplens_synth::{Width, damage};

fn open(process: &dumplens_synth::Process) -> Dump {
    Dump::open(process.to_bytes().0).unwrap()
}

/// `Heap`, or with the suffix that WOW64 gives it.
fn heap_class(name: &str, truth: &HeapTruth) -> &'static str {
    match (name.contains("wow64"), truth.width) {
        (false, _) => "Heap",
        (true, Width::W32) => "Heap32",
        (true, Width::W64) => "Heap64",
    }
}

#[test]
fn every_range_of_every_heap() {
    for (name, preset) in ALL {
        let (synthetic, truth) = preset();
        let dump = open(&synthetic);
        let process = Process::gather(&dump);
        let regions: Vec<RegionReport> =
            process.space.pieces().map(|piece| RegionReport::new(&process, &piece)).collect();
        let mut heap_bytes = 0;
        for heap in truth.heaps.iter().filter(|heap| heap.kind != HeapKind::Page) {
            for range in &heap.ranges {
                heap_bytes += range.end - range.start;
                let kind = match range.class {
                    HeapClass::FrontEnd => "Front End",
                    HeapClass::LargeBlock => "Large Block",
                    _ => "Segment",
                };
                let inside = regions.iter().filter(|r| range.start <= r.base.0 && r.end.0 <= range.end);
                let mut covered = 0;
                for region in inside {
                    covered += region.size_bytes;
                    assert_eq!(region.usage, heap_class(name, heap), "{name} {}", region.base);
                    let detail = region.detail.as_deref().unwrap();
                    assert!(detail.ends_with(&format!("Type: {kind}")), "{name} {detail}");
                    let digits = dump.width().bytes() * 2;
                    assert!(
                        detail.contains(&format!("Handle: {:0digits$x};", heap.handle)),
                        "{name} {detail}"
                    );
                    assert!(region.fact.is_some(), "{name}");
                }
                assert_eq!(covered, range.end - range.start, "{name} {range:x?}");
            }
        }
        let claimed =
            regions.iter().filter(|r| r.usage.starts_with("Heap")).map(|r| r.size_bytes).sum::<u64>();
        assert_eq!(claimed, heap_bytes, "{name}");
        for other in &truth.others {
            let region = regions.iter().find(|r| r.base.0 == other.start).unwrap();
            assert_eq!((region.end.0, region.usage.as_str()), (other.end, "Other"), "{name} {other:?}");
            assert_eq!(region.detail.as_deref(), Some(other.name), "{name}");
            assert!(region.fact.as_deref().unwrap().contains(other.field), "{name}");
        }
        let others = regions.iter().filter(|r| r.usage.starts_with("Other")).count();
        assert_eq!(others, truth.others.len(), "{name}");
    }
}

#[test]
fn heaps_are_reported_as_they_are() {
    for (name, preset) in ALL {
        let (synthetic, truth) = preset();
        let dump = open(&synthetic);
        let report = Facts::gather(&Process::gather(&dump), Question::Lists, &Options::default());
        let total = report.memory.usage.iter().map(|row| row.size_bytes).sum::<u64>();
        assert_eq!(Some(total), report.memory.total_bytes, "{name}");
        assert_eq!(report.heaps.len(), truth.heaps.len(), "{name}");
        for truth in truth.heaps.iter().filter(|heap| heap.kind != HeapKind::Page) {
            let found = report.heaps.iter().find(|heap| heap.handle.0 == truth.handle).unwrap();
            assert_eq!(found.committed_bytes, truth.committed, "{name}");
            assert_eq!(found.committed_bytes + found.reserved_bytes, truth.reserved, "{name}");
            assert_eq!(found.segments, truth.of(HeapClass::Segment).count() as u64, "{name}");
            assert_eq!(found.large_blocks, truth.large.len() as u64, "{name}");
            let asked: u64 = truth.large.iter().map(|block| block.user_size).sum();
            assert_eq!(found.large_user_bytes, asked, "{name}");
            assert_ne!(found.counters.agree, Some(false), "{name} {found:?}");
        }
    }
}

/// Blocks with an inaccessible page behind each are page heap; the same pattern without the flag is nothing.
#[test]
fn page_heap() {
    for preset in [heaps::page_heap_x64, heaps::page_heap_x86] {
        let (mut synthetic, truth) = preset();
        let bytes = |synthetic: &dumplens_synth::Process| {
            let dump = open(synthetic);
            let process = Process::gather(&dump);
            let warned = process.warnings.iter().any(|warning| warning.code() == "page_heap");
            let pieces = process.space.pieces().filter(|piece| matches!(piece.usage, Usage::PageHeap(_)));
            (warned, pieces.map(|piece| (piece.base, piece.end())).collect::<Vec<_>>())
        };
        let ranges: Vec<_> = truth.heaps.iter().flat_map(|heap| heap.of(HeapClass::PageHeap)).collect();
        let (warned, found) = bytes(&synthetic);
        assert!(warned && !found.is_empty());
        for (base, end) in found {
            assert!(ranges.iter().any(|range| range.start <= base && end <= range.end), "{base:x}");
        }
        let peb = truth.others.iter().find(|other| other.field == "ApiSetMap");
        assert!(peb.is_some());
        synthetic.system.as_mut().unwrap().build = 19045;
        let (_, again) = bytes(&synthetic);
        assert!(!again.is_empty());
    }
    let (sound, _) = heaps::nt_win10_x64();
    let dump = open(&sound);
    assert!(Process::gather(&dump).warnings.iter().all(|warning| warning.code() != "page_heap"));
}

/// What cannot be told from heaps in order: a heap without a front end, a chain of one, and fields on which nothing
/// depends.
const SILENT: [&str; 4] = [
    "nt_front_end_of_another_type",
    "tree_min_in_free_memory",
    "tree_large_reserved_pages_0",
    "chain_user_context_null",
];

/// Whatever is wrong with the heaps, the rows add up, and something is said of it.
#[test]
fn damaged_heaps_are_told() {
    let mut silent = Vec::new();
    for variant in damage::heaps() {
        let dump = open(&variant.process);
        let report = Facts::gather(&Process::gather(&dump), Question::Lists, &Options::default());
        let total = report.memory.usage.iter().map(|row| row.size_bytes).sum::<u64>();
        assert_eq!(Some(total), report.memory.total_bytes, "{}", variant.name);
        let told = report
            .warnings
            .iter()
            .any(|w| ["heaps_damaged", "heaps_unread", "peb_unread"].contains(&w.code.as_str()));
        let disagrees = report.heaps.iter().any(|heap| heap.counters.agree == Some(false));
        if !told && !disagrees {
            silent.push(variant.name);
        }
    }
    assert_eq!(silent, SILENT);
}
