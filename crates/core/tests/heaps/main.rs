//! The walk through heaps, against what the synthetic processes were made of.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::unwrap_used)]

mod layouts;
mod lost;

use dumplens_core::process::heap::{
    self, Backend, BlockFault, BlockReader, BlockState, FaultKind, Heap, HeapBlock, HeapKind, Heaps, PartKind,
};
use dumplens_core::process::{Peb, Teb};
use dumplens_core::{Dump, Width};
use dumplens_synth::damage::{self, HeapVariant};
use dumplens_synth::heap::{HeapClass, HeapTruth, Truth};
use dumplens_synth::presets::heaps::ALL;
use dumplens_synth::{Process, heap as synth};

/// The heaps of every PEB of a process, in the order of the truth: those of the 32-bit PEB of WOW64 first.
fn walk(process: &Process) -> Heaps {
    walk_dump(&Dump::open(process.to_bytes().0).unwrap())
}

fn walk_dump(dump: &Dump) -> Heaps {
    walk_as(dump, dump.system_info().unwrap().map(|s| s.build))
}

/// As if the dump were of this build, or did not say of which.
fn walk_as(dump: &Dump, build: Option<u32>) -> Heaps {
    let memory = dump.memory();
    let regions = &dump.memory_info().unwrap().unwrap().regions;
    let teb = dump.threads().unwrap().unwrap()[0].teb;
    let teb = Teb::read(memory, teb, dump.width()).unwrap();
    let tebs = [teb.wow64(), Some(teb)].into_iter().flatten();
    let mut all = Heaps::default();
    for teb in tebs {
        // Some of the damaged processes keep no PEB.
        let Ok(peb) = Peb::read(memory, teb.peb, teb.width) else { continue };
        let heaps = heap::walk(memory, regions, &peb, build);
        all.list.extend(heaps.list);
        all.faults.extend(heaps.faults);
    }
    all
}

/// Base, end and class of every part, in order of address.
fn parts(heap: &Heap) -> Vec<(u64, u64, &'static str)> {
    let mut parts: Vec<_> = heap
        .parts
        .iter()
        .map(|part| {
            let class = match part.kind {
                PartKind::Segment if part.by == heap.handle && heap.kind == HeapKind::Segment => "header",
                PartKind::Segment => "segment",
                PartKind::FrontEnd => "front end",
                PartKind::LargeBlock => "large block",
            };
            (part.base, part.end, class)
        })
        .collect();
    parts.sort_unstable();
    parts
}

fn wanted(truth: &HeapTruth) -> Vec<(u64, u64, &'static str)> {
    let class = |class| match class {
        HeapClass::Segment => "segment",
        HeapClass::FrontEnd => "front end",
        HeapClass::LargeBlock => "large block",
        HeapClass::Header => "header",
        HeapClass::PageHeap => "page heap",
    };
    truth.ranges.iter().map(|range| (range.start, range.end, class(range.class))).collect()
}

/// What of the truth must be found in a damaged process is found, and nothing that was never there.
fn compare_damaged(variant: &HeapVariant, found: &Heaps) {
    let name = variant.name;
    for heap in &found.list {
        let truth = variant.truth.heaps.iter().find(|truth| truth.handle == heap.handle);
        let known = truth.map(wanted).unwrap_or_default();
        for part in parts(heap) {
            let inside =
                |known: &(u64, u64, &str)| known.0 <= part.0 && part.1 <= known.1 && known.2 == part.2;
            // Where the size is damaged, as much is found as the allocation has.
            let clipped = variant.lost.ranges.iter().any(|range| range.start == part.0);
            assert!(clipped || known.iter().any(inside), "{name}: {part:x?} of heap {:#x}", heap.handle);
        }
    }
    let kept = variant.truth.heaps.iter().filter(|truth| !variant.lost.heaps.contains(&truth.handle));
    for truth in kept.filter(|truth| truth.kind != synth::HeapKind::Page) {
        let heap = found.list.iter().find(|heap| heap.handle == truth.handle);
        let heap = heap.unwrap_or_else(|| panic!("{name}: heap {:#x} is not found", truth.handle));
        let found = parts(heap);
        for (range, wanted) in truth.ranges.iter().zip(wanted(truth)) {
            let lost = variant.lost.ranges.contains(range);
            assert!(lost || found.contains(&wanted), "{name}: {wanted:x?}, {:x?}", heap.faults);
        }
        for block in truth.large.iter().filter(|block| !variant.lost.sizes.contains(&block.address)) {
            let part = heap.parts.iter().find(|part| part.base == block.address);
            let lost = variant.lost.ranges.iter().any(|range| range.start == block.address);
            let size = part.and_then(|part| part.user_bytes);
            assert!(size == Some(block.user_size) || (lost && size.is_none()), "{name}: {size:?} {block:x?}");
        }
    }
}

fn user_sizes(heap: &Heap) -> Vec<Option<u64>> {
    let mut large: Vec<_> = heap.parts.iter().filter(|part| part.kind == PartKind::LargeBlock).collect();
    large.sort_by_key(|part| part.base);
    large.iter().map(|part| part.user_bytes).collect()
}

fn compare(name: &str, found: &Heaps, truth: &Truth) {
    let wanted_handles: Vec<u64> = truth.heaps.iter().map(|heap| heap.handle).collect();
    assert_eq!(found.list.iter().map(|heap| heap.handle).collect::<Vec<_>>(), wanted_handles, "{name}");
    for (heap, truth) in found.list.iter().zip(&truth.heaps) {
        let at = format!("{name}, heap {:#x}", heap.handle);
        let width = if truth.width == dumplens_synth::Width::W32 { Width::Bits32 } else { Width::Bits64 };
        assert_eq!(heap.width, width, "{at}");
        if let Some(index) = truth.index {
            assert_eq!(u32::try_from(heap.index), Ok(index), "{at}");
        }
        if truth.kind == synth::HeapKind::Page {
            assert_eq!(heap.kind, HeapKind::Unknown, "{at}");
            continue;
        }
        let kind = if truth.kind == synth::HeapKind::Nt { HeapKind::Nt } else { HeapKind::Segment };
        assert_eq!(heap.kind, kind, "{at}");
        assert_eq!(parts(heap), wanted(truth), "{at}: {:?}", heap.faults);
        let mut large = truth.large.clone();
        large.sort_by_key(|block| block.address);
        let sizes: Vec<_> = large.iter().map(|block| Some(block.user_size)).collect();
        assert_eq!(user_sizes(heap), sizes, "{at}");
        let segments = truth.of(HeapClass::Segment).count() as u64;
        assert!(heap.counters.segments.is_none_or(|counted| counted == segments), "{at}");
    }
}

#[test]
fn every_layout() {
    for (name, preset) in ALL {
        let (process, truth) = preset();
        let found = walk(&process);
        compare(name, &found, &truth);
        for heap in found.list.iter().filter(|heap| heap.kind != HeapKind::Unknown) {
            assert_eq!(heap.faults, [], "{name}");
            assert!(heap.layout.is_some() && heap.basis.is_some(), "{name}");
            assert_eq!(heap.is_metadata, *name == "segment_2004_hidden" && heap.index == 2, "{name}");
        }
        assert_eq!(found.faults, [], "{name}");
    }
}

/// Every block with exactly its address, size and backend, and no other; and what a heap's blocks take lies in its parts
/// without overlaps.
#[test]
fn every_block() {
    for (name, preset) in ALL {
        let (process, truth) = preset();
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let found = walk_dump(&dump);
        let reader = BlockReader::new(dump.memory(), &found.list);
        for (heap, truth) in found.list.iter().zip(&truth.heaps) {
            let all = compare_blocks(name, &reader, heap, truth);
            no_overlaps(name, heap, &all);
            for block in &truth.blocks {
                let last = block.address + block.size - 1;
                for at in [block.address, last] {
                    assert_eq!(
                        reader.at(at).map(|found| found.address),
                        Some(block.address),
                        "{name} {at:#x}"
                    );
                }
            }
        }
    }
}

/// All blocks of a heap; those in use are those of the truth.
fn compare_blocks(
    name: &str,
    reader: &BlockReader<'_, '_>,
    heap: &Heap,
    truth: &HeapTruth,
) -> Vec<HeapBlock> {
    let mut blocks = reader.blocks(heap);
    let all: Vec<HeapBlock> = blocks.by_ref().collect();
    assert_eq!(blocks.faults(), [], "{name}");
    let busy = all.iter().filter(|block| block.state == BlockState::Busy);
    let mut busy: Vec<_> = busy.map(|b| (b.address, b.size, format!("{:?}", b.backend))).collect();
    let wanted = truth.blocks.iter().map(|b| (b.address, b.size, format!("{:?}", b.backend)));
    let mut wanted: Vec<_> = wanted.collect();
    busy.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(busy, wanted, "{name}, heap {:#x}", heap.handle);
    all
}

/// What is the heap's own of a subsegment has the size of what is left of it, and not its place.
fn no_overlaps(name: &str, heap: &Heap, blocks: &[HeapBlock]) {
    let mut spans: Vec<(u64, u64)> = blocks
        .iter()
        .filter(|block| block.state != BlockState::Internal)
        .map(|block| (block.start, block.start + block.taken))
        .collect();
    spans.sort_unstable();
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{name}");
    for block in blocks {
        let inside = |part: &heap::Part| part.base <= block.start && block.start + block.taken <= part.end;
        assert!(heap.parts.iter().any(inside), "{name} {block:x?}");
        assert!(block.state == BlockState::Internal || block.address >= block.start, "{name} {block:x?}");
        assert!(block.address + block.size <= block.start + block.taken + 8, "{name} {block:x?}");
    }
}

/// The blocks of the first heap of a process, and what was wrong on the way.
fn blocks(process: &Process) -> (Vec<HeapBlock>, Vec<BlockFault>) {
    let dump = Dump::open(process.to_bytes().0).unwrap();
    let found = walk_dump(&dump);
    let reader = BlockReader::new(dump.memory(), &found.list);
    let mut blocks = reader.blocks(&found.list[0]);
    let busy = blocks.by_ref().filter(|block| block.state == BlockState::Busy).collect();
    (busy, blocks.faults().to_vec())
}

/// A write beyond a block's end destroys the header of the next: it is named, with the block in front of it.
#[test]
fn an_overrun_is_found() {
    for (name, backend) in [
        ("nt_win10_x64", Backend::Nt),
        ("nt_win7_x86", Backend::Nt),
        ("segment_2004", Backend::Vs),
        ("segment_24h2", Backend::Vs),
    ] {
        let preset = ALL.iter().find(|preset| preset.0 == name).unwrap().1;
        let (mut process, _) = preset();
        let (before, faults) = blocks(&process);
        assert_eq!(faults, [], "{name}");
        let victim = before.iter().find(|block| block.backend == backend).copied().unwrap();
        let end = victim.start + victim.taken;
        process.put(end, &[0x41; 16]);
        let (after, faults) = blocks(&process);
        assert_eq!(faults.len(), 1, "{name}");
        let known = [FaultKind::BrokenEntry, FaultKind::BrokenEnd, FaultKind::BrokenChunk];
        assert!(known.contains(&faults[0].fault.what), "{name} {faults:x?}");
        assert_eq!(
            (faults[0].fault.at, faults[0].before.map(|b| b.address)),
            (end, Some(victim.address)),
            "{name}"
        );
        // What lies in other segments, and before it, is still there.
        assert!(after.len() < before.len() && after.contains(&victim), "{name}");
        let large = |blocks: &[HeapBlock]| blocks.iter().filter(|b| b.backend == Backend::Large).count();
        assert_eq!(large(&after), large(&before), "{name}");
    }
}

/// A block of the low-fragmentation heap whose own header was overwritten.
#[test]
fn an_overrun_of_a_small_block_is_found() {
    for preset in [ALL[2], ALL[5]] {
        let (mut process, _) = preset.1();
        let (before, _) = blocks(&process);
        let small: Vec<_> = before.iter().filter(|block| block.backend == Backend::Lfh).collect();
        let [first, second] = [small[1], small[2]];
        assert_eq!(first.start + first.taken, second.start);
        process.put(second.start, &[0x41; 16]);
        let (_, faults) = blocks(&process);
        assert_eq!(faults.len(), 1, "{}", preset.0);
        assert_eq!(faults[0].fault.what, FaultKind::BrokenLfhHeader);
        assert_eq!(faults[0].fault.at, second.start);
        assert_eq!(faults[0].before.map(|block| block.address), Some(first.address));
    }
}

/// Damage that cannot be told from heaps in order, and a PEB that is not kept, of which the analyzer tells.
const SILENT: [&str; 3] = ["nt_front_end_of_another_type", "chain_user_context_null", "wow64_peb32_not_kept"];

/// Broken links, cycles, sizes that cannot be, structures that are not kept: what was found stays, and what is wrong
/// is said.
#[test]
fn damaged_heaps() {
    let (mut variants, mut silent) = (0, Vec::new());
    for variant in damage::heaps() {
        let started = std::time::Instant::now();
        let found = walk(&variant.process);
        assert!(started.elapsed().as_secs() < 5, "{}", variant.name);
        compare_damaged(&variant, &found);
        let told = !found.faults.is_empty() || found.list.iter().any(|heap| !heap.faults.is_empty());
        let counted = found.list.iter().any(|heap| {
            let segments = heap.parts.iter().filter(|part| part.kind == PartKind::Segment).count() as u64;
            heap.counters.segments.is_some_and(|counted| counted != segments)
        });
        if !told && !counted {
            silent.push(variant.name);
        }
        variants += 1;
    }
    assert_eq!(silent, SILENT);
    assert!(variants > 30, "{variants}");
}
