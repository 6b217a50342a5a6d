//! Image files that stand for what a dump left out: the bytes are those that the process had, and where they may not be,
//! there are none.

use dumplens_core::pe::ImageError;
use dumplens_core::{Absence, Dump, ImageFile, ImageFiles, Module, NotTheImage};
use dumplens_synth::{Process, Region, presets};

const X64: presets::Addresses = presets::tiny::X64;
/// Headers, `.text`, `.rdata`: a page each.
const SIZE: u64 = 0x3000;
/// `.rdata`.
const DATA: usize = 0x2000;

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

/// The image of the program, as it lay in memory. FileAlignment is SectionAlignment: it is a file too.
fn image_of(process: &Process, base: u64) -> Vec<u8> {
    open(process).memory().bytes(base, SIZE).expect("the image")
}

/// The process, of which the dump keeps nothing that lies in the image.
fn without(process: &Process, base: u64) -> Process {
    let mut process = process.clone();
    process.memory.retain(|range| range.start < base || range.start >= base + SIZE);
    process
}

fn module(dump: &Dump, base: u64) -> Module {
    let modules = dump.modules().unwrap().unwrap();
    modules.into_iter().find(|module| module.base == base).expect("the module")
}

fn file(bytes: &[u8]) -> Result<ImageFile, ImageError> {
    ImageFile::read(bytes.to_vec(), "app.exe".into())
}

/// The dump, with the file for the program's image.
fn supplied(process: &Process, base: u64, bytes: &[u8]) -> Result<Dump, NotTheImage> {
    let dump = open(process);
    let mut images = ImageFiles::default();
    images.add(&module(&dump, base), file(bytes).expect("a sound file"))?;
    assert!(dump.supply_images(images));
    Ok(dump)
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn put32(bytes: &mut [u8], at: usize, value: u32) {
    put(bytes, at, &value.to_le_bytes());
}

fn get32(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Where the optional header of a PE32+ image begins, its data directory `n`, and its section header `n`.
fn optional(bytes: &[u8]) -> usize {
    get32(bytes, 0x3c) + 24
}

fn directory(bytes: &[u8], n: usize) -> usize {
    optional(bytes) + 112 + 8 * n
}

fn section(bytes: &[u8], n: usize) -> usize {
    optional(bytes) + 240 + 40 * n
}

#[test]
fn a_file_gives_every_byte_that_the_dump_left_out() {
    let full = presets::tiny();
    for base in [X64.app, X64.ntdll] {
        let bytes = image_of(&full, base);
        let process = without(&full, base);
        let bare = open(&process);
        assert_eq!(bare.memory().u32(base).unwrap_err().why, Absence::NotKept);

        let dump = supplied(&process, base, &bytes).unwrap();
        assert_eq!(dump.memory().bytes(base, SIZE).unwrap(), bytes);
        assert_eq!(dump.memory().available(base - 1, 1 << 40), 0);
        assert_eq!(dump.memory().available(base, 1 << 40), SIZE);
        assert!(dump.memory().is_of_image_file(base + SIZE - 1));
        // None of it is the dump's.
        assert_eq!(dump.memory().of_dump().available(base, SIZE), 0);
        let used: Vec<_> = dump.image_files().unwrap().used().collect();
        assert_eq!(used, [(base, "app.exe", None)]);
    }
}

#[test]
fn what_the_dump_keeps_is_the_dumps() {
    let full = presets::tiny();
    let file = image_of(&full, X64.app);
    let mut process = without(&full, X64.app);
    // Some bytes in the middle of a page, as small dumps keep them around an instruction pointer.
    process.memory.push(dumplens_synth::Range { start: X64.app + 0x1008, size: 4 });
    process.memory.sort_by_key(|range| range.start);
    process.put(X64.app + 0x1008, b"\xcc\xcc\xcc\xcc");
    process.memory_alignment = 1;
    let dump = supplied(&process, X64.app, &file).unwrap();
    let mut wanted = file.clone();
    put(&mut wanted, 0x1008, b"\xcc\xcc\xcc\xcc");
    assert_eq!(dump.memory().bytes(X64.app, SIZE).unwrap(), wanted);
    assert!(!dump.memory().is_of_image_file(X64.app + 0x1008));
    assert!(dump.memory().is_of_image_file(X64.app + 0x100c));
}

#[test]
fn another_build_is_refused() {
    let full = presets::tiny();
    let (process, bytes) = (without(&full, X64.app), image_of(&full, X64.app));
    let pe = get32(&bytes, 0x3c);
    let mut stamp = bytes.clone();
    stamp[pe + 8] ^= 1;
    assert!(matches!(supplied(&process, X64.app, &stamp), Err(NotTheImage::OtherBuild { .. })));
    let mut larger = bytes.clone();
    put32(&mut larger, pe + 24 + 56, 0x4000);
    assert!(matches!(supplied(&process, X64.app, &larger), Err(NotTheImage::OtherBuild { .. })));
    // Linkers that write no time: two builds can have the same size.
    let mut other = bytes.clone();
    let record = bytes.windows(4).position(|word| word == b"RSDS").expect("a debug record");
    other[record + 4] ^= 1;
    assert!(matches!(supplied(&process, X64.app, &other), Err(NotTheImage::OtherPdb)));
}

/// Two builds of one image differ only in where they were linked to lie: moved, the one is the other.
#[test]
fn an_image_that_was_moved_is_relocated() {
    let mut lay = presets::tiny();
    let linked = X64.app - 0x5_4321_0000;
    // `.reloc` stands in the data: three words of one page, the last across two pages' border.
    let places = [0xd00_usize, 0xd10, 0xd1c];
    let mut block = [0x2000_u32.to_le_bytes(), 16_u32.to_le_bytes()].concat();
    block.extend(places.iter().flat_map(|place| (0xa000 | u16::try_from(*place).unwrap()).to_le_bytes()));
    block.extend([0, 0]);
    lay.put(X64.app + 0x2e00, &block);
    for place in places {
        lay.put(X64.app + 0x2000 + place as u64, &(X64.app + 0x1010).to_le_bytes());
    }
    let memory = open(&lay).memory().bytes(X64.app, SIZE).unwrap();
    let at = directory(&memory, 5);
    lay.put(X64.app + at as u64, &[0x2e00_u32.to_le_bytes(), 16_u32.to_le_bytes()].concat());

    let memory = image_of(&lay, X64.app);
    let mut bytes = memory.clone();
    let base_at = optional(&bytes) + 24;
    put(&mut bytes, base_at, &linked.to_le_bytes());
    for place in places {
        put(&mut bytes, DATA + place, &(linked + 0x1010).to_le_bytes());
    }
    let process = without(&lay, X64.app);
    let dump = supplied(&process, X64.app, &bytes).unwrap();
    assert_eq!(dump.memory().bytes(X64.app, SIZE).unwrap(), memory);
    // A part of a word, too.
    assert_eq!(dump.memory().bytes(X64.app + 0x2d02, 3).unwrap(), memory[0x2d02..0x2d05]);

    // Without relocations it lies where it was linked, or nowhere.
    let pe = get32(&bytes, 0x3c);
    let mut fixed = bytes.clone();
    fixed[pe + 22] |= 1;
    assert!(matches!(supplied(&process, X64.app, &fixed), Err(NotTheImage::Fixed)));

    // Relocations that are none cost the sections: nothing of them is guessed.
    for (at, value) in [(0x2e04, 7), (0x2e04, 0x4000), (0x2e08, 0x5000_5000)] {
        let mut bad = bytes.clone();
        put32(&mut bad, at, value);
        let dump = supplied(&process, X64.app, &bad).unwrap();
        assert_eq!(dump.memory().available(X64.app + 0x1000, 1), 0);
        assert!(dump.memory().u32(X64.app).is_ok(), "headers need none");
        let used: Vec<_> = dump.image_files().unwrap().used().collect();
        assert!(matches!(used.as_slice(), [(_, _, Some(ImageError::Malformed(_)))]), "{used:?}");
    }
}

/// Imported addresses, and pointers that the load configuration names, are in no file.
#[test]
fn what_the_loader_writes_is_left_out() {
    let full = presets::tiny();
    let mut bytes = image_of(&full, X64.app);
    // A table of addresses that no directory names, but a descriptor, up to its zero.
    let imports = directory(&bytes, 1);
    put(&mut bytes, imports, &[0x2d00_u32.to_le_bytes(), 40_u32.to_le_bytes()].concat());
    put(&mut bytes, 0x2d00, &[0, 0, 0, 0x2e00, 0x2e10].map(u32::to_le_bytes).concat());
    put(&mut bytes, 0x2d14, &[0; 20]);
    put(&mut bytes, 0x2e10, &[0x2f00_u64, 0x2f10, 0].map(u64::to_le_bytes).concat());
    // One that the directory names.
    let addresses = directory(&bytes, 12);
    put(&mut bytes, addresses, &[0x2e80_u32.to_le_bytes(), 0x10_u32.to_le_bytes()].concat());
    // GuardCFCheckFunctionPointer.
    let config = directory(&bytes, 10);
    put(&mut bytes, config, &[0x2f00_u32.to_le_bytes(), 0x78_u32.to_le_bytes()].concat());
    put(&mut bytes, 0x2f00, &[0; 0x80]);
    put(&mut bytes, 0x2f70, &(X64.app + 0x2ec0).to_le_bytes());
    let dump = supplied(&without(&full, X64.app), X64.app, &bytes).unwrap();
    let memory = dump.memory();
    let left_out: Vec<u64> =
        (0..SIZE / 8).map(|n| 8 * n).filter(|at| memory.u64(X64.app + at).is_err()).collect();
    assert_eq!(left_out, [0x2e10, 0x2e18, 0x2e80, 0x2e88, 0x2ec0]);
}

#[test]
fn nothing_is_served_where_the_program_may_write_or_has_written() {
    let full = presets::tiny();
    let bytes = image_of(&full, X64.app);
    let process = without(&full, X64.app);
    let mut writable = bytes.clone();
    let characteristics = section(&bytes, 1) + 36;
    writable[characteristics + 3] |= 0x80;
    let dump = supplied(&process, X64.app, &writable).unwrap();
    assert_eq!(dump.memory().available(X64.app, SIZE), 0x2000);

    // By the map: PAGE_EXECUTE_READWRITE, private memory, no memory at all.
    let changes: [fn(&mut Region); 4] = [
        |region| region.protect = 0x40,
        |region| region.kind = 0x2_0000,
        |region| region.state = 0x2000,
        |region| region.protect |= 0x100,
    ];
    for change in changes {
        let mut process = process.clone();
        let regions = process.regions.as_mut().unwrap();
        let code = regions.iter_mut().find(|region| region.base == X64.app + 0x1000).expect("the code");
        change(code);
        let dump = supplied(&process, X64.app, &bytes).unwrap();
        let memory = dump.memory();
        let have = [0, 0x1000, 0x1fff, 0x2000].map(|at| memory.available(X64.app + at, 1));
        assert_eq!(have, [1, 0, 0, 1]);
    }
}

#[test]
fn a_file_that_lies_about_its_sections_is_refused() {
    let bytes = image_of(&presets::tiny(), X64.app);
    let (first, second) = (section(&bytes, 0), section(&bytes, 1));
    let cases: [(usize, u32); 6] = [
        (first + 12, 0x2000),          // over the next one
        (second + 12, 0x1000),         // over the one before
        (second + 8, 0x2000),          // over the image's end
        (second + 12, u32::MAX),       // round the address space
        (first + 12, 0),               // over the headers
        (optional(&bytes) + 32, 0x20), // in pages that are shared
    ];
    for (at, value) in cases {
        let mut bad = bytes.clone();
        put32(&mut bad, at, value);
        assert!(matches!(file(&bad), Err(ImageError::Malformed(_))), "{at:#x} {value:#x}");
    }
    let mut twice = bytes.clone();
    // Both sections claim all of the file.
    put32(&mut twice, first + 8, 0x1000);
    put32(&mut twice, second + 20, 0);
    put32(&mut twice, first + 20, 0);
    twice.truncate(0x1800);
    assert!(file(&twice).is_err(), "a byte of the file stands in one section");
    // What is cut off is not there.
    let cut = supplied(&without(&presets::tiny(), X64.app), X64.app, &bytes[..0x2800]);
    assert_eq!(cut.unwrap().memory().available(X64.app, SIZE), 0x2800);
    for len in 0..0x400 {
        let _ = file(&bytes[..len]);
    }
}

#[test]
fn two_images_at_one_place_are_one_too_many() {
    let full = presets::tiny();
    let dump = open(&full);
    let bytes = image_of(&full, X64.app);
    let mut images = ImageFiles::default();
    let module = module(&dump, X64.app);
    images.add(&module, file(&bytes).unwrap()).unwrap();
    for base in [X64.app, X64.app + 0x2000, X64.app - 0x2000] {
        let mut other = module.clone();
        other.base = base;
        assert_eq!(images.add(&other, file(&bytes).unwrap()), Err(NotTheImage::Overlaps));
    }
    assert_eq!(images.len(), 1);
    assert!(dump.supply_images(images));
    assert!(!dump.supply_images(ImageFiles::default()), "once");
}
