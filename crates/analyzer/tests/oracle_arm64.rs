//! ARM64 frames against a processor: functions of an image were run in an emulator. At each of their instructions the callers
//! are known, since the emulator saw the calls. Walked from there, every frame must be right, and every register of the
//! nearest caller; the same where the dump has no image, and its file is on disk.
//!
//! `oracle/origin.md` says where image and states come from.

use std::collections::BTreeMap;
use std::path::Path;

use dumplens_analyzer::Process;
use dumplens_analyzer::stack::{Stack, Stopped, Trust, Walker};
use dumplens_core::{Dump, ImageFile, ImageFiles};
use dumplens_synth::{self as synth, Arch, Context, Module, Range, Thread};

/// Where the emulator mapped the image.
const BASE: u64 = 0x1_8000_0000;

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(name);
    std::fs::read(&path).expect("a file of this repository")
}

/// An image as it is mapped: its headers, and each section at its address.
fn mapped(file: &[u8]) -> Vec<u8> {
    let long = |at: usize| usize::try_from(u32::from_le_bytes(file[at..at + 4].try_into().unwrap())).unwrap();
    let short = |at: usize| usize::from(u16::from_le_bytes(file[at..at + 2].try_into().unwrap()));
    let nt = long(0x3c);
    let mut image = vec![0; long(nt + 0x50)];
    let headers = long(nt + 0x54);
    image[..headers].copy_from_slice(&file[..headers]);
    for n in 0..short(nt + 6) {
        let section = nt + 0x18 + short(nt + 0x14) + 40 * n;
        let (size, at, from) = (long(section + 16), long(section + 12), long(section + 20));
        let size = size.min(image.len() - at);
        image[at..at + size].copy_from_slice(&file[from..from + size]);
    }
    image
}

/// "UNA1", then for each state 8 bytes each: the instruction's offset, sp, x19 to x30; how many callers, and of each where the
/// call returns to and sp there; x19 to x29 of the nearest, if there is one; length of the stack, and the stack from sp on.
struct States<'f>(&'f [u8]);

impl States<'_> {
    fn next(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*first))
    }

    fn take(&mut self, count: u64) -> Vec<u64> {
        (0..count).map(|_| self.next().expect("a whole state")).collect()
    }
}

fn walked(process: &synth::Process) -> Stack {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    Walker::new(&Process::gather(&dump)).walk(0)
}

/// With a file that stands for the image.
fn walked_with(process: &synth::Process, file: &[u8]) -> Stack {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    let mut images = ImageFiles::default();
    let module = &dump.modules().expect("modules").expect("modules")[0];
    images
        .add(module, ImageFile::read(file.to_vec(), "arm64.dll".into()).expect("an image"))
        .expect("its file");
    assert!(dump.supply_images(images));
    Walker::new(&Process::gather(&dump)).walk(0)
}

#[test]
fn every_frame_at_every_instruction() {
    let dll = file("arm64.dll");
    let image = mapped(&dll);
    let states = file("arm64.snap");
    let mut states = States(states.strip_prefix(b"UNA1").expect("states"));
    let mut steps: BTreeMap<&str, u32> = BTreeMap::new();
    while let Some(offset) = states.next() {
        let sp = states.next().expect("sp");
        let registers = states.take(12);
        let count = states.next().expect("a count");
        let callers: Vec<(u64, u64)> =
            states.take(2 * count).chunks(2).map(|caller| (BASE + caller[0], caller[1])).collect();
        let nearest = states.take(if count > 0 { 11 } else { 0 });
        let size = states.next().expect("a size");
        let stack: Vec<u8> = states.take(size / 8).into_iter().flat_map(u64::to_le_bytes).collect();

        let memory = vec![Range { start: BASE, size: image.len() as u64 }, Range { start: sp, size }];
        let module = Module {
            base: BASE,
            size: u32::try_from(image.len()).unwrap(),
            path: "C:\\arm64.dll".into(),
            ..Module::default()
        };
        let general = (19..).zip(registers.iter().copied()).take(10).collect();
        let context = Context { lr: registers[11], general, ..Context::at(BASE + offset, sp, registers[10]) };
        let thread = Thread { id: 1, context: Some(context), ..Thread::default() };
        let mut process = synth::Process {
            arch: Arch::Arm64,
            memory,
            modules: vec![module],
            threads: vec![thread],
            ..synth::Process::default()
        };
        process.put(BASE, &image);
        process.put(sp, &stack);
        let found = walked(&process);
        let mut small = process.clone();
        small.memory.remove(0);
        assert_eq!(walked_with(&small, &dll), found, "at {offset:#x}, with the image from disk");
        let frames: Vec<(u64, u64)> = found.frames.iter().skip(1).map(|frame| (frame.ip, frame.sp)).collect();
        assert_eq!(frames, callers, "at {offset:#x}");
        assert_eq!(found.stopped, Stopped::End, "at {offset:#x}");
        for frame in found.frames.iter().skip(1) {
            assert!(matches!(frame.trust, Trust::UnwindInfo | Trust::Leaf), "at {offset:#x}");
            *steps.entry(frame.trust.name()).or_default() += 1;
        }
        if let Some(caller) = found.frames.get(1) {
            let known: Vec<Option<u64>> = (19..30).map(|register| caller.registers.get(register)).collect();
            let wanted: Vec<Option<u64>> = nearest.into_iter().map(Some).collect();
            assert_eq!(known, wanted, "at {offset:#x}");
        }
    }
    assert!(steps["unwind_info"] > 400 && steps["leaf"] > 5, "{steps:?}");
}
