//! A full dump of any size, for benchmarks.

use super::common::{FIRST_TID, PID, code_view, describe, finish, handle, running, shared_data};
use crate::address_space::{AddressSpace, Part, TOP_X64};
use crate::bytes::{Fields, len32, low32, to_usize};
use crate::constants::{
    MEM_COMMIT, MEM_MAPPED, PAGE, PAGE_EXECUTE_READ, PAGE_GUARD, PAGE_READONLY, PAGE_READWRITE,
};
use crate::memory::Range;
use crate::modules::Module;
use crate::process::Process;
use crate::threads::Thread;
use crate::{Context, CppThrow, Peb, Teb, Width};

/// The PEB; TEBs follow 0x2000 higher, 0x2000 bytes each, in one committed region.
pub const PEB: u64 = 0xE0_0000_0000;
const TEBS: u64 = PEB + 0x2000;
const TEB_SIZE: u64 = 0x2000;
const STACKS: u64 = 0xE1_0000_0000;
const STACK_COMMIT: u64 = 0x4000;
const STACK_SIZE: u64 = 0x10_0000;
/// Base of the first module, app.exe; the others follow every 0x10000 bytes.
pub const MODULES: u64 = 0x7FFB_0000_0000;
const MODULE_SIZE: u64 = 0x1_0000;
const HEAPS: u64 = 0x200_0000_0000;
const GRANULARITY: u64 = 0x1_0000;
/// Below this many regions stacks and modules are one region each.
const ROOMY: usize = 3000;

/// An x64 process that threw std::bad_alloc, with `regions` regions and `commit_bytes` committed bytes kept.
///
/// Both numbers are met exactly as long as they are large enough for the threads and modules and for two committed
/// pages in every four regions; otherwise the dump is the smallest possible. Contents are sparse: TEBs, PEB, the top
/// of each stack, image headers, C++ throw records.
pub fn full(regions: usize, commit_bytes: u64, threads: u32, modules: u32) -> Process {
    made_of(Order::Periodic, regions, commit_bytes, threads, modules)
}

/// The same, whose regions follow one another as in a real process: what comes next can be told in half of the cases.
pub fn full_irregular(regions: usize, commit_bytes: u64, threads: u32, modules: u32) -> Process {
    made_of(Order::Irregular, regions, commit_bytes, threads, modules)
}

/// How the regions of the heap-like blocks follow one another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Periodic,
    Irregular,
}

fn made_of(order: Order, regions: usize, commit_bytes: u64, threads: u32, modules: u32) -> Process {
    let (mut process, mut space) = (Process::default(), AddressSpace::default());
    let roomy = regions >= ROOMY;
    shared_data(&mut process, &mut space);
    let tebs = Part::private(TEBS - PEB + TEB_SIZE * u64::from(threads), PAGE_READWRITE);
    space.allocate(PEB, &[tebs]);
    put_peb(&mut process);
    for number in 0..modules {
        add_module(&mut process, &mut space, number, roomy);
    }
    for number in 0..threads {
        add_thread(&mut process, &mut space, number, modules, roomy);
    }
    fill(&mut space, order, regions, commit_bytes);
    describe(&mut process);
    process
        .handles
        .extend((0..60).map(|i| handle(20 + 4 * i, if i % 2 == 0 { "Event" } else { "File" }, None)));
    finish(&mut process, &space, TOP_X64);
    if threads > 0 && modules > 0 {
        throw(&mut process);
    }
    process
}

fn put_peb(process: &mut Process) {
    let peb = Peb { image_base: MODULES, ..Peb::default() };
    process.put(PEB, &peb.to_bytes(Width::W64));
}

/// Adds heap-like blocks (committed private, reserved, committed mapped, free) until both numbers are reached.
fn fill(space: &mut AddressSpace, order: Order, regions: usize, commit_bytes: u64) {
    let missing = regions.saturating_sub(space.regions(TOP_X64).len());
    let blocks = (missing / 4).max(1) as u64;
    let kept: u64 = space.kept().iter().map(|range: &Range| range.size).sum();
    let pages = commit_bytes.saturating_sub(kept) / PAGE;
    let odd = u64::from(missing % 4 >= 1) + u64::from(missing % 4 >= 3);
    let each = (pages.saturating_sub(odd) / (2 * blocks)).max(1);
    let rest = pages.saturating_sub(odd + each * (2 * blocks - 1)).max(1);
    let mut address = HEAPS;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for number in 0..blocks {
        let last = number + 1 == blocks;
        let mut parts = if last { extra_parts(missing % 4) } else { Vec::new() };
        let mut block = block(each, if last { rest } else { each });
        if order == Order::Irregular {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffle(&mut block, state >> 33);
        }
        parts.extend(block);
        space.allocate(address, &parts);
        address += parts.iter().map(|part| part.size).sum::<u64>() + (1 + number % 7) * GRANULARITY;
        address = address.next_multiple_of(GRANULARITY);
    }
}

fn block(private_pages: u64, mapped_pages: u64) -> [Part; 3] {
    let view =
        Part { size: mapped_pages * PAGE, state: MEM_COMMIT, protect: PAGE_READONLY, kind: MEM_MAPPED };
    [Part::private(private_pages * PAGE, PAGE_READWRITE), Part::reserved(GRANULARITY), view]
}

/// Another order, and another protection of the first.
fn shuffle(block: &mut [Part; 3], choice: u64) {
    block[0].protect = [PAGE_READWRITE, PAGE_READONLY, PAGE_EXECUTE_READ][to_usize(choice % 3)];
    block.rotate_left(to_usize(choice / 3 % 3));
    if choice / 9 % 2 == 1 {
        block.swap(0, 2);
    }
}

/// Up to three regions more: committed, reserved, committed.
fn extra_parts(count: usize) -> Vec<Part> {
    let committed = Part::private(PAGE, PAGE_READONLY);
    [committed, Part::reserved(PAGE), committed].into_iter().take(count).collect()
}

fn add_module(process: &mut Process, space: &mut AddressSpace, number: u32, roomy: bool) {
    let base = MODULES + MODULE_SIZE * u64::from(number);
    let parts = [
        Part::image(0x1000, PAGE_READONLY),
        Part::image(0x8000, PAGE_EXECUTE_READ),
        Part::image(0x4000, PAGE_READONLY),
        Part::image(0x3000, PAGE_READWRITE),
    ];
    let whole = [Part::image(MODULE_SIZE, PAGE_EXECUTE_READ)];
    space.allocate(base, if roomy { &parts } else { &whole });
    process.put(base, &bare_header(number));
    let name = match number {
        0 => "Program Files\\Acme\\app.exe".to_owned(),
        1 => "Windows\\System32\\ntdll.dll".to_owned(),
        2 => "Windows\\System32\\KERNELBASE.dll".to_owned(),
        3 => "Windows\\System32\\VCRUNTIME140.dll".to_owned(),
        _ => format!("Program Files\\Acme\\mod_{number:03}.dll"),
    };
    let stem = name.rsplit('\\').next().and_then(|file| file.split('.').next()).unwrap_or_default();
    process.modules.push(Module {
        base,
        size: low32(MODULE_SIZE),
        checksum: 0,
        time_date_stamp: 0x6000_0000 + number,
        version: Some([10, 0, number.to_le_bytes()[0].into(), 1]),
        code_view: Some(code_view(number.to_le_bytes()[0], &format!("{stem}.pdb"))),
        path: format!("C:\\{name}"),
    });
}

/// DOS and NT headers without sections or directories.
fn bare_header(number: u32) -> Vec<u8> {
    let mut h = Fields::flat(0x400);
    h.put(0, b"MZ");
    h.u32(0x3C, 0x80);
    h.put(0x80, b"PE\0\0");
    h.u16(0x84, 0x8664);
    h.u32(0x88, 0x6000_0000 + number);
    h.u16(0x94, 240);
    h.u16(0x96, 0x22);
    h.u16(0x98, 0x20B);
    h.u64(0x98 + 24, MODULES + MODULE_SIZE * u64::from(number));
    h.u32(0x98 + 32, 0x1000);
    h.u32(0x98 + 36, 0x200);
    h.u32(0x98 + 56, low32(MODULE_SIZE));
    h.u32(0x98 + 60, 0x400);
    h.u32(0x98 + 108, 16);
    h.bytes
}

fn add_thread(process: &mut Process, space: &mut AddressSpace, number: u32, modules: u32, roomy: bool) {
    let committed = Part::private(STACK_COMMIT, PAGE_READWRITE);
    let guard = Part::private(3 * PAGE, PAGE_READWRITE | PAGE_GUARD);
    let whole = [Part::reserved(STACK_SIZE - STACK_COMMIT - guard.size), guard, committed];
    let parts = if roomy { &whole[..] } else { &whole[2..] };
    let size: u64 = parts.iter().map(|part| part.size).sum();
    let stack = STACKS + size * u64::from(number);
    space.allocate(stack, parts);
    let (teb, stack_base, id) = (TEBS + TEB_SIZE * u64::from(number), stack + size, FIRST_TID + 4 * number);
    let contents = Teb {
        exception_list: u64::MAX,
        stack_base,
        stack_limit: stack_base - STACK_COMMIT,
        own_address: teb,
        pid: PID,
        tid: id,
        peb: PEB,
        deallocation_stack: stack,
        ..Teb::default()
    };
    process.put(teb, &contents.to_bytes(Width::W64));
    let sp = stack_base - 0x800;
    let code = |step: u32| MODULES + MODULE_SIZE * u64::from((number + step) % modules.max(1));
    let mut words = Fields::flat(0x800);
    for step in 0..16 {
        words.u64(0x48 + 0x60 * step as usize, code(step) + 0x1500 + 16 * u64::from(step));
    }
    process.put(sp, &words.bytes);
    process.threads.push(Thread {
        id,
        priority_class: 0x20,
        teb,
        stack_start: sp,
        stack_size: len32(words.bytes.len()),
        context: Some(Context::at(code(0) + 0x1234, sp, sp + 0x40)),
        name: Some(format!("worker-{number}")),
        info: Some(running(MODULES + 0x1000)),
        ..Thread::default()
    });
}

/// `throw std::bad_alloc()` in app.exe, on the first thread.
fn throw(process: &mut Process) {
    let object = process.threads[0].stack_start + 0x100;
    let thrown = CppThrow {
        width: Width::W64,
        image: MODULES,
        rva: 0xA000,
        object,
        types: vec![".?AVbad_alloc@std@@".into(), ".?AVexception@std@@".into()],
        ..CppThrow::default()
    };
    let mut exception = thrown.raise(process);
    exception.thread_id = FIRST_TID;
    exception.address = MODULES + 2 * MODULE_SIZE + 0x2000;
    exception.context.clone_from(&process.threads[0].context);
    process.put(MODULES + 0xB100, b"bad allocation\0");
    let words = [MODULES + 0xB000, MODULES + 0xB100, 0];
    process.put(object, &words.map(u64::to_le_bytes).concat());
    process.exception = Some(exception);
}
