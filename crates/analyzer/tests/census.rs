//! The census of processes whose memory was filled with what is known.
#![allow(clippy::cast_possible_truncation)] // sizes that fit, and colours

use dumplens_analyzer::contents::{
    self, CensusOptions, CensusReport, ClassProof, Extent, GroupKind, PageKind, Reading, ShapeKind,
    ShapeReport, Use,
};
use dumplens_analyzer::diff::{CensusKey, Side};
use dumplens_analyzer::render::{html, markdown};
use dumplens_analyzer::symbols::Search;
use dumplens_analyzer::{Difference, Facts, Options, Process, Question, Report, TrimOptions};
use dumplens_core::Dump;
use dumplens_synth::heap::NtBlock;
use dumplens_synth::presets::heaps::filled::{Filled, Filling, filled};
use dumplens_synth::{MEM_COMMIT, MEM_PRIVATE, MEM_RESERVE, PAGE_READWRITE, Region, Width};

const WIDTHS: [Width; 2] = [Width::W64, Width::W32];
const KIB: u64 = 1 << 10;

/// A generator of numbers that look random: xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 16) % end
    }
}

fn census(synthetic: &dumplens_synth::Process, reading: Reading) -> CensusReport {
    let dump = Dump::open(synthetic.to_bytes().0).unwrap();
    let options = CensusOptions { reading, rows: 1000, ..CensusOptions::default() };
    contents::census(&Process::gather(&dump), &options).unwrap()
}

fn words(width: Width, words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()[..width.bytes()].to_vec()).collect()
}

/// The shape of the first allocation or large block of a size.
fn shape(census: &CensusReport, size: u64) -> &ShapeReport {
    let group = census.groups.iter().find(|group| group.size_bytes == size).unwrap();
    group.shape.as_ref().unwrap()
}

/// A process of one allocation, filled by a function from its base to its bytes, and the shape that it has.
fn shape_of(width: Width, size: u64, fill: impl FnOnce(&Filled) -> Vec<u8>) -> ShapeReport {
    let mut it = filled(width, &Filling { allocations: vec![size, 64 * KIB], ..Filling::default() });
    let bytes = fill(&it);
    it.process.put(it.allocations[0], &bytes);
    shape(&census(&it.process, Reading::Whole), size).clone()
}

#[test]
fn every_byte_of_the_commit_has_one_use() {
    for width in WIDTHS {
        let blocks = vec![NtBlock { size: 100, busy: true }; 200];
        let filling = Filling { blocks, large: vec![0x12_3456], allocations: vec![256 * KIB; 5] };
        let it = filled(width, &filling);
        let dump = Dump::open(it.process.to_bytes().0).unwrap();
        let process = Process::gather(&dump);
        let facts = Facts::gather(&process, Question::Lists, &Options::default());
        for reading in [Reading::Map, Reading::Whole, Reading::Sample] {
            let census = census(&it.process, reading);
            let sum: u64 = census.uses.iter().map(|row| row.bytes).sum();
            assert_eq!(Some(sum), facts.memory.private_commit_estimate_bytes, "{reading:?}");
            assert_eq!(sum, census.private_bytes);
            assert!(census.faults.is_empty(), "{:?}", census.faults);
        }
        let whole = census(&it.process, Reading::Whole);
        let bytes = |of: Use| whole.uses.iter().find(|row| row.of == of).map_or(0, |row| row.bytes);
        assert_eq!(bytes(Use::Groups), 5 * 256 * KIB);
        // Those of the preset: three in segments of the heap, and the low-fragmentation heap's.
        let busy = bytes(Use::HeapBusy) - 200 * 100 - 0x12_3456;
        assert!(busy < 1000, "{busy}");
        let group = whole.groups.iter().find(|group| group.size_bytes == 256 * KIB).unwrap();
        assert_eq!((group.kind, group.count, group.bytes), (GroupKind::Allocation, 5, 5 * 256 * KIB));
        let large = whole.groups.iter().find(|group| group.kind == GroupKind::LargeBlock).unwrap();
        assert_eq!((large.size_bytes, large.count), (0x12_3456, 1));
    }
}

#[test]
fn each_of_many_allocations_has_its_size() {
    let many = 70_000;
    let allocation = |n: u64| {
        let base = 0x1_0000_0000 + n * 0x4000;
        let part = |from: u64, size: u64, state, protect| Region {
            base: base + from,
            size,
            allocation_base: base,
            allocation_protect: PAGE_READWRITE,
            state,
            protect,
            kind: MEM_PRIVATE,
        };
        [part(0, 0x1000, MEM_COMMIT, PAGE_READWRITE), part(0x1000, 0x3000, MEM_RESERVE, 0)]
    };
    let regions = Some((0..many).flat_map(allocation).collect());
    let census = census(&dumplens_synth::Process { regions, ..Default::default() }, Reading::Map);
    let groups: Vec<_> =
        census.groups.iter().map(|group| (group.size_bytes, group.count, group.bytes)).collect();
    assert_eq!(groups, [(0x4000, many, many * 0x1000)]);
}

#[test]
fn objects_are_blocks_in_use_that_begin_with_a_vftable() {
    for width in WIDTHS {
        let blocks: Vec<NtBlock> = (0..600).map(|n| NtBlock { size: 0x30, busy: n % 3 != 2 }).collect();
        let mut it = filled(width, &Filling { blocks, ..Filling::default() });
        let tables = it.tables;
        let (mut wanted, word) = ([0u64; 3], width.bytes() as u64);
        for (n, at) in it.blocks.clone().into_iter().enumerate() {
            // Each of them also has the vftable of a second base, and a third of them are freed: their pointers are stale.
            let class = n % 7 % 3;
            let table = [tables.widget, tables.gadget, tables.nameless][class];
            it.process.put(at, &words(width, &[table]));
            it.process.put(at + 2 * word, &words(width, &[tables.widget_base]));
            wanted[class] += u64::from(n % 3 != 2);
        }
        let census = census(&it.process, Reading::Whole);
        let found = |table: u64| census.classes.iter().find(|class| class.vftable.0 == table).unwrap();
        for (n, (table, name, proof)) in [
            (tables.widget, "app::Widget", ClassProof::Rtti),
            (tables.gadget, "app::Gadget", ClassProof::Rtti),
            (tables.nameless, "shapes+", ClassProof::Code),
        ]
        .into_iter()
        .enumerate()
        {
            let class = found(table);
            assert_eq!((class.objects, class.bytes), (wanted[n], wanted[n] * 0x30), "{name}");
            assert!(class.name.starts_with(name), "{}", class.name);
            assert_eq!((class.proof, class.module.as_deref()), (proof, Some("shapes")));
            assert!(class.pointers >= class.objects, "stale ones are pointers");
            assert_eq!(class.size_bytes, Some(0x30), "{name}");
        }
        assert_eq!(census.classes.len(), 3, "{:?}", census.classes);
    }
}

/// A table without type information has the name that a PDB gives its address; what has its own keeps it.
#[test]
fn names_of_symbols_are_for_tables_without_their_own() {
    let blocks = vec![NtBlock { size: 0x30, busy: true }; 60];
    let mut it = filled(Width::W64, &Filling { blocks, ..Filling::default() });
    let tables = it.tables;
    for (n, at) in it.blocks.clone().into_iter().enumerate() {
        it.process.put(at, &words(Width::W64, &[[tables.widget, tables.nameless][n % 2]]));
    }
    let dump = Dump::open(it.process.to_bytes().0).unwrap();
    let process = Process::gather(&dump);
    let named = |text: &'static str| {
        let symbol = move |_| Some(text.to_owned());
        let options =
            CensusOptions { reading: Reading::Whole, symbol: Some(&symbol), ..CensusOptions::default() };
        let census = contents::census(&process, &options).unwrap();
        let of = |table: u64| census.classes.iter().find(|class| class.vftable.0 == table).unwrap().clone();
        assert_eq!(
            (of(tables.widget).name.as_str(), of(tables.widget).proof),
            ("app::Widget", ClassProof::Rtti)
        );
        (of(tables.nameless).name, of(tables.nameless).proof)
    };
    assert_eq!(named("const app::Shape::`vftable'"), ("app::Shape".to_owned(), ClassProof::Pdb));
    assert_eq!(named("app::Shape::`vftable'{for `app::Base'}"), ("app::Shape".to_owned(), ClassProof::Pdb));
    assert_eq!(named("app::table_of_numbers").1, ClassProof::Code);
}

#[test]
fn pointers_to_other_constants_are_no_classes() {
    for width in WIDTHS {
        let blocks = vec![NtBlock { size: 64, busy: true }; 100];
        let mut it = filled(width, &Filling { blocks, ..Filling::default() });
        for at in it.blocks.clone() {
            it.process.put(at, &words(width, &[it.tables.text]));
        }
        let census = census(&it.process, Reading::Whole);
        assert!(census.classes.is_empty() && census.vftables.is_empty(), "{:?}", census.classes);
    }
}

#[test]
fn without_the_image_the_map_says_what_may_be_a_table() {
    let blocks = vec![NtBlock { size: 64, busy: true }; 100];
    let mut it = filled(Width::W64, &Filling { blocks, ..Filling::default() });
    for at in it.blocks.clone() {
        it.process.put(at, &words(Width::W64, &[it.tables.widget]));
    }
    it.process.memory.retain(|range| range.start < 0x7ff0_0000_0000 || range.start > 0x7fff_0000_0000);
    let census = census(&it.process, Reading::Whole);
    let [class] = &census.classes[..] else { panic!("{:?}", census.classes) };
    assert_eq!((class.proof, class.objects, class.bytes), (ClassProof::Address, 100, 6400));
}

/// A string of MSVC's library at an address; what it points to is put apart.
fn msvc_string(width: Width, text: &[u8], unit: u64, heap: &mut dyn FnMut(&[u8]) -> u64) -> Vec<u8> {
    let units = text.len() as u64 / unit;
    let short = 16 / unit - 1;
    let mut bytes = if units <= short {
        let mut buffer = text.to_vec();
        buffer.resize(16, 0);
        buffer
    } else {
        let mut of_heap = text.to_vec();
        of_heap.extend([0; 2]);
        let mut buffer = words(width, &[heap(&of_heap)]);
        buffer.resize(16, 0xcc);
        buffer
    };
    bytes.extend(words(width, &[units, units.max(short) | short]));
    bytes
}

#[test]
fn arrays_of_strings() {
    for width in WIDTHS {
        for (unit, name) in [(1, "std::string"), (2, "std::wstring")] {
            let size = 512 * KIB;
            let filling = Filling { allocations: vec![size, 1024 * KIB], ..Filling::default() };
            let mut it = filled(width, &filling);
            let (base, mut texts) = (it.allocations[0], it.allocations[1]);
            let element = 16 + 2 * width.bytes() as u64;
            let mut random = Random(9);
            for n in 0..(size - 16) / element {
                let length = random.below(24);
                let text: Vec<u8> = (0..length * unit)
                    .map(|n| if n % unit == 0 { b'a' + (n / unit % 26) as u8 } else { 0 })
                    .collect();
                let mut put = |bytes: &[u8]| {
                    let at = texts;
                    it.process.put(at, bytes);
                    texts += (bytes.len() as u64 + 32) & !15;
                    at
                };
                let string = msvc_string(width, &text, unit, &mut put);
                it.process.put(base + 16 + n * element, &string);
            }
            let found = shape(&census(&it.process, Reading::Whole), size).clone();
            assert_eq!(
                (found.kind, found.name.as_deref()),
                (ShapeKind::Named, Some(name)),
                "{width:?} {found:?}"
            );
            assert_eq!(found.element_bytes, Some(element));
            assert!(found.share >= 0.95, "{found:?}");
            let text = text_of(&it.process, size);
            assert_eq!(text.as_ref().map(|text| text.matches('"').count()), Some(8), "{width:?} {text:?}");
            let is_begin = |text: &str| !text.is_empty() && "abcdefghijklmnopqrstuvwxyz".starts_with(text);
            let shown = text.as_deref().unwrap().trim_matches('"').split("\" \"");
            assert!(shown.clone().count() == 4 && shown.clone().all(is_begin), "{width:?} {text:?}");
        }
    }
}

/// What is shown of the text of a group to those who ask for it; others see none.
fn text_of(synthetic: &dumplens_synth::Process, size: u64) -> Option<String> {
    let dump = Dump::open(synthetic.to_bytes().0).unwrap();
    let process = Process::gather(&dump);
    let [unasked, asked] = [false, true].map(|strings| {
        let options = CensusOptions { reading: Reading::Whole, strings, ..CensusOptions::default() };
        let census = contents::census(&process, &options).unwrap();
        census.groups.into_iter().find(|group| group.size_bytes == size).unwrap().text
    });
    assert_eq!(unasked, None);
    asked
}

#[test]
fn arrays_of_gnu_strings_are_shown_to_those_who_ask() {
    for width in WIDTHS {
        let (size, word) = (256 * KIB, width.bytes() as u64);
        let mut it = filled(width, &Filling { allocations: vec![size, 2 * size], ..Filling::default() });
        let (base, mut texts) = (it.allocations[0], it.allocations[1]);
        let element = 16 + 2 * word;
        for n in 0..size / element {
            let (at, text) = (base + n * element, format!("{n:06} and more of it"));
            let text = &text[..6 + (n % 15) as usize];
            let (pointer, mut rest) = if text.len() < 16 {
                (at + 2 * word, text.as_bytes().to_vec())
            } else {
                it.process.put(texts, text.as_bytes());
                texts += 32;
                (texts - 32, words(width, &[text.len() as u64]))
            };
            rest.resize(16, 0);
            let string = [words(width, &[pointer, text.len() as u64]), rest].concat();
            it.process.put(at, &string);
        }
        let text = text_of(&it.process, size).unwrap();
        let number = |text: &str| text[..6].parse::<u64>().unwrap();
        let shown: Vec<u64> = text.trim_matches('"').split("\" \"").map(number).collect();
        let middle = size / 2 / element;
        assert!(
            shown.len() == 4 && shown.iter().all(|n| (middle..middle + 6).contains(n)),
            "{width:?} {text}"
        );
    }
}

#[test]
fn what_only_looks_like_strings_is_told_as_columns() {
    for width in WIDTHS {
        // A pointer, a word, and two numbers of which the first is smaller: as a string, but nothing ends where it says.
        let found = shape_of(width, 512 * KIB, |it| {
            let mut random = Random(5);
            let element = |_| {
                let size = 4 + random.below(60);
                words(
                    width,
                    &[it.allocations[1] + 16 * random.below(1000), 7, size, size + 16 + random.below(9)],
                )
            };
            (0..512 * KIB / (4 * width.bytes() as u64)).flat_map(element).collect()
        });
        assert_ne!(found.kind, ShapeKind::Named, "{found:?}");
        assert_eq!(found.element_bytes, Some(4 * width.bytes() as u64), "{found:?}");
    }
}

#[test]
fn numbers_text_pixels_and_noise() {
    for width in WIDTHS {
        let size = 256 * KIB;
        let fill = |word: &mut dyn FnMut(u64) -> u64| {
            (0..size / 8).flat_map(|n| word(n).to_le_bytes()).collect::<Vec<u8>>()
        };
        let kind = |bytes: Vec<u8>| shape_of(width, size, |_| bytes).kind;
        let mut random = Random(11);
        assert_eq!(kind(fill(&mut |_| random.next())), ShapeKind::Random);
        assert_eq!(kind(fill(&mut |_| 0xcccc_cccc_cccc_cccc)), ShapeKind::Fill);
        assert_eq!(kind(Vec::new()), ShapeKind::Zero);
        let text: Vec<u8> =
            "The quick brown fox jumps over the lazy dog; ".bytes().cycle().take(size as usize).collect();
        assert_eq!(kind(text.clone()), ShapeKind::Ascii);
        let wide = text.iter().take(size as usize / 2).flat_map(|byte| [*byte, 0]).collect();
        assert_eq!(kind(wide), ShapeKind::Utf16);
        let mut number = |_| ((random.next() >> 11) as f64 / 9e15 * 1e3 - 500.0).to_bits();
        assert_eq!(kind(fill(&mut number)), ShapeKind::Doubles);
        let whole = kind(fill(&mut |n| ((n * n % 1009) as f64).to_bits()));
        assert_ne!(whole, ShapeKind::Floats, "whole numbers of type double");
        let mut number = || u64::from(((random.next() >> 40) as f32 / 1e6 - 8.0).to_bits());
        assert_eq!(kind(fill(&mut |_| number() | number() << 32)), ShapeKind::Floats);
        let picture = (0..size / 4).flat_map(|n| {
            let (x, y) = (n % 320, n / 320);
            [(x / 2) as u8, (y / 3) as u8, ((x + y) / 4) as u8, 0xff]
        });
        assert_eq!(kind(picture.collect()), ShapeKind::Pixels);
        let counters = fill(&mut |n| n << 32 | (n * 2));
        assert!(!matches!(kind(counters), ShapeKind::Pixels | ShapeKind::Doubles | ShapeKind::Random));
    }
}

#[test]
fn elements_of_one_kind_of_word_have_a_size_by_their_values() {
    // Three columns of numbers, far apart from each other.
    let found = shape_of(Width::W64, 512 * KIB, |_| {
        let element =
            |n: u64| words(Width::W64, &[0x1000_0000 + n, 0x2000_0000_0000_0001 + n % 50, 0x30_0000 + n % 9]);
        (0..512 * KIB / 24).flat_map(element).collect()
    });
    assert_eq!(found.element_bytes, Some(24), "{found:?}");
}

#[test]
fn one_page_in_forty_in_use() {
    let found = shape_of(Width::W64, 640 * KIB, |_| {
        let mut bytes = vec![0; 640 << 10];
        for page in (0..160).step_by(40) {
            bytes[page * 4096 + 8] = 1;
        }
        bytes
    });
    assert!(found.used_share < 0.05, "{found:?}");
}

/// Nodes of a list and of a tree, in the order of a shuffled walk.
#[test]
fn nodes_of_lists_and_maps() {
    for width in WIDTHS {
        let word = width.bytes() as u64;
        let (list, tree) = (6 * word, 7 * word);
        let mut blocks = vec![NtBlock { size: list, busy: true }; 400];
        blocks.extend(vec![NtBlock { size: tree, busy: true }; 401]);
        let mut it = filled(width, &Filling { blocks, ..Filling::default() });
        let (nodes, trees) = it.blocks.split_at(400);
        let (nodes, trees) = (nodes.to_vec(), trees.to_vec());
        let order: Vec<usize> = (0..400).map(|n| n * 77 % 400).collect();
        for (n, of) in order.iter().enumerate() {
            let next = nodes[order[(n + 1) % 400]];
            let previous = nodes[order[(n + 399) % 400]];
            it.process.put(nodes[*of], &words(width, &[next, previous, n as u64]));
        }
        // The head is the first; the others a heap-ordered tree: children of n are 2n and 2n + 1.
        let head = trees[0];
        let child = |n: usize| trees.get(n).copied().filter(|_| n <= 400).unwrap_or(head);
        for n in 1..=400 {
            let parent = if n == 1 { head } else { trees[n / 2] };
            it.process.put(trees[n], &words(width, &[child(2 * n), parent, child(2 * n + 1), 1, n as u64]));
        }
        it.process.put(head, &words(width, &[trees[256], trees[1], trees[400], 0x101]));
        let census = census(&it.process, Reading::Whole);
        let name = |size: u64| shape(&census, size).name.clone();
        assert_eq!(name(list).as_deref(), Some("node of std::list or std::unordered_map"), "{width:?}");
        assert_eq!(name(tree).as_deref(), Some("node of std::map or std::set"), "{width:?}");
    }
}

#[test]
fn vectors_are_named_where_they_bound_blocks() {
    for (bounds, is_vector) in [(true, true), (false, false)] {
        let blocks = vec![NtBlock { size: 96, busy: true }; 1500];
        let size = 128 * KIB;
        let mut it = filled(Width::W64, &Filling { blocks, allocations: vec![size], ..Filling::default() });
        let mut random = Random(3);
        let vectors = (0..size / 24).flat_map(|n| {
            let at = it.blocks[n as usize % 1500] + if bounds { 0 } else { 32 };
            words(Width::W64, &[at, at + 8 * random.below(8), at + if bounds { 96 } else { 1024 }])
        });
        let bytes: Vec<u8> = vectors.collect();
        it.process.put(it.allocations[0], &bytes);
        let found = shape(&census(&it.process, Reading::Whole), size).clone();
        assert_eq!(found.name.as_deref() == Some("std::vector"), is_vector, "{found:?}");
        assert!(!is_vector || found.element_bytes == Some(24), "{found:?}");
    }
}

/// Of 64 MiB, pages of each kind in runs of random length; how much there is of each is known.
#[test]
fn intervals_hold_the_truth() {
    let size: u64 = 48 << 20;
    let mut it = filled(Width::W64, &Filling { allocations: vec![size], ..Filling::default() });
    let (mut random, mut at, mut zero, mut text) = (Random(77), it.allocations[0], 0u64, 0u64);
    let end = at + size;
    while at < end {
        let pages = (1 + random.below(40)).min((end - at) / 4096);
        match random.below(3) {
            0 => zero += pages * 4096,
            1 => {
                text += pages * 4096;
                it.process.put(
                    at,
                    &b"some text or other; "
                        .iter()
                        .copied()
                        .cycle()
                        .take(pages as usize * 4096)
                        .collect::<Vec<_>>(),
                );
            }
            _ => {
                it.process.put(at, &(0..pages * 512).flat_map(|n| (n * 3).to_le_bytes()).collect::<Vec<_>>());
            }
        }
        at += pages * 4096;
    }
    let dump = Dump::open(it.process.to_bytes().0).unwrap();
    let process = Process::gather(&dump);
    let exact =
        contents::census(&process, &CensusOptions { reading: Reading::Whole, ..CensusOptions::default() })
            .unwrap();
    let of = |census: &CensusReport, kind: PageKind| {
        census
            .pages
            .iter()
            .find(|row| row.kind == kind)
            .map_or((0, Some(0)), |row| (row.bytes, row.bytes_margin))
    };
    assert_eq!(of(&exact, PageKind::Ascii).0, text);
    assert!(of(&exact, PageKind::Zero).0 >= zero);
    let kinds = [PageKind::Ascii, PageKind::Zero, PageKind::Mixed];
    let mut holds = [0; 3];
    for seed in 0..100 {
        let options =
            CensusOptions { reading: Reading::Sample, seed: Some(seed), ..CensusOptions::default() };
        let sample = contents::census(&process, &options).unwrap();
        assert_eq!(sample.reading.extent, Extent::Sample);
        assert!(sample.reading.units < sample.reading.units_of / 2 + 100, "{:?}", sample.reading);
        for (holds, kind) in holds.iter_mut().zip(kinds) {
            let (bytes, margin) = of(&sample, kind);
            let off = bytes.abs_diff(of(&exact, kind).0);
            *holds += u32::from(off <= margin.unwrap());
        }
    }
    assert!(holds.iter().all(|holds| (90..=100).contains(holds)), "{holds:?} of 100");
    let twice = [(); 2].map(|()| {
        contents::census(&process, &CensusOptions { reading: Reading::Sample, ..CensusOptions::default() })
    });
    assert_eq!(twice[0], twice[1], "the same dump gives the same sample");
}

#[test]
fn who_points_there() {
    let blocks = vec![NtBlock { size: 0x30, busy: true }; 20];
    let filling = Filling { blocks, allocations: vec![64 * KIB], ..Filling::default() };
    let mut it = filled(Width::W64, &filling);
    let (a, b, c) = (it.blocks[3], it.blocks[7], it.allocations[0]);
    it.process.put(b, &words(Width::W64, &[it.tables.widget, a]));
    it.process.put(c + 0x40, &words(Width::W64, &[b]));
    let dump = Dump::open(it.process.to_bytes().0).unwrap();
    let process = Process::gather(&dump);
    let refs = contents::refs(&process, a + 9).unwrap();
    assert_eq!((refs.target.base.0, refs.target.size_bytes, refs.target.is_block), (a, 0x30, true));
    let found: Vec<_> = refs.holders.iter().map(|holder| (holder.level, holder.at.0, holder.to.0)).collect();
    assert_eq!(found, [(1, b + 8, a), (2, c + 0x40, b)]);
    assert!(refs.holders[0].place.ends_with("48 bytes of app::Widget"), "{}", refs.holders[0].place);
}

/// `why`, the pages and a trimmed copy say what fills the memory, from the same few pages.
#[test]
fn the_report_says_what_fills_the_memory() {
    let size = 24 << 20;
    let filling = Filling { allocations: vec![size, 1 << 20], ..Filling::default() };
    let mut it = filled(Width::W64, &filling);
    it.process.exception = None;
    let numbers: Vec<u8> = (0..size / 8).flat_map(|n| (n as f64 * 0.37 + 1.5).to_le_bytes()).collect();
    it.process.put(it.allocations[0], &numbers);
    let title = |dump: &Dump| {
        let process = Process::gather(dump);
        let options = Options { census: Reading::Leader, ..Options::default() };
        let report = Report::answer(&process, Question::Why, &options);
        let finding = report.findings.iter().find(|finding| finding.id == "memory_filled_by").unwrap();
        let pages = [
            markdown::report(&report),
            html::page(&report, &dumplens_analyzer::facts::SpaceMap::new(&process)),
        ];
        for page in pages {
            assert!(page.contains("What fills the memory") && page.contains("numbers of type double"));
        }
        finding.title.clone()
    };
    let dump = Dump::open(it.process.to_bytes().0).unwrap();
    let whole = title(&dump);
    assert!(whole.contains("one allocation of 24 MB: numbers of type double"), "{whole}");
    let mut copy = std::io::Cursor::new(Vec::new());
    let trimmed = dumplens_analyzer::trim(&dump, TrimOptions::default(), &mut copy).unwrap();
    assert!(trimmed.size_bytes < 1 << 20, "{}", trimmed.size_bytes);
    assert_eq!(title(&Dump::open(copy.into_inner()).unwrap()), whole);
}

#[test]
fn two_dumps_by_class_and_size() {
    let process = |objects: usize| {
        let blocks = vec![NtBlock { size: 0x30, busy: true }; objects];
        let mut it = filled(Width::W64, &Filling { blocks, ..Filling::default() });
        for at in it.blocks.clone() {
            it.process.put(at, &words(Width::W64, &[it.tables.widget]));
        }
        Dump::open(it.process.to_bytes().0).unwrap()
    };
    let dumps = [process(100), process(350)];
    let processes = [0, 1].map(|n| Process::gather(&dumps[n]));
    let facts = [0, 1].map(|n| {
        let wanted = CensusOptions { reading: Reading::Whole, rows: 1000, ..CensusOptions::default() };
        let mut facts = Facts::gather(&processes[n], Question::Lists, &Options::default());
        facts.census = contents::census(&processes[n], &wanted).map(Box::new);
        facts
    });
    let side = |n: usize| Side { process: &processes[n], facts: &facts[n] };
    let difference = Difference::between(&side(0), &side(1));
    let rows = difference.census.as_ref().unwrap().rows.as_slice();
    let grown = |what: CensusKey, name: &str| {
        let row = rows.iter().find(|row| row.what == what && row.name == name).unwrap();
        (row.count.unwrap().delta, row.bytes.delta)
    };
    assert_eq!(grown(CensusKey::Class, "shapes!app::Widget"), (Some(250), Some(250 * 0x30)));
    assert_eq!(grown(CensusKey::BlockSize, "48 bytes"), (Some(250), Some(250 * 0x30)));
}

#[test]
fn a_global_variable_holds_the_largest_and_text_is_shown_only_if_asked_for() {
    let size = 512 * KIB;
    let blocks = vec![NtBlock { size: 0x30, busy: true }; 20];
    let mut it = filled(Width::W64, &Filling { blocks, allocations: vec![size], ..Filling::default() });
    let secret: Vec<u8> = b"the secret of the dump; ".iter().copied().cycle().take(512 << 10).collect();
    it.process.put(it.allocations[0], &secret);
    it.process.put(it.blocks[2], &words(Width::W64, &[it.tables.widget, it.allocations[0]]));
    // A written page of the image, where a global variable holds the block.
    let page = it
        .process
        .regions
        .as_ref()
        .unwrap()
        .iter()
        .find(|r| r.base > it.tables.widget - 0x1000 && r.base <= it.tables.widget)
        .copied();
    let page = page.unwrap();
    for region in it.process.regions.as_mut().unwrap().iter_mut().filter(|region| region.base == page.base) {
        region.protect = dumplens_synth::PAGE_READWRITE;
    }
    it.process.put(page.base + 0xff0, &words(Width::W64, &[it.blocks[2]]));
    let dump = Dump::open(it.process.to_bytes().0).unwrap();
    let process = Process::gather(&dump);
    for strings in [false, true] {
        let options = CensusOptions { reading: Reading::Whole, strings, ..CensusOptions::default() };
        let census = contents::census(&process, &options).unwrap();
        let group = census.groups.iter().find(|group| group.size_bytes == size).unwrap();
        assert!(group.holder.as_deref().unwrap().starts_with("shapes+0x"), "{group:?}");
        let shown = dumplens_analyzer::render::text::census(
            Some(&census),
            &[],
            64,
            &dumplens_analyzer::render::text::CENSUS_ROWS,
        );
        let json = dumplens_analyzer::render::json::compact(&census);
        assert_eq!((shown.contains("secret"), json.contains("secret")), (strings, strings), "{shown}");
        for page in [markdown::census(Some(&census)), html::census(Some(&census), "C:\\d\\<a>.dmp", 64)] {
            assert!(page.contains("100% text; held by shapes+0x"), "{page}");
            assert!(!page.contains("secret") && !page.contains("<a>"));
        }
    }
}

/// Of small blocks the map knows nothing: where memory was short, a sample counts them, and a copy keeps the answer, not the
/// sample.
#[test]
fn why_counts_small_blocks_and_a_copy_keeps_the_answer() {
    let blocks = vec![NtBlock { size: 96, busy: true }; 3000];
    let size = 24 << 20;
    let mut it = filled(Width::W64, &Filling { blocks, allocations: vec![size], ..Filling::default() });
    it.process.exception = None;
    for at in it.blocks.clone() {
        it.process.put(at, &words(Width::W64, &[it.tables.widget]));
    }
    let noise: Vec<u8> = {
        let mut random = Random(11);
        (0..size / 8).flat_map(|_| random.next().to_le_bytes()).collect()
    };
    it.process.put(it.allocations[0], &noise);
    let report = |dump: &Dump, census: Reading| {
        Report::answer(&Process::gather(dump), Question::Why, &Options { census, ..Options::default() })
    };
    let dump = Dump::open(it.process.to_bytes().0).unwrap();
    let of = |report: &Report| report.facts.census.as_deref().cloned().unwrap();
    let sampled = of(&report(&dump, Reading::Leader));
    assert_eq!(of(&report(&dump, Reading::Map)).reading.extent, Extent::Map, "as scan does");
    assert_eq!(sampled.reading.extent, Extent::Sample);
    assert!(sampled.reading.units * 64 * KIB < 64 << 20);
    let widgets = sampled.classes.iter().find(|class| class.name == "app::Widget").unwrap();
    assert_eq!((widgets.objects, widgets.bytes), (3000, 3000 * 96));
    for redact in [false, true] {
        let mut copy = std::io::Cursor::new(Vec::new());
        let trimmed = dumplens_analyzer::trim(&dump, TrimOptions { redact }, &mut copy).unwrap();
        assert!(trimmed.size_bytes < 2 << 20, "{}", trimmed.size_bytes);
        assert!(trimmed.note.contains("the result of the census's sample without"), "{}", trimmed.note);
        let copy = Dump::open(copy.into_inner()).unwrap();
        let mut kept = of(&report(&copy, Reading::Leader));
        assert!(std::mem::take(&mut kept.reading.of_original));
        assert_eq!(kept, sampled);
        let again = CensusOptions { reading: Reading::Enough, ..CensusOptions::default() };
        let process = Process::gather(&copy);
        assert!(contents::census(&process, &again).unwrap().reading.of_original, "dumplens census");
        let own = CensusOptions { reading: Reading::Whole, ..again };
        assert!(!contents::census(&process, &own).unwrap().reading.of_original, "dumplens census --all");
    }
}

/// What `dumplens census` has.
fn census_command(
    dump: &Dump,
    reading: Reading,
) -> (Option<CensusReport>, Vec<dumplens_analyzer::facts::WarningReport>) {
    let options = CensusOptions { reading, ..CensusOptions::default() };
    dumplens_analyzer::facts::census(&Process::gather(dump), &options, Search::default())
}

/// A record that is not of this process, or no census at all, is a warning, and costs no more than itself.
#[test]
fn a_census_that_cannot_be_is_not_believed() {
    let mut it = filled(Width::W64, &Filling { allocations: vec![24 << 20], ..Filling::default() });
    it.process.exception = None;
    let good = serde_json::to_value(census(&it.process, Reading::Whole)).unwrap();
    let with = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut record = good.clone();
        edit(&mut record);
        record.to_string().into_bytes()
    };
    let row = serde_json::json!({ "size_bytes": 8, "blocks": 1, "blocks_margin": 0, "bytes": 8, "bytes_margin": 0 });
    let records: [(Vec<u8>, bool); 7] = [
        (with(&|_| ()), true),
        (with(&|record| record["private_bytes"] = 1.into()), false),
        (with(&|record| record["uses"][0]["bytes"] = u64::MAX.into()), false),
        (with(&|record| record["groups"][0]["bytes"] = u64::MAX.into()), false),
        (with(&|record| record["sizes"] = vec![row.clone(); 100].into()), false),
        (with(&|record| record["faults"] = vec!["x".repeat(5000)].into()), false),
        (vec![b'['; 1 << 20], false),
    ];
    for (n, (record, is_good)) in records.into_iter().enumerate() {
        let mut process = it.process.clone();
        process.extra_streams.push((0x4c44_0002, record));
        let dump = Dump::open(process.to_bytes().0).unwrap();
        let options = Options { census: Reading::Leader, ..Options::default() };
        let report = Report::answer(&Process::gather(&dump), Question::Why, &options);
        let warned = report.facts.warnings.iter().any(|warning| warning.code == "census_record_unusable");
        let census = report.facts.census.as_deref().unwrap();
        assert_eq!((warned, census.reading.of_original), (!is_good, is_good), "{n}");
        let (taken, warnings) = census_command(&dump, Reading::Enough);
        let warned = warnings.iter().any(|warning| warning.code == "census_record_unusable");
        assert_eq!((warned, taken.unwrap().reading.of_original), (!is_good, is_good), "dumplens census, {n}");
        let (_, warnings) = census_command(&dump, Reading::Whole);
        assert!(warnings.iter().all(|warning| warning.code != "census_record_unusable"), "not read, {n}");
        assert_eq!(census.private_bytes, good["private_bytes"], "{n}");
        assert_eq!(census.uses.iter().map(|row| row.bytes).sum::<u64>(), census.private_bytes, "{n}");
    }
}
