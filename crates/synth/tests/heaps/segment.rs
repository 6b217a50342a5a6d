//! Segment heaps: bytes at the offsets of the specification's table, restated here.

use dumplens_synth::heap::{HeapClass, HeapKind, HeapTruth, Truth};
use dumplens_synth::presets::{self, heaps};
use dumplens_synth::{MEM_COMMIT, Process, Width};

use crate::image::{Image, coherent, peb_is_right, region};

/// LargeAllocMetadata, LargeReservedPages, ProcessHeapListIndex, MemStats, heads of segment lists.
struct Column {
    name: &'static str,
    tree: u64,
    pages: u64,
    index: u64,
    stats: u64,
    heads: &'static [u64],
    /// How far into a context its list head lies; 0 without contexts.
    inside: u64,
    /// Pages of the header.
    header: u64,
}

const COLUMNS: &[Column] = &[
    Column {
        name: "segment_10240",
        tree: 0x30,
        pages: 0x40,
        index: 0x18,
        stats: 0,
        heads: &[0x78],
        inside: 0,
        header: 0xD,
    },
    Column {
        name: "segment_1607",
        tree: 0x38,
        pages: 0x48,
        index: 0x24,
        stats: 0,
        heads: &[0x60],
        inside: 0,
        header: 0xD,
    },
    Column {
        name: "segment_1703",
        tree: 0x38,
        pages: 0x48,
        index: 0x24,
        stats: 0,
        heads: &[0x60],
        inside: 0,
        header: 0xD,
    },
    Column {
        name: "segment_1709",
        tree: 0x50,
        pages: 0x60,
        index: 0x3C,
        stats: 0x18,
        heads: &[0x70 + 0x20, 0x70 + 0x68 + 0x20],
        inside: 0x20,
        header: 0xE,
    },
    Column {
        name: "segment_1803",
        tree: 0x50,
        pages: 0x60,
        index: 0x3C,
        stats: 0x18,
        heads: &[0x70 + 0x20, 0x70 + 0x78 + 0x20],
        inside: 0x20,
        header: 0xE,
    },
    // Where ProcessHeapListIndex lies is not known.
    Column {
        name: "segment_1803_x86",
        tree: 0x34,
        pages: 0x3C,
        index: 0x2C,
        stats: 0x10,
        heads: &[0x44 + 0x14, 0x44 + 0x40 + 0x14],
        inside: 0x14,
        header: 0x7,
    },
    Column {
        name: "segment_2004",
        tree: 0x48,
        pages: 0x58,
        index: 0x1C,
        stats: 0x80,
        heads: &[0x100 + 0x48, 0x1C0 + 0x48],
        inside: 0x48,
        header: 0xF,
    },
    Column {
        name: "segment_win11",
        tree: 0x48,
        pages: 0x58,
        index: 0x1C,
        stats: 0x80,
        heads: &[0x140 + 0x48, 0x200 + 0x48],
        inside: 0x48,
        header: 0xF,
    },
    Column {
        name: "segment_24h2",
        tree: 0x48,
        pages: 0x58,
        index: 0x1C,
        stats: 0x80,
        heads: &[0x140 + 0x48, 0x200 + 0x48],
        inside: 0x48,
        header: 0x100,
    },
    Column {
        name: "segment_2004_x86",
        tree: 0x44,
        pages: 0x4C,
        index: 0x14,
        stats: 0x80,
        heads: &[0x100 + 0x44, 0x180 + 0x44],
        inside: 0x44,
        header: 0xD,
    },
];

fn each(check: impl Fn(&Column, &Process, &Truth, &Image)) {
    for column in COLUMNS {
        let (_, make) = heaps::ALL.iter().find(|preset| preset.0 == column.name).unwrap();
        let (process, truth) = make();
        let width = if column.name.ends_with("x86") { Width::W32 } else { Width::W64 };
        check(column, &process, &truth, &Image::new(&process, width));
    }
}

fn segment_heaps(truth: &Truth) -> impl Iterator<Item = &HeapTruth> {
    truth.heaps.iter().filter(|heap| heap.kind == HeapKind::Segment)
}

#[test]
fn regions_and_peb_are_coherent() {
    each(|_, process, truth, image| {
        coherent(process, truth);
        let at = if image.width == Width::W32 { presets::tiny::X86 } else { presets::tiny::X64 };
        peb_is_right(process, truth, image.width, at.peb);
        assert_eq!(segment_heaps(truth).count(), 2);
        assert!(process.to_bytes().0.len() < 300 << 10);
    });
}

#[test]
fn headers_have_the_fields_of_their_column() {
    each(|column, _, truth, image| {
        let word = image.width.bytes() as u64;
        for (number, heap) in (1..).zip(segment_heaps(truth)) {
            let at = |offset: u64| heap.handle + offset;
            assert_eq!(image.u32(at(2 * word)), 0xDDEE_DDEE);
            assert_eq!(image.u16(at(column.index)), number);
            let large: u64 = heap.of(HeapClass::LargeBlock).map(|range| range.end - range.start).sum();
            assert_eq!(image.word(at(column.pages) + word) * 0x1000, large);
            assert!(image.word(at(column.pages)) * 0x1000 >= large);
            let segments: u64 = heap.of(HeapClass::Segment).map(|range| range.end - range.start).sum();
            let header: u64 = heap.of(HeapClass::Header).map(|range| range.end - range.start).sum();
            assert_eq!(header, column.header * 0x1000);
            assert_eq!(image.word(at(column.stats)) * 0x1000, segments + header);
            assert!(image.word(at(column.stats) + word) * 0x1000 < segments);
        }
    });
}

#[test]
fn segment_lists_are_circles_of_segments() {
    each(|column, process, truth, image| {
        let word = image.width.bytes() as u64;
        for heap in segment_heaps(truth) {
            let mut found = Vec::new();
            for &head in column.heads {
                let links = image.circle(heap.handle + head);
                assert_eq!(image.word(heap.handle + head + 2 * word), links.len() as u64);
                // The low half of SegmentMask, at the beginning of the context.
                let size = if column.heads.len() == 1 {
                    0x10_0000
                } else {
                    0x1_0000_0000 - image.u32(heap.handle + head - column.inside)
                };
                for segment in links {
                    assert_eq!(segment % size, 0);
                    assert_ne!(image.word(segment + 2 * word), 0);
                    found.push((segment, segment + size));
                    let region = region(process, segment);
                    assert_eq!((region.base, region.allocation_base), (segment, segment));
                    assert_eq!(region.state, MEM_COMMIT);
                }
            }
            found.sort_unstable();
            let wanted: Vec<_> = heap.of(HeapClass::Segment).map(|range| (range.start, range.end)).collect();
            assert_eq!(found, wanted);
        }
    });
}

/// (address, user size, pages) of the blocks of a tree, in address order.
fn tree(image: &Image, root: u64) -> Vec<(u64, u64, u64)> {
    let word = image.width.bytes() as u64;
    let (mut blocks, mut open, mut at, mut parent) = (Vec::new(), Vec::new(), root, 0);
    loop {
        while at != 0 {
            assert_eq!(image.word(at + 2 * word) & !3, parent);
            open.push(at);
            parent = at;
            at = image.word(at);
        }
        let Some(node) = open.pop() else { return blocks };
        let address = image.word(node + 3 * word);
        let pages = image.u32(node + 4 * word) >> 12;
        blocks.push((address & !0xFFFF, pages * 0x1000 - (address & 0xFFFF), pages));
        parent = node;
        at = image.word(node + word);
    }
}

#[test]
fn large_blocks_are_in_the_tree() {
    each(|column, process, truth, image| {
        for heap in segment_heaps(truth) {
            let blocks = tree(image, image.word(heap.handle + column.tree));
            let sizes: Vec<_> = blocks.iter().map(|&(address, user, _)| (address, user)).collect();
            let wanted: Vec<_> = heap.large.iter().map(|block| (block.address, block.user_size)).collect();
            assert_eq!(sizes, wanted);
            assert!(wanted.len() >= 3);
            for (address, _, pages) in blocks {
                let found = region(process, address);
                assert_eq!((found.base, found.allocation_base), (address, address));
                assert_eq!(found.size, pages * 0x1000);
            }
            let min = image.word(heap.handle + column.tree + image.width.bytes() as u64);
            assert_eq!(image.word(min), 0);
            assert_eq!(image.word(min + 3 * image.width.bytes() as u64) & !0xFFFF, wanted[0].0);
        }
    });
}

#[test]
fn encoded_roots_decode_with_the_address_of_the_tree() {
    let (process, truth) = heaps::segment_2004_encoded_root();
    let image = Image::new(&process, Width::W64);
    for heap in segment_heaps(&truth) {
        let at = heap.handle + 0x48;
        assert_eq!(image.word(at + 8) & 1, 1);
        assert_eq!(tree(&image, image.word(at) ^ at).len(), heap.large.len());
    }
}

/// What is asked for in a request of one page and a byte.
#[test]
fn unused_bytes_and_guard_pages() {
    let (process, truth) = heaps::segment_2004();
    let image = Image::new(&process, Width::W64);
    let nodes = truth.heaps[0].handle + 0x2000;
    assert_eq!(image.word(nodes + 0x40 + 0x18) & 0xFFFF, 0x8_2000 - 0x8_1234);
    assert_eq!(image.u32(nodes + 0x80 + 0x20), 0x201 << 12 | 2);
    assert_eq!(image.u32(nodes + 0x20), 0x100 << 12);
}
