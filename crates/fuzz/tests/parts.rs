//! Each reader of a part alone, over changed images, throws and PDBs, and over bytes that are nothing at all: they
//! return, soon. The whole of a dump is `mutations`' business.

#[path = "mutations/change.rs"]
mod change;

use std::time::{Duration, Instant};

use dumplens_synth::{Process, presets};

/// One call, even in a debug build on a busy machine.
const HANG: Duration = Duration::from_secs(10);
const RUNS: u64 = 1000;

/// The image of a preset, as it lies in memory.
fn image(process: &Process, base: u64) -> Vec<u8> {
    const SIZE: usize = 0x3000;
    let (bytes, layout) = process.to_bytes();
    let at = usize::try_from(layout.offset_of(base).expect("the image is kept")).expect("small");
    bytes[at..at + SIZE].to_vec()
}

fn ends(run: fn(&[u8]), seeds: &[Vec<u8>]) {
    for n in 0..RUNS {
        let bytes = change::changed(seeds, n);
        let started = Instant::now();
        run(&bytes);
        assert!(started.elapsed() < HANG, "run {n} took {:?}", started.elapsed());
    }
    let long = vec![0; dumplens_fuzz::MOST_BYTES + 1];
    let started = Instant::now();
    run(&long);
    run(&[]);
    assert!(started.elapsed() < HANG);
}

/// An image with a place in front: an instruction, a stack, and its function table.
fn unwound(mut image: Vec<u8>, ip: u64) -> Vec<u8> {
    let field = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().expect("4 bytes"));
    // Directory 3 of a PE32+ image: 24 bytes of headers, 112 of the optional header, three directories of 8.
    let table = field(field(0x3c) as usize + 24 + 112 + 3 * 8);
    let head = [ip, 0x2000, u64::from(table)].map(u64::to_le_bytes).concat();
    image[..head.len()].copy_from_slice(&head);
    image
}

/// Offsets as the function wants them, in front of the bytes of a throw.
fn throw() -> Vec<u8> {
    let process = presets::tiny_bad_alloc();
    let mut bytes = image(&process, presets::tiny::X64.app);
    let head = [0x2a00u64, 0x2800, 0].map(u64::to_le_bytes).concat();
    bytes[..head.len()].copy_from_slice(&head);
    bytes
}

#[test]
fn images_end() {
    let images = [
        image(&presets::tiny(), presets::tiny::X64.app),
        image(&presets::tiny_x86(), presets::tiny::X86.app),
        image(&presets::tiny(), presets::tiny::X64.ntdll),
    ];
    ends(dumplens_fuzz::pe_headers, &images);
    let [x64, _, ntdll] = images;
    ends(dumplens_fuzz::unwind_codes, &[unwound(x64, 0x1055), unwound(ntdll, 0x1010)]);
}

#[test]
fn pdbs_end() {
    let pdb = include_bytes!("../../analyzer/tests/symbols/files/imit-x64.pdb");
    ends(dumplens_fuzz::pdb, &[pdb.to_vec()]);
}

#[test]
fn throws_end() {
    ends(dumplens_fuzz::throw_info, &[throw()]);
}
