//! NT heaps: bytes at the offsets of the specification's tables, restated here.

use crate::image::{Image, coherent, peb_is_right, region};
use dumplens_synth::heap::{HeapClass, HeapTruth, LargeBlock, NtHeap, NtLayout, NtSegment, Truth};
use dumplens_synth::presets::heaps::{self, Preset};
use dumplens_synth::{MEM_COMMIT, MEM_MAPPED, MEM_RESERVE, Process, Width, presets};

/// One column of the table: Encoding, EncodeFlagMask, VirtualMemoryThreshold, Signature, ProcessHeapsListIndex,
/// VirtualAllocdBlocks, SegmentList, FreeLists, FrontEndHeap, FrontEndHeapType, Counters.
type Column = [u64; 11];

const WIN7_X86: Column = [0x50, 0x4C, 0x60, 0x64, 0x80, 0xA0, 0xA8, 0xC4, 0xD4, 0xDA, 0xDC];
const WIN8_X86: Column = [0x50, 0x4C, 0x5C, 0x60, 0x7C, 0x9C, 0xA4, 0xC0, 0xD0, 0xD6, 0x1E0];
const WIN1607_X86: Column = [0x50, 0x4C, 0x5C, 0x60, 0x7C, 0x9C, 0xA4, 0xC0, 0xD4, 0xDA, 0x1E4];
const WIN10_X86: Column = [0x50, 0x4C, 0x5C, 0x60, 0x7C, 0x9C, 0xA4, 0xC0, 0xE4, 0xEA, 0x1F4];
const WIN7_X64: Column = [0x80, 0x7C, 0x9C, 0xA0, 0xD8, 0x118, 0x128, 0x158, 0x178, 0x182, 0x188];
const WIN8_X64: Column = [0x80, 0x7C, 0x94, 0x98, 0xD0, 0x110, 0x120, 0x150, 0x170, 0x17A, 0x210];
const WIN1607_X64: Column = [0x80, 0x7C, 0x94, 0x98, 0xD0, 0x110, 0x120, 0x150, 0x178, 0x182, 0x218];
const WIN10_X64: Column = [0x80, 0x7C, 0x94, 0x98, 0xD0, 0x110, 0x120, 0x150, 0x198, 0x1A2, 0x238];

fn column(name: &str) -> (Width, Column) {
    match name {
        "nt_win7_x86" => (Width::W32, WIN7_X86),
        "nt_win8_x86" => (Width::W32, WIN8_X86),
        "nt_1803_x86" => (Width::W32, WIN1607_X86),
        "nt_win10_x86" => (Width::W32, WIN10_X86),
        "nt_win8_x64" => (Width::W64, WIN8_X64),
        "nt_1607_x64" => (Width::W64, WIN1607_X64),
        "nt_win7_x64" => (Width::W64, WIN7_X64),
        _ => (Width::W64, WIN10_X64),
    }
}

fn nt_presets() -> impl Iterator<Item = (&'static str, Process, Truth)> {
    let special = ["24h2", "wow64", "ust"];
    let native = move |preset: &&Preset| {
        preset.0.starts_with("nt_") && !special.iter().any(|word| preset.0.contains(word))
    };
    heaps::ALL.iter().filter(native).map(|&(name, make)| {
        let (process, truth) = make();
        (name, process, truth)
    })
}

#[test]
fn every_column_has_a_preset() {
    let names: Vec<_> = nt_presets().map(|(name, ..)| name).collect();
    let wanted = [
        "nt_win7_x86",
        "nt_win8_x86",
        "nt_win10_x86",
        "nt_win7_x64",
        "nt_win8_x64",
        "nt_win10_x64",
        "nt_1607_x64",
        "nt_1803_x86",
    ];
    assert_eq!(names, wanted);
}

#[test]
fn regions_and_peb_are_coherent() {
    for (name, process, truth) in nt_presets() {
        coherent(&process, &truth);
        let (width, _) = column(name);
        let peb = if width == Width::W32 { presets::tiny::X86.peb } else { presets::tiny::X64.peb };
        peb_is_right(&process, &truth, width, peb);
        assert!(truth.heaps.len() >= 2);
    }
}

#[test]
fn heaps_have_the_fields_of_their_column() {
    for (name, process, truth) in nt_presets() {
        let (width, [_, _, threshold, signature, index, .., front_end, kind, counters]) = column(name);
        let image = Image::new(&process, width);
        for heap in &truth.heaps {
            let at = |offset: u64| heap.handle + offset;
            assert_eq!(image.u32(at(signature)), 0xEEFF_EEFF);
            let granules = if width == Width::W32 { 0xFE00 } else { 0xFF00 };
            assert_eq!(image.u32(at(threshold)), granules);
            assert_eq!(image.u16(at(index)), u64::from(heap.index.unwrap()) + 1);
            front_end_is_right(&process, &image, heap, at(front_end), at(kind));
            let segments = heap.of(HeapClass::Segment);
            let reserved: u64 = segments.map(|range| range.end - range.start).sum();
            assert_eq!(image.word(at(counters)), reserved);
            let word = width.bytes() as u64;
            let blocks: u64 = heap.of(HeapClass::LargeBlock).map(|range| range.end - range.start).sum();
            assert_eq!(image.word(at(counters) + 3 * word), blocks);
            assert_eq!(image.u32(at(counters) + 4 * word), heap.of(HeapClass::Segment).count() as u64);
        }
    }
}

fn front_end_is_right(process: &Process, image: &Image, heap: &HeapTruth, at: u64, kind: u64) {
    let Some(range) = heap.of(HeapClass::FrontEnd).next() else {
        // Windows 7 has it in the first segment; a shared heap has none.
        let inside = image.word(at);
        let first = heap.of(HeapClass::Segment).next().unwrap();
        assert_eq!(image.number(kind, 1), if inside == 0 { 0 } else { 2 });
        assert!(inside == 0 || (first.start..first.end).contains(&inside));
        return;
    };
    assert_eq!((image.word(at), image.number(kind, 1)), (range.start, 2));
    let (first, second) = (region(process, range.start), region(process, range.start + 0x2000));
    assert_eq!((first.state, first.size), (MEM_COMMIT, 0x2000));
    assert_eq!((second.state, second.size), (MEM_RESERVE, 0x1_8000));
    assert_eq!(range.end, second.base + second.size);
}

#[test]
fn segment_lists_are_circles_of_segments() {
    for (name, process, truth) in nt_presets() {
        let (width, [.., segment_list, free_lists, _, _, _]) = column(name);
        let image = Image::new(&process, width);
        for heap in &truth.heaps {
            let links = image.circle(heap.handle + segment_list);
            let link = if width == Width::W32 { 0x10 } else { 0x18 };
            let mut found: Vec<_> = links.iter().map(|at| segment(&image, at - link, heap.handle)).collect();
            assert_eq!(found[0].0, heap.handle);
            found.sort_unstable();
            let wanted: Vec<_> = heap.of(HeapClass::Segment).map(|range| (range.start, range.end)).collect();
            assert_eq!(found, wanted);
            assert!(image.circle(heap.handle + free_lists).is_empty());
        }
    }
}

/// Base and end of a segment whose signature, back pointer and counts are right.
fn segment(image: &Image, at: u64, heap: u64) -> (u64, u64) {
    let narrow = image.width == Width::W32;
    let [signature, back, base, pages, first, last, uncommitted] = if narrow {
        [0x8, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C]
    } else {
        [0x10, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50]
    };
    assert_eq!(image.u32(at + signature), 0xFFEE_FFEE);
    assert_eq!(image.word(at + back), heap);
    assert_eq!(image.word(at + base), at);
    let end = at + image.u32(at + pages) * 0x1000;
    assert_eq!(image.word(at + last), end);
    assert!((at..end).contains(&image.word(at + first)));
    assert!(image.u32(at + uncommitted) < image.u32(at + pages));
    (at, end)
}

#[test]
fn uncommitted_pages_are_the_reserved_ones() {
    let (process, truth) = heaps::nt_win10_x64();
    let image = Image::new(&process, Width::W64);
    for heap in &truth.heaps {
        for range in heap.of(HeapClass::Segment) {
            let regions = process.regions.as_ref().unwrap().iter();
            let inside = regions.filter(|part| part.base >= range.start && part.base < range.end);
            let reserved: Vec<_> = inside
                .filter(|part| part.state == MEM_RESERVE)
                .map(|part| range.end.min(part.base + part.size) - part.base)
                .collect();
            assert_eq!(image.u32(range.start + 0x50) * 0x1000, reserved.iter().sum::<u64>());
            assert_eq!(image.u32(range.start + 0x54), reserved.len() as u64);
        }
    }
}

/// As in the sample: 0xFF pages of a segment in a reservation of 0x100.
#[test]
fn the_page_behind_a_segment_belongs_to_no_segment() {
    let (process, truth) = heaps::nt_win10_x64();
    let first = truth.heaps[0].of(HeapClass::Segment).next().unwrap();
    assert_eq!(first.end - first.start, 0xFF000);
    let behind = region(&process, first.end);
    assert_eq!(behind.allocation_base, first.start);
    assert_eq!(behind.base + behind.size, first.start + 0x10_0000);
}

#[test]
fn large_blocks_are_entries_with_encoded_unused_bytes() {
    for (name, process, truth) in nt_presets() {
        let (width, [encoding, mask, _, _, _, blocks, ..]) = column(name);
        let image = Image::new(&process, width);
        let (commit, reserve, busy) =
            if width == Width::W32 { (0x10, 0x14, 0x18) } else { (0x20, 0x28, 0x38) };
        let key_at = if width == Width::W32 { encoding } else { encoding + 8 };
        for heap in &truth.heaps {
            let encoded = image.u32(heap.handle + mask) == 0x10_0000;
            let key = if encoded { image.number(heap.handle + key_at, 8) } else { 0 };
            assert_eq!(encoded, heap.index != Some(1));
            let entries = image.circle(heap.handle + blocks);
            assert_eq!(entries, heap.large.iter().map(|block| block.address).collect::<Vec<_>>());
            for (block, entry) in heap.large.iter().zip(entries) {
                assert_eq!(entry % 0x1000, 0);
                let size = image.word(entry + commit);
                assert!(size <= image.word(entry + reserve));
                let header = image.number(entry + busy, 8) ^ key;
                let [low, high, flags, tag, ..] = header.to_le_bytes();
                assert_eq!(tag, if encoded { low ^ high ^ flags } else { 0 });
                assert_eq!(size - u64::from(u16::from_le_bytes([low, high])), block.user_size);
                let range = heap.of(HeapClass::LargeBlock).find(|range| range.start == entry).unwrap();
                assert_eq!(range.end, entry + size);
                let found = region(&process, entry);
                assert_eq!((found.base, found.size, found.state), (entry, size, MEM_COMMIT));
            }
        }
    }
}

#[test]
fn large_blocks_begin_inside_their_allocation_since_windows_8() {
    for (name, process, truth) in nt_presets() {
        let distances: Vec<_> = truth.heaps[..2]
            .iter()
            .flat_map(|heap| &heap.large)
            .map(|block| (block.address - region(&process, block.address).allocation_base) / 0x1000)
            .collect();
        let behind = truth.heaps[..2].iter().flat_map(|heap| heap.of(HeapClass::LargeBlock));
        let states: Vec<_> = behind.map(|range| region(&process, range.end).allocation_base).collect();
        if name.contains("win7") {
            assert_eq!(distances, [0; 4]);
            assert!(states.contains(&0));
        } else {
            assert_eq!(distances, [6, 15, 0, 1]);
            assert!(!states.contains(&0));
        }
    }
}

/// A request of 0x80000 bytes commits 0x81000, of which 0x1000 are unused.
#[test]
fn a_known_large_block() {
    let block = LargeBlock::new(Width::W32, 0x10_0000, 0, 0x8_0000);
    assert_eq!((block.commit_size, block.unused), (0x8_1000, 0x1000));
}

#[test]
fn block_headers_chain_through_the_first_committed_pages() {
    for (name, process, truth) in nt_presets() {
        let (width, [encoding, ..]) = column(name);
        let image = Image::new(&process, width);
        let (granule, meaning) = if width == Width::W32 { (8, 0) } else { (16, 8) };
        let heap = truth.heaps[0].handle;
        let key = image.number(heap + encoding + meaning, 8);
        let mut at = heap;
        let mut previous = 0;
        while at != heap + 0x5_4000 {
            let [low, high, flags, tag, before, before_high, ..] =
                (image.number(at + meaning, 8) ^ key).to_le_bytes();
            assert_eq!(tag, low ^ high ^ flags);
            assert_eq!(u16::from_le_bytes([before, before_high]), previous);
            previous = u16::from_le_bytes([low, high]);
            at += u64::from(previous) * granule;
        }
        assert_eq!(previous, 4); // what is not committed behind
    }
}

#[test]
fn every_place_names_the_same_windows() {
    for (name, process, _) in nt_presets() {
        let (width, _) = column(name);
        let image = Image::new(&process, width);
        let (at, version, build) = if width == Width::W32 {
            (presets::tiny::X86.peb, 0xA4, 0xAC)
        } else {
            (presets::tiny::X64.peb, 0x118, 0x120)
        };
        let system = process.system.as_ref().unwrap();
        let peb = [image.u32(at + version), image.u32(at + version + 4), image.u16(at + build)];
        assert_eq!(peb, [system.major, system.minor, system.build].map(u64::from));
        let shared = [0x26C, 0x270].map(|field| image.u32(0x7FFE_0000 + field));
        assert_eq!(shared, peb[..2]);
        let number = if system.major == 10 { peb[2] } else { 0 };
        assert_eq!(image.u32(0x7FFE_0260), number);
        let builds = [("win7", 7601), ("win8", 9600), ("1607", 14393), ("1803", 17134), ("win10", 19045)];
        let wanted = builds.iter().find(|(word, _)| name.contains(word)).unwrap().1;
        assert_eq!(system.build, wanted);
    }
}

#[test]
fn sizes_that_were_asked_for() {
    for (_, _, truth) in nt_presets() {
        let sizes: Vec<_> = truth.heaps[0].large.iter().map(|block| block.user_size).collect();
        assert_eq!(sizes, [0x10_0000, 0x8_0000]);
        // As in the sample listing: 0x100000 bytes make a large block of 0x101000.
        let block = truth.heaps[0].of(HeapClass::LargeBlock).next().unwrap();
        assert_eq!(block.end - block.start, 0x10_1000);
    }
}

#[test]
fn a_shared_heap_is_mapped() {
    let (process, truth) = heaps::nt_win10_x64();
    let shared = region(&process, truth.heaps[2].handle);
    assert_eq!((shared.kind, shared.size), (MEM_MAPPED, 0x1_0000));
}

#[test]
fn counters_and_user_context_can_be_set() {
    let heap = NtHeap {
        segments: vec![NtSegment::new(0x1_0000, 0xF, 2)],
        user_context: 0x1234_5678_9ABC,
        ..NtHeap::new(NtLayout::Win10X64, 0x1_0000)
    };
    let mut process = Process::default();
    heap.put(&mut process);
    process.memory = vec![dumplens_synth::Range { start: 0x1_0000, size: 0x1000 }];
    let image = Image::new(&process, Width::W64);
    assert_eq!(image.word(0x1_0188), 0x1234_5678_9ABC);
    assert_eq!((image.word(0x1_0238), image.word(0x1_0240)), (0xF000, 0x2000));
}

#[test]
fn dumps_are_small() {
    for (name, process, _) in nt_presets() {
        assert!(process.to_bytes().0.len() < 300 << 10, "{name}");
    }
}
