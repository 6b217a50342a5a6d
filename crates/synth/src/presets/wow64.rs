//! A 32-bit process as a 64-bit writer (Task Manager) sees it.

use super::common::{FIRST_TID, STACK_SIZE, code_view, describe, finish, map, running, shared_data, stack};
use super::small::{Addresses, environment_block};
use super::{code32, code64};
use crate::address_space::{AddressSpace, Part, TOP_X64};
use crate::bytes::{Push, low32};
use crate::constants::{MEM_COMMIT, MEM_MAPPED, PAGE, PAGE_READONLY, PAGE_READWRITE};
use crate::pe::{Function, Image, Unwind};
use crate::process::Process;
use crate::threads::Thread;
use crate::{Arch, Context, Peb, Width};

/// The 32-bit view: TEB32 of each thread is 0x2000 above its TEB64, PEB32 0x1000 above the PEB64.
pub const VIEW32: Addresses = Addresses {
    width: Width::W32,
    app: 0x0040_0000,
    ntdll: 0x7700_0000,
    peb: 0x0021_1000,
    tebs: [0x0021_4000, 0x0021_8000],
    stacks: [0x0050_0000, 0x0060_0000],
    heap: 0x0070_0000,
    mapped: 0x00A0_0000,
    top: TOP_X64,
};

/// The 64-bit view: 64-bit stacks and the 64-bit ntdll.
pub const VIEW64: Addresses = Addresses {
    width: Width::W64,
    ntdll: 0x7FFB_1000_0000,
    peb: 0x0021_0000,
    tebs: [0x0021_2000, 0x0021_6000],
    stacks: [0x0080_0000, 0x0090_0000],
    ..VIEW32
};

/// Base of wow64.dll.
pub const WOW64: u64 = 0x7FFB_0F00_0000;
/// Base of wow64cpu.dll, in which both threads are.
pub const WOW64CPU: u64 = 0x7700_0000 - 0x10_0000;
/// From TEB64 to TEB32.
const WOW_TEB_OFFSET: i32 = 0x2000;
/// TEB64.TlsSlots[1], which points to WOW64_CPURESERVED: flags u16, machine u16, x86 CONTEXT (not in the
/// specification; known from debuggers).
const CPU_RESERVED_SLOT: u64 = 0x1488;
/// Return address in the only function of wow64.dll and wow64cpu.dll.
const AFTER_CALL: u64 = 0x1006;
/// Return address in the 64-bit RtlUserThreadStart.
const IN_THREAD_START: u64 = 0x1026;

/// An x64 dump of a WOW64 process with two threads and no exception, as Task Manager writes it.
pub fn tiny_wow64() -> Process {
    let (mut process, space) = begin();
    finish(&mut process, &space, VIEW64.top);
    process
}

/// The process without its lists of regions and kept memory, and the allocations so far.
pub(super) fn begin() -> (Process, AddressSpace) {
    let mut process = Process { flags: 0x0042_1826, ..Process::default() };
    let mut space = AddressSpace::default();
    shared_data(&mut process, &mut space);
    images(&mut process, &mut space);
    allocate(&mut space);
    VIEW32.environment(&mut process);
    let peb64 = Peb { image_base: VIEW32.app, ..Peb::default() };
    process.put(VIEW64.peb, &peb64.to_bytes(Width::W64));
    let (first, second) = VIEW32.stack_contents(&mut process);
    thread(&mut process, 0, &first, "main");
    thread(&mut process, 1, &second, "worker");
    describe(&mut process);
    process.comment = None;
    (process, space)
}

fn images(process: &mut Process, space: &mut AddressSpace) {
    let app = code32::app(VIEW32.app, VIEW32.ntdll, code_view(0x10, "C:\\build\\app.pdb"));
    let ntdll32 = code32::ntdll(VIEW32.ntdll, code_view(0x30, "wntdll.pdb"));
    let ntdll64 = code64::ntdll(VIEW64.ntdll, code_view(0x20, "ntdll.pdb"));
    let version = [10, 0, 19041, 3570];
    map(process, space, &app, "C:\\Program Files (x86)\\Acme\\app.exe", [1, 2, 3, 4]);
    map(process, space, &ntdll64, "C:\\Windows\\System32\\ntdll.dll", version);
    map(process, space, &calling(WOW64, "wow64.dll", 0x40), "C:\\Windows\\System32\\wow64.dll", version);
    let wow64cpu = calling(WOW64CPU, "wow64cpu.dll", 0x50);
    map(process, space, &wow64cpu, "C:\\Windows\\System32\\wow64cpu.dll", version);
    map(process, space, &ntdll32, "C:\\Windows\\SysWOW64\\ntdll.dll", version);
}

/// A 64-bit image with one function: `sub rsp,28h; call rcx; nop; add rsp,28h; ret`.
fn calling(base: u64, name: &str, guid: u8) -> Image {
    let code = vec![0x48, 0x83, 0xEC, 0x28, 0xFF, 0xD1, 0x90, 0x48, 0x83, 0xC4, 0x28, 0xC3];
    let unwind = Unwind { prolog: 4, codes: vec![0x4204], ..Unwind::default() };
    Image {
        width: Width::W64,
        base,
        time_date_stamp: 0x6550_0004,
        name: name.into(),
        code_view: Some(code_view(guid, &name.replace(".dll", ".pdb"))),
        functions: vec![Function { rva: 0x1000, code, unwind: Some(unwind) }],
        ..Image::default()
    }
}

fn allocate(space: &mut AddressSpace) {
    environment_block(space, VIEW64.peb, VIEW32.tebs[1] + 2 * PAGE - VIEW64.peb);
    space.allocate(VIEW32.heap, &[Part::private(PAGE, PAGE_READWRITE), Part::reserved(0xFF * PAGE)]);
    let view = Part { size: PAGE, state: MEM_COMMIT, protect: PAGE_READONLY, kind: MEM_MAPPED };
    space.allocate(VIEW32.mapped, &[view]);
    for address in [VIEW32.stacks, VIEW64.stacks].concat() {
        stack(space, address);
    }
}

/// Both TEBs, the 64-bit stack and the list entry of a thread whose 32-bit registers are `context32`.
fn thread(process: &mut Process, number: u32, context32: &Context, name: &str) {
    let (mut teb32, mut teb64) = (VIEW32.teb(number), VIEW64.teb(number));
    teb32.wow_teb_offset = -WOW_TEB_OFFSET;
    teb64.wow_teb_offset = WOW_TEB_OFFSET;
    teb64.exception_list = teb32.own_address;
    teb64.last_error = 0;
    teb64.last_status = 0;
    process.put(teb32.own_address, &teb32.to_bytes(Width::W32));
    process.put(teb64.own_address, &teb64.to_bytes(Width::W64));
    let context = stack64(process, number, context32);
    process.threads.push(Thread {
        id: FIRST_TID + 4 * number,
        priority_class: 0x20,
        teb: teb64.own_address,
        stack_start: context.sp,
        stack_size: low32(teb64.stack_base - context.sp),
        context: Some(context),
        name: Some(name.into()),
        info: Some(running(VIEW32.app + code32::START)),
        ..Thread::default()
    });
}

/// wow64cpu, wow64, RtlUserThreadStart; the saved 32-bit registers above them.
fn stack64(process: &mut Process, number: u32, context32: &Context) -> Context {
    let base = VIEW64.stacks[number as usize] + STACK_SIZE;
    let reserved = base - 0x400;
    let mut saved = Vec::new();
    saved.u16(0);
    saved.u16(0x14C);
    saved.extend(context32.to_bytes(Arch::X86));
    process.put(reserved, &saved);
    process.put(VIEW64.tebs[number as usize] + CPU_RESERVED_SLOT, &reserved.to_le_bytes());
    let start = reserved - 0x28;
    let (wow64, cpu) = (start - 0x80, start - 0xB0);
    process.put(wow64, &(VIEW64.ntdll + IN_THREAD_START).to_le_bytes());
    process.put(cpu, &(WOW64 + AFTER_CALL).to_le_bytes());
    Context::at(WOW64CPU + AFTER_CALL, cpu - 0x28, 0)
}

/// Instruction addresses of either thread on its 64-bit stack, innermost first.
pub fn frames64() -> [u64; 3] {
    [WOW64CPU + AFTER_CALL, WOW64 + AFTER_CALL, VIEW64.ntdll + IN_THREAD_START]
}
