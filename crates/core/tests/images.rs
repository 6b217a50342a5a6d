//! Images as they lie in memory: what synth's images hold is what [`pe::Image`] reads, and an image that lies
//! gives an error in bounded time.

use dumplens_core::pe::{CodeView, Export, ExportTarget, Image, ImageError, Section};
use dumplens_core::{Absence, Dump, Memory};
use dumplens_synth::{Process, Range, Width, damage, pe, presets};

const X64: presets::Addresses = presets::tiny::X64;
/// Headers, `.text`, `.rdata`: a page each.
const SIZE: u32 = 0x3000;

fn open(process: &Process) -> Dump {
    Dump::open(process.to_bytes().0).expect("a dump that opens")
}

fn app(memory: Memory<'_>) -> Image<'_> {
    Image::read(memory, X64.app, SIZE).expect("a sound image")
}

#[test]
fn headers() {
    let dump = open(&presets::tiny());
    let image = app(dump.memory());
    assert_eq!((image.machine(), image.entry_point()), (0x8664, 0x1000));
    let section = |name: &str, rva| Section {
        name: name.into(),
        rva,
        size: 0x1000,
        writable: false,
        executable: name == ".text",
    };
    assert_eq!(image.sections(), [section(".text", 0x1000), section(".rdata", 0x2000)]);
    let name = |rva| image.section_at(rva).map(|s| s.name.as_str());
    assert_eq!(
        [0xfff, 0x1000, 0x1fff, 0x2000, 0x3000].map(name),
        [None, Some(".text"), Some(".text"), Some(".rdata"), None]
    );

    let x86 = open(&presets::tiny_x86());
    let image = Image::read(x86.memory(), presets::tiny::X86.ntdll, SIZE).unwrap();
    assert_eq!((image.machine(), image.sections().len()), (0x14c, 2));
}

/// Headers of more than a page, as those of 100 sections are.
#[test]
fn long_headers() {
    const SECTIONS: u16 = 100;
    let image = pe::Image { width: Width::W64, base: 0x1000_0000, ..pe::Image::default() };
    let mut bytes = image.to_bytes();
    let nt = usize::from(u16::from_le_bytes([bytes[0x3c], bytes[0x3d]]));
    // NumberOfSections; SizeOfHeaders of the optional header; section headers of 40 bytes.
    bytes[nt + 6..nt + 8].copy_from_slice(&SECTIONS.to_le_bytes());
    bytes[nt + 24 + 60..nt + 24 + 64].copy_from_slice(&0x2000u32.to_le_bytes());
    let table = nt + 24 + usize::from(u16::from_le_bytes([bytes[nt + 20], bytes[nt + 21]]));
    for n in 0..usize::from(SECTIONS) {
        let at = table + 40 * n;
        bytes[at..at + 40].fill(0);
        bytes[at..at + 8].copy_from_slice(format!("s{n:07}").as_bytes());
    }
    let mut process =
        Process { memory: vec![Range { start: image.base, size: SIZE.into() }], ..Process::default() };
    process.put(image.base, &bytes);
    let dump = open(&process);
    let read = Image::read(dump.memory(), image.base, SIZE).unwrap();
    assert_eq!(read.sections().len(), usize::from(SECTIONS));
    assert_eq!(read.sections().last().map(|last| last.name.as_str()), Some("s0000099"));
}

#[test]
fn codeview() {
    for process in [presets::tiny(), presets::tiny_x86(), presets::tiny_wow64()] {
        let dump = open(&process);
        for module in &process.modules {
            let image = Image::read(dump.memory(), module.base, module.size).unwrap();
            let wanted = module.code_view.as_ref().unwrap();
            let wanted = CodeView { guid: wanted.guid, age: wanted.age, path: wanted.pdb.clone() };
            assert_eq!(image.codeview(), Ok(Some(wanted)), "{}", module.path);
        }
    }
}

#[test]
fn exports_with_a_forwarder() {
    for (process, base) in [(presets::tiny(), X64.app), (presets::tiny_x86(), presets::tiny::X86.app)] {
        let dump = open(&process);
        let exports = Image::read(dump.memory(), base, SIZE).unwrap().exports().unwrap().unwrap();
        let said = |export: Export<'_>| format!("{} {:?} {:?}", export.ordinal, export.name, export.target);
        assert_eq!(
            exports.iter().map(said).collect::<Vec<_>>(),
            [
                r#"1 Some("AppAlloc") Forward("NTDLL.RtlAllocateHeap")"#,
                &format!(r#"2 Some("AppMain") Rva({})"#, 0x1050),
                &format!(r#"3 Some("AppWork") Rva({})"#, 0x1020),
            ]
        );
        // A forwarded export is where its text is.
        let forward = exports.get(0).unwrap();
        let text = dump.memory().bytes(base + u64::from(forward.rva), 21).unwrap();
        assert_eq!(text, b"NTDLL.RtlAllocateHeap");
    }
}

/// crash 1000-100C, work 1020, main 1050, wait 1080, a cold part of work 10A0-10A4.
#[test]
fn functions() {
    let dump = open(&presets::tiny());
    let image = app(dump.memory());
    assert_eq!(image.functions(), Some(5));
    let begin = |rva| image.function_at(rva).unwrap().map(|f| f.begin);
    assert_eq!(
        [0x1000, 0x100b, 0x1020, 0x105f, 0x10a0, 0x10a3].map(begin),
        [Some(0x1000), Some(0x1000), Some(0x1020), Some(0x1050), Some(0x10a0), Some(0x10a0)]
    );
    assert_eq!([0, 0xfff, 0x100c, 0x101f, 0x10a4, u32::MAX].map(begin), [None; 6]);
    assert_eq!(image.function_at(0x1004).unwrap().unwrap().end, 0x100c);

    // x86 images have no exception directory; ntdll's leaf function has no entry in one.
    let x86 = open(&presets::tiny_x86());
    let image = Image::read(x86.memory(), presets::tiny::X86.app, SIZE).unwrap();
    assert_eq!((image.functions(), image.function_at(0x1000)), (None, Ok(None)));
    let ntdll = Image::read(dump.memory(), X64.ntdll, SIZE).unwrap();
    assert_eq!(ntdll.functions(), Some(1));
    assert_eq!(ntdll.function_at(0x1004), Ok(None));
}

#[test]
fn an_image_without_directories_has_none() {
    let image = pe::Image { width: Width::W64, base: 0x1000_0000, ..pe::Image::default() };
    let mut process =
        Process { memory: vec![Range { start: image.base, size: SIZE.into() }], ..Process::default() };
    process.put(image.base, &image.to_bytes());
    let dump = open(&process);
    let read = Image::read(dump.memory(), image.base, SIZE).unwrap();
    assert_eq!((read.codeview(), read.exports(), read.functions()), (Ok(None), Ok(None), None));
}

#[test]
fn a_thousand_exports() {
    let exports = (0..1000_u32).map(|n| pe::Export::At(format!("Export{n:04}"), 0x1000 + n)).collect();
    let image = pe::Image { base: 0x1000_0000, exports, name: "many.dll".into(), ..pe::Image::default() };
    let bytes = image.to_bytes();
    let mut process =
        Process { memory: vec![Range { start: image.base, size: bytes.len() as u64 }], ..Process::default() };
    process.put(image.base, &bytes);
    let dump = open(&process);
    let read = Image::read(dump.memory(), image.base, u32::try_from(bytes.len()).unwrap()).unwrap();
    let exports = read.exports().unwrap().unwrap();
    assert_eq!(exports.len(), 1000);
    for (n, export) in (0..).zip(exports.iter()) {
        assert_eq!(export.name, Some(format!("Export{n:04}").as_str()));
        assert_eq!((export.ordinal, export.target), (n + 1, ExportTarget::Rva(0x1000 + n)));
    }
}

/// 10,000 names that are all the same 4,000 bytes would be 40 MB, of an image of 150 kB.
#[test]
fn names_that_lie_over_each_other_are_malformed() {
    let mut exports: Vec<_> = (0..10_000).map(|n| pe::Export::At(format!("Export{n:05}"), 0x1000)).collect();
    exports.push(pe::Export::At("Z".repeat(4000), 0x1000));
    let image = pe::Image { base: 0x1000_0000, exports, name: "many.dll".into(), ..pe::Image::default() };
    let mut bytes = image.to_bytes();
    let u32_at = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let directory = image.data_rva() as usize;
    assert_eq!(u32_at(&bytes, directory + 24), 10_001, "NumberOfNames");
    let names = u32_at(&bytes, directory + 32);
    let longest: [u8; 4] = bytes[names + 4 * 10_000..][..4].try_into().unwrap();
    for entry in bytes[names..][..4 * 10_000].chunks_exact_mut(4) {
        entry.copy_from_slice(&longest);
    }
    let mut process =
        Process { memory: vec![Range { start: image.base, size: bytes.len() as u64 }], ..Process::default() };
    process.put(image.base, &bytes);
    let dump = open(&process);
    let read = Image::read(dump.memory(), image.base, u32::try_from(bytes.len()).unwrap()).unwrap();
    assert!(
        matches!(read.exports(), Err(ImageError::Malformed(why)) if why.contains("longer than their directory"))
    );
}

#[test]
fn what_the_dump_does_not_keep_is_unreadable_not_malformed() {
    let mut process = presets::tiny();
    process.memory.retain(|range| range.start != X64.ntdll);
    let dump = open(&process);
    let Err(ImageError::Unreadable(why)) = Image::read(dump.memory(), X64.ntdll, SIZE) else {
        panic!("the headers are not in the dump");
    };
    assert_eq!((why.address, why.why), (X64.ntdll, Absence::NotKept));

    // Headers kept, directories not: sections are known, the rest is unreadable.
    let mut process = presets::tiny();
    process.memory.retain(|range| range.start != X64.app + 0x2000);
    let dump = open(&process);
    let image = app(dump.memory());
    assert_eq!(image.sections().len(), 2);
    assert!(matches!(image.codeview(), Err(ImageError::Unreadable(_))));
    assert!(matches!(image.exports(), Err(ImageError::Unreadable(_))));
    assert!(matches!(image.function_at(0x1000), Err(ImageError::Unreadable(_))));
}

/// Whether an image answers with `Ok`: headers, CodeView, exports and functions.
type Answers = [bool; 4];

fn ask(image: &Result<Image<'_>, ImageError>) -> Answers {
    let Ok(image) = image else { return [false; 4] };
    let functions = [0, 0x1000, 0x1004, 0x10a0, 0x2fff, 0x7fff_ffff, u32::MAX]
        .into_iter()
        .fold(true, |all, rva| all & image.function_at(rva).is_ok());
    [true, image.codeview().is_ok(), image.exports().is_ok(), functions]
}

/// Whether what must be refused was, and nothing else.
type Refused = fn(Answers) -> bool;

/// Synth's hostile images, numbers 200 to 219. Listed are those of which some part must be refused; of the others,
/// what is damaged is a part that is not read here (UNWIND_INFO), or does not matter to it.
#[test]
fn hostile_images() {
    let refused: [(&str, Refused); 9] = [
        ("200_", |[headers, ..]| !headers),
        ("201_", |[headers, ..]| !headers),
        ("202_", |[headers, ..]| !headers),
        ("207_", |[headers, codeview, exports, _]| headers && codeview && !exports),
        ("208_", |[headers, codeview, exports, _]| headers && codeview && !exports),
        ("209_", |[headers, codeview, exports, _]| headers && codeview && !exports),
        ("211_", |[headers, _, exports, functions]| headers && exports && functions),
        ("212_", |[headers, codeview, exports, functions]| headers && codeview && exports && !functions),
        ("216_", |all| all == [true; 4]),
    ];
    let mut seen = 0;
    for variant in damage::variants() {
        let Some(number) = variant.name.get(..3).and_then(|n| n.parse::<u32>().ok()) else { continue };
        if !(200..220).contains(&number) {
            continue;
        }
        seen += 1;
        let dump = Dump::open(variant.bytes).unwrap();
        // Both as the module list has the size, and as a hostile list could have it.
        for size in [SIZE, u32::MAX] {
            let answers = ask(&Image::read(dump.memory(), X64.app, size));
            if let Some((_, holds)) = refused.iter().find(|(name, _)| variant.name.starts_with(name)) {
                assert!(holds(answers), "{} with size {size:#x}: {answers:?}", variant.name);
            }
        }
        let other = ask(&Image::read(dump.memory(), X64.ntdll, SIZE));
        assert_eq!(other, [true; 4], "{}: the other image is sound", variant.name);
    }
    assert_eq!(seen, 20);
}

/// Any 4 bytes of the headers replaced by any of a few bad values: no panic, no hang, no huge allocation.
#[test]
fn headers_with_any_field_destroyed() {
    let process = presets::tiny();
    let (bytes, layout) = process.to_bytes();
    let at = usize::try_from(layout.offset_of(X64.app).unwrap()).unwrap();
    for field in (0..0x1a0).step_by(2) {
        for value in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            let mut bytes = bytes.clone();
            bytes[at + field..at + field + 4].copy_from_slice(&value.to_le_bytes());
            let dump = Dump::open(bytes).unwrap();
            ask(&Image::read(dump.memory(), X64.app, u32::MAX));
        }
    }
}
