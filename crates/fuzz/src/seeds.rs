//! What is changed: dumps, sound ones of every kind and those that are damaged on purpose; and input of each reader.

use dumplens_analyzer::{TrimOptions, trim};
use dumplens_core::Dump;
use dumplens_synth::{FunctionTable, Process, damage, presets};

/// Larger seeds are left out: there are smaller ones of the same kind.
const MOST_BYTES: usize = 256 << 10;

/// Dumps, sixteen sound ones first.
///
/// # Panics
///
/// If there are too few: a preset was lost.
pub fn dumps() -> Vec<Vec<u8>> {
    let plain = [presets::tiny(), presets::tiny_x86(), presets::tiny_bad_alloc(), presets::tiny_wow64()];
    let heaps = presets::heaps::ALL.iter().map(|(_, make)| make().0);
    let managed = [presets::clr::exception(), presets::clr::deadlock(), presets::clr::refused()];
    let sound = plain.into_iter().chain(managed).chain(heaps);
    let sound = sound.map(|process| process.trimmed().to_bytes().0);
    let damaged = damage::variants().map(|variant| variant.bytes);
    let heaps = damage::heaps().map(|variant| variant.process.trimmed().to_bytes().0);
    let all: Vec<Vec<u8>> =
        sound.chain(damaged).chain(heaps).filter(|bytes| (1..=MOST_BYTES).contains(&bytes.len())).collect();
    assert!(all.len() > 150, "{} seeds", all.len());
    all
}

/// Input for a target of [`crate::TARGETS`], of which a fuzzer begins. A PDB is the caller's to bring.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "container" | "report" => dumps().into_iter().chain([redacted()]).collect(),
        "streams" => streams(),
        "memory_map" => vec![memory_map()],
        "pe_headers" => images().to_vec(),
        "image_file" => image_files(),
        "unwind_codes" => unwound(),
        "throw_info" => vec![throw()],
        "heaps" => heaps(),
        "symbol_file" => vec![symbol_file()],
        _ => Vec::new(),
    }
}

fn symbol_file() -> Vec<u8> {
    let id = "C366B240C26490514C4C44205044422E1";
    let lines = [
        "FILE 0 a.cpp",
        "FILE 1 b.h",
        "INLINE_ORIGIN 0 inlined(int)",
        "FUNC 1040 20 8 outer(int)",
        "INLINE 0 12 0 0 1048 8",
        "INLINE 1 13 1 0 104a 2",
        "1040 8 10 0",
        "1048 8 77 1",
        "1050 10 13 0",
        "FUNC 1060 10 0 next",
        "PUBLIC 1100 0 public_one",
        "STACK CFI INIT 1040 20 .cfa: $rsp 8 + .ra: .cfa 8 - ^",
        "STACK CFI 1044 .cfa: $rsp 16 +",
        "STACK WIN 4 1040 20 3 0 8 c 4 0 1 $T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =",
        "STACK WIN 0 1060 10 3 0 8 c 4 0 0 1",
    ];
    format!("MODULE windows x86 {id} a.pdb\n{}\n", lines.join("\n")).into_bytes()
}

/// A copy that was redacted: it has a TrimRecord.
fn redacted() -> Vec<u8> {
    let mut copy = std::io::Cursor::new(Vec::new());
    let dump = Dump::open(presets::tiny_bad_alloc().to_bytes().0).expect("a minidump");
    trim(&dump, TrimOptions { redact: true }, &mut copy).expect("a copy");
    copy.into_inner()
}

/// The image of a preset, as it lies in memory.
fn image(process: &Process, base: u64) -> Vec<u8> {
    const SIZE: usize = 0x3000;
    let (bytes, layout) = process.to_bytes();
    let at = layout.offset_of(base).and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    bytes[at..at + SIZE].to_vec()
}

fn images() -> [Vec<u8>; 3] {
    [
        image(&presets::tiny(), presets::tiny::X64.app),
        image(&presets::tiny_x86(), presets::tiny::X86.app),
        image(&presets::tiny(), presets::tiny::X64.ntdll),
    ]
}

/// Images as files; one of them with a table of imported addresses and relocations.
fn image_files() -> Vec<Vec<u8>> {
    let mut with = images()[0].clone();
    let directories = 0x80 + 24 + 112;
    let at =
        u32::from_le_bytes([with[0x3c], with[0x3d], with[0x3e], with[0x3f]]) as usize - 0x80 + directories;
    let mut put = |at: usize, words: &[u32]| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        with[at..at + bytes.len()].copy_from_slice(&bytes);
    };
    put(at + 8, &[0x2d00, 40]);
    put(at + 5 * 8, &[0x2e00, 16]);
    put(at + 12 * 8, &[0x2f00, 32]);
    put(0x2d00, &[0, 0, 0, 0x2e00, 0x2e10]);
    put(0x2e00, &[0x1000, 16, 0xa020_a010, 0, 0x2f00, 0, 0, 0]);
    images().into_iter().chain([with]).collect()
}

/// Images with a place in front: an instruction, a stack, and their function table.
fn unwound() -> Vec<Vec<u8>> {
    let [x64, _, ntdll] = images();
    let placed = |mut image: Vec<u8>, ip: u64| {
        let field = |at: usize| {
            let bytes = [image[at], image[at + 1], image[at + 2], image[at + 3]];
            u32::from_le_bytes(bytes)
        };
        // Directory 3 of a PE32+ image: 24 bytes of headers, 112 of the optional header, three directories of 8.
        let table = field(field(0x3c) as usize + 24 + 112 + 3 * 8);
        put_in_front(&mut image, [ip, 0x2000, u64::from(table)]);
        image
    };
    vec![placed(x64, 0x1055), placed(ntdll, 0x1010)]
}

/// Offsets as the function wants them, in front of the bytes of a throw.
fn throw() -> Vec<u8> {
    let mut bytes = image(&presets::tiny_bad_alloc(), presets::tiny::X64.app);
    put_in_front(&mut bytes, [0x2a00, 0x2800, 0]);
    bytes
}

fn put_in_front(bytes: &mut [u8], numbers: [u64; 3]) {
    let head = numbers.map(u64::to_le_bytes).concat();
    bytes[..head.len()].copy_from_slice(&head);
}

/// Each stream of a small dump. What its offsets lead to is then elsewhere.
fn streams() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (n, _) in crate::parts::STREAMS.iter().enumerate() {
        for process in [presets::tiny_bad_alloc(), presets::tiny_x86(), presets::tiny_wow64()] {
            let (bytes, layout) = process.trimmed().to_bytes();
            let Some(place) = layout.stream(crate::parts::STREAMS[n]) else { continue };
            let number = u8::try_from(n).unwrap_or(0);
            let stream = &bytes[place.rva as usize..][..place.size as usize];
            all.push([&[number, 1][..], stream].concat());
        }
        if crate::parts::STREAMS[n] == 13 {
            let functions = vec![(0, 0x40, 0x80), (0x40, 0x60, 0x90), (0x50, 0x55, 0x91)];
            let table = FunctionTable { base: 0x1000, size: 0x1000, functions };
            all.push(
                [&[u8::try_from(n).unwrap_or(0), 1][..], &FunctionTable::stream(&[table.clone(), table])]
                    .concat(),
            );
        }
    }
    all
}

/// Some regions in a row, one of them free, and two that overlap.
fn memory_map() -> Vec<u8> {
    let regions = [(0, 16, 0), (16, 4, 8), (20, 4, 12), (24, 100, 4), (22, 4, 8), (200, 0, 8)];
    let entry = |(base, size, kind): (u8, u8, u8)| [base, 0, size, 0, base, 0, kind, 2];
    regions.into_iter().flat_map(entry).collect()
}

/// Each process with heaps, unchanged and with one change.
fn heaps() -> Vec<Vec<u8>> {
    let count = u8::try_from(presets::heaps::ALL.len()).unwrap_or(u8::MAX);
    (0..count).flat_map(|n| [vec![n], vec![n, 4, 0, 3, 0, 0, 0, 0, 0, 0, 0]]).collect()
}
