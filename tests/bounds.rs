//! What a file may cost is bounded by its size: a small one that refers to the same bytes over and over, or that is
//! long in two dimensions at once, takes neither hundreds of megabytes nor minutes.

mod support;

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dumplens_synth::pe::{Export, Function, Image, Unwind};
use dumplens_synth::{
    CodeView, Context, Exception, Handle, Layout, MEM_COMMIT, MEM_IMAGE, MEM_PRIVATE, Module, Process, Range,
    Region, Thread, Width, presets,
};
use support::{Run, run, str, write};

/// Beyond the file itself, as in `damage_cli`.
const MEMORY: u64 = 64 << 20;
/// The same for an answer of 19 MB: Windows copies a string that grows.
const MEMORY_OF_LONG_TEXT: u64 = if cfg!(windows) { 128 << 20 } else { MEMORY };
/// Entries that share something. 64 KiB each would make 94 MiB, and twice that as text.
const MANY: u32 = 1500;

/// One test at a time: on Linux a child's peak begins with that of the process that started it.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bounded(command: &str, path: &Path) -> Run {
    within(MEMORY, command, path)
}

fn within(most: u64, command: &str, path: &Path) -> Run {
    let size = fs::metadata(path).unwrap().len();
    let mut args: Vec<&str> = command.split(' ').collect();
    args.push(str(path));
    let run = run(&args);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.peak <= most + size, "{} KiB of memory for a file of {} KiB", run.peak >> 10, size >> 10);
    run
}

fn bounded_bytes(command: &str, bytes: &[u8]) -> Run {
    let (_directory, path) = write("a.dmp", bytes);
    bounded(command, &path)
}

fn bounded_process(command: &str, process: Process) -> Run {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.dmp");
    process.write_file(&path).unwrap();
    drop(process);
    bounded(command, &path)
}

/// The longest MINIDUMP_STRING there is, at the end of the file. Returns its place.
fn append_string(bytes: &mut Vec<u8>) -> u32 {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let at = u32::try_from(bytes.len()).unwrap();
    bytes.extend(65_534_u32.to_le_bytes());
    bytes.extend("x".repeat(32_767).encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    at
}

/// Writes a place into each of `MANY` entries of a stream.
fn point(
    bytes: &mut [u8],
    layout: &Layout,
    stream: u32,
    header: usize,
    entry: usize,
    field: usize,
    place: u32,
) {
    let at = layout.stream(stream).expect("a stream that was written").rva as usize + header + field;
    for n in 0..MANY as usize {
        bytes[at + n * entry..][..4].copy_from_slice(&place.to_le_bytes());
    }
}

fn modules() -> Process {
    let module = |n: u32| Module {
        base: 0x1_0000_0000 + (u64::from(n) << 12),
        size: 0x1000,
        path: "a".into(),
        code_view: Some(CodeView::default()),
        ..Module::default()
    };
    Process { modules: (0..MANY).map(module).collect(), ..presets::tiny() }
}

#[test]
fn one_name_for_all_modules() {
    let _alone = alone();
    let (mut bytes, layout) = modules().to_bytes();
    let name = append_string(&mut bytes);
    point(&mut bytes, &layout, 4, 4, 0x6c, 0x14, name);
    bounded_bytes("summary", &bytes);
}

#[test]
fn one_codeview_record_for_all_modules() {
    let _alone = alone();
    let (mut bytes, layout) = modules().to_bytes();
    let record = CodeView { pdb: "x".repeat(65_000), ..CodeView::default() }.to_bytes();
    let place = u32::try_from(bytes.len()).unwrap();
    bytes.extend_from_slice(&record);
    point(&mut bytes, &layout, 4, 4, 0x6c, 0x4c, u32::try_from(record.len()).unwrap());
    point(&mut bytes, &layout, 4, 4, 0x6c, 0x50, place);
    bounded_bytes("summary", &bytes);
}

#[test]
fn one_name_for_all_threads() {
    let _alone = alone();
    let thread = |id| Thread { id, name: Some("a".into()), ..Thread::default() };
    let process = Process { threads: (0..MANY).map(thread).collect(), ..presets::tiny() };
    let (mut bytes, layout) = process.to_bytes();
    let name = append_string(&mut bytes);
    point(&mut bytes, &layout, 24, 4, 12, 4, name);
    bounded_bytes("summary", &bytes);
}

#[test]
fn one_name_for_all_handles() {
    let _alone = alone();
    let handle = |n| Handle { handle: u64::from(n), type_name: Some("a".into()), ..Handle::default() };
    let process = Process { handles: (0..MANY).map(handle).collect(), ..presets::tiny() };
    let (mut bytes, layout) = process.to_bytes();
    let name = append_string(&mut bytes);
    for field in [8, 12] {
        point(&mut bytes, &layout, 12, 0x10, 0x28, field, name);
    }
    bounded_bytes("info", &bytes);
}

fn pages(count: u64, protect: fn(u64) -> u32, kind: u32) -> Vec<Region> {
    let page = |n: u64| Region {
        base: n << 12,
        allocation_base: 0,
        allocation_protect: 4,
        size: 0x1000,
        state: MEM_COMMIT,
        protect: protect(n),
        kind,
    };
    (0..count).map(page).collect()
}

/// Only a damaged map has more than a few dozen; totals by protection must not need a row for each on the way.
#[test]
fn as_many_protections_as_regions() {
    let _alone = alone();
    let regions = pages(300_000, |n| u32::try_from(n).unwrap(), MEM_PRIVATE);
    let process = Process { regions: Some(regions), ..Process::default() };
    bounded_process("summary", process);
}

/// 65,536 threads of which none has a TEB, and 40,000 regions of images: to look through the first for each of the
/// second takes minutes.
#[test]
fn many_threads_and_many_regions() {
    let _alone = alone();
    let process = Process {
        threads: (0..65_536).map(|id| Thread { id, ..Thread::default() }).collect(),
        modules: vec![Module { base: 0, size: 40_000 << 12, path: "a.dll".into(), ..Module::default() }],
        regions: Some(pages(40_000, |n| if n % 2 == 0 { 2 } else { 4 }, MEM_IMAGE)),
        memory: vec![Range { start: 0, size: 16 }],
        ..Process::default()
    };
    let run = bounded_process("regions", process);
    assert_eq!(run.stdout.lines().filter(|line| line.contains(" MEM_IMAGE ")).count(), 40_000);
}

/// The longest name that there is, for a module of 20,000 regions: what is printed for each is bounded too.
#[test]
fn a_long_name_and_many_regions() {
    let _alone = alone();
    let mut process = Process {
        modules: vec![Module { base: 0, size: 20_000 << 12, path: "x".repeat(32_767), ..Module::default() }],
        regions: Some(pages(20_000, |n| if n % 2 == 0 { 2 } else { 4 }, MEM_IMAGE)),
        ..Process::default()
    };
    process.memory = vec![Range { start: 0, size: 16 }];
    let run = bounded_process("regions", process);
    assert_eq!(run.stdout.lines().filter(|line| line.contains(" MEM_IMAGE ")).count(), 20_000);
    assert!(run.stdout.len() < 32 << 20, "{} bytes printed", run.stdout.len());
    assert!(run.stdout.contains("[module_names_cut]"));
}

/// Many frames, all in one function whose name has 4,000 characters, of a module with the longest name.
#[test]
fn long_names_and_many_frames() {
    const THREADS: u32 = 6;
    let _alone = alone();
    let (base, stack) = (0x7ff6_0000_0000_u64, 0x1000_0000_u64);
    // sub rsp,8; call itself; nop
    let code = vec![0x48, 0x83, 0xec, 0x08, 0xe8, 0xf7, 0xff, 0xff, 0xff, 0x90, 0xcc];
    let unwind = Unwind { prolog: 4, codes: vec![4 | 2 << 8], ..Unwind::default() };
    let image = Image {
        width: Width::W64,
        base,
        functions: vec![Function { rva: 0x1000, code, unwind: Some(unwind) }],
        exports: vec![Export::At("x".repeat(4000), 0x1000)],
        ..Image::default()
    }
    .to_bytes();
    let size = u32::try_from(image.len()).unwrap();
    let mut process = Process {
        memory: vec![Range { start: base, size: size.into() }, Range { start: stack, size: 0x5000 }],
        modules: vec![Module { base, size, path: "y".repeat(32_767), ..Module::default() }],
        ..Process::default()
    };
    process.put(base, &image);
    for n in 0..0x5000 / 8 {
        process.put(stack + 8 * n, &(base + 0x1009).to_le_bytes());
    }
    let context = Some(Context::at(base + 0x1009, stack, 0));
    let thread = |id| Thread { id, context: context.clone(), ..Thread::default() };
    process.threads = (1..=THREADS).map(thread).collect();
    let (bytes, _) = process.to_bytes();
    let (_directory, path) = write("a.dmp", &bytes);
    let run = within(MEMORY_OF_LONG_TEXT, "stack --thread all", &path);
    let frames = run.stdout.lines().filter(|line| line.contains(" yyyy")).count();
    assert_eq!(frames, 1024 * THREADS as usize);
    assert!(run.stdout.contains("[symbol_names_cut]"), "{}", &run.stdout[..2000]);
}

/// 16,384 threads that share registers and TEB, and a stack of nothing but exceptions: they are searched until all
/// together are too much.
#[test]
fn many_threads_on_a_stack_full_of_exceptions() {
    let _alone = alone();
    let mut process = presets::tiny();
    let (stack, size) = (0x7000_0000_u64, 0x2_0000);
    let record = |n: u64| Exception {
        code: 0xc000_0005,
        address: presets::tiny::X64.app + 0x1004,
        parameters: vec![1, n],
        ..Exception::default()
    };
    for n in 0..size / 0x30 {
        process.put(stack + n * 0x30, &record(n).record_bytes(Width::W64));
    }
    process.memory.push(Range { start: stack, size });
    let sp = stack + 0x8000;
    process.put(presets::tiny::X64.tebs[0] + 0x8, &[(stack + size), stack].map(u64::to_le_bytes).concat());
    process.put(presets::tiny::X64.tebs[0] + 0x1478, &stack.to_le_bytes());
    let first = process.threads[0].clone();
    process.threads[0].context.as_mut().unwrap().sp = sp;
    process.threads.truncate(1);
    process.threads.extend((0..16_383).map(|id| Thread {
        id: 5000 + id,
        context: None,
        name: None,
        info: None,
        ..first.clone()
    }));
    let (mut bytes, layout) = process.to_bytes();
    let list = layout.stream(3).expect("threads").rva as usize + 4;
    let context: [u8; 8] = bytes[list + 0x28..][..8].try_into().unwrap();
    for n in 1..16_384 {
        bytes[list + n * 0x30 + 0x28..][..8].copy_from_slice(&context);
    }
    let run = bounded_bytes("why", &bytes);
    assert!(run.stdout.contains("[earlier_exceptions_cut]"), "{}", run.stdout);
}

/// Damage of one kind is one line, however often it is met.
#[test]
fn two_thousand_streams_outside_the_file() {
    let _alone = alone();
    let extra_streams = (0..2000).map(|n| (0x5000_0000 + n, vec![0])).collect();
    let (mut bytes, layout) = Process { extra_streams, ..presets::tiny() }.to_bytes();
    for stream in layout.streams.iter().filter(|s| s.stream_type >= 0x5000_0000) {
        let rva = usize::try_from(stream.entry).unwrap() + 8;
        bytes[rva..rva + 4].copy_from_slice(&0xffff_ff00_u32.to_le_bytes());
    }
    let run = bounded_bytes("summary", &bytes);
    let warnings = run.stdout.lines().filter(|line| line.starts_with("warning: ")).count();
    assert!((1..100).contains(&warnings), "{warnings} warnings");
}
