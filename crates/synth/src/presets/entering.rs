//! Two threads that enter two critical sections in opposite order, as under Wine: the registers do not hold what the system
//! call was given, and the stack does.

use super::common::{FIRST_TID, PID, finish, map, running, shared_data};
use super::waits::{APP, DATA, NTDLL, PEB, STACKS, STUBS, stub};
use crate::address_space::{AddressSpace, Part, TOP_X64};
use crate::bytes::{len32, low32};
use crate::constants::{PAGE, PAGE_READWRITE};
use crate::pe::{Export, Function, Image, Unwind};
use crate::process::Process;
use crate::threads::Thread;
use crate::{Context, CriticalSection, Misc, Peb, SystemInfo, Teb, Width};

/// The two sections.
pub const SECTIONS: [u64; 2] = [DATA + 0x80, DATA + 0xC0];

/// What the code does between entering the first section and entering the second, beside sleeping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Between {
    /// Nothing.
    #[default]
    Sleeps,
    /// It calls another function with the first section: it leaves it.
    Leaves,
    /// It entered the first section only if something held.
    Branches,
}

/// RVAs in the program: of the thread's function and of the one that enters both sections, for each thread.
const STARTS: [u32; 2] = [0x1000, 0x1080];
const ENTERS: [u32; 2] = [0x1020, 0x10A0];
/// Behind `sub rsp,28h; call …`.
const RETURN: u64 = 9;
/// RVA of the imports: EnterCriticalSection, Sleep, LeaveCriticalSection.
const IMPORTS: u32 = 0x2000;
/// RVA of RtlEnterCriticalSection in ntdll, behind the stubs, and the return address in it.
const ENTER: u32 = 0x1400;
const ENTER_RETURN: u64 = 0x9;

/// The process. Each thread waits for the section that the other holds.
pub fn entering(between: Between) -> Process {
    let mut process = Process { system: Some(SystemInfo::default()), ..Process::default() };
    process.misc = Some(Misc::default());
    let mut space = AddressSpace::default();
    shared_data(&mut process, &mut space);
    space.allocate(DATA, &[Part::private(PAGE, PAGE_READWRITE)]);
    space.allocate(PEB, &[Part::private(5 * PAGE, PAGE_READWRITE)]);
    map(&mut process, &mut space, &app(between), "C:\\Acme\\app.exe", [1, 0, 0, 0]);
    map(&mut process, &mut space, &ntdll(), "C:\\Windows\\System32\\ntdll.dll", [10, 0, 19041, 1]);
    process.put(PEB, &Peb { image_base: APP, ..Peb::default() }.to_bytes(Width::W64));
    for thread in 0..2 {
        // LockCount as Wine counts: entered once, and one waits.
        let section = CriticalSection {
            lock_count: 1,
            lock_semaphore: 0,
            ..CriticalSection::held(FIRST_TID + 4 * low32(thread), 0)
        };
        let of = usize::from(thread != 0);
        process.put(SECTIONS[of], &section.to_bytes(Width::W64));
        self::thread(&mut process, &mut space, of);
    }
    finish(&mut process, &space, TOP_X64);
    process
}

/// The stack: the stub, RtlEnterCriticalSection with the section's address in its frame, the thread's function.
fn thread(process: &mut Process, space: &mut AddressSpace, number: usize) {
    let base = STACKS + 0x10_0000 * (number as u64 + 1);
    space.allocate(base - PAGE, &[Part::private(PAGE, PAGE_READWRITE)]);
    let sp = base - 0x200;
    process.put(sp, &(NTDLL + u64::from(ENTER) + ENTER_RETURN).to_le_bytes());
    process.put(sp + 0x30, &SECTIONS[1 - number].to_le_bytes());
    process.put(sp + 0x70, &(APP + u64::from(STARTS[number]) + RETURN).to_le_bytes());
    let (stub, call) = stub("NtWaitForAlertByThreadId");
    // Wine: rcx is an address in code.
    let general = vec![(0, call.into()), (1, APP + u64::from(STARTS[number])), (2, 0), (10, 0)];
    let context = Context { general, ..Context::at(stub + 0x14, sp, 0) };
    let teb = Teb {
        stack_base: base,
        stack_limit: base - PAGE,
        own_address: PEB + PAGE + 2 * PAGE * number as u64,
        pid: PID,
        tid: FIRST_TID + 4 * len32(number),
        peb: PEB,
        deallocation_stack: base - PAGE,
        ..Teb::default()
    };
    process.put(teb.own_address, &teb.to_bytes(Width::W64));
    process.threads.push(Thread {
        id: teb.tid,
        teb: teb.own_address,
        stack_start: sp,
        stack_size: low32(base - sp),
        context: Some(context),
        info: Some(running(APP + u64::from(STARTS[number]))),
        ..Thread::default()
    });
}

fn app(between: Between) -> Image {
    let mut functions = Vec::new();
    for number in 0..2 {
        let (start, enter) = (STARTS[number], ENTERS[number]);
        let mut code = vec![0x48, 0x83, 0xEC, 0x28, 0xE8];
        code.extend(enter.wrapping_sub(start + 9).to_le_bytes());
        code.extend([0x33, 0xC0, 0x48, 0x83, 0xC4, 0x28, 0xC3]);
        let alloc = |offset: u16, bytes: u16| offset | 2 << 8 | (bytes / 8 - 1) << 12;
        let unwind = Unwind { prolog: 4, codes: vec![alloc(4, 0x28)], ..Unwind::default() };
        functions.push(Function { rva: start, code, unwind: Some(unwind) });
        let push_rbx = 1 | 3 << 12;
        let unwind = Unwind { prolog: 5, codes: vec![alloc(5, 0x20), push_rbx], ..Unwind::default() };
        functions.push(Function { rva: enter, code: enters(enter, number, between), unwind: Some(unwind) });
    }
    Image {
        width: Width::W64,
        base: APP,
        time_date_stamp: 1,
        name: "app.exe".into(),
        functions,
        data: vec![(0, vec![0; 24])],
        ..Image::default()
    }
}

/// Enters its own section through rbx, sleeps, and jumps to the same function with the other's.
fn enters(at: u32, own: usize, between: Between) -> Vec<u8> {
    let mut code = vec![0x53, 0x48, 0x83, 0xEC, 0x20];
    let relative = |code: &mut Vec<u8>, operation: &[u8], target: u64| {
        code.extend(operation);
        let next = APP + u64::from(at) + code.len() as u64 + 4;
        code.extend(low32(target.wrapping_sub(next) & 0xFFFF_FFFF).to_le_bytes());
    };
    let import = |n: u64| APP + u64::from(IMPORTS) + 8 * n;
    if between == Between::Branches {
        code.extend([0x85, 0xC9, 0x74, 0x00]);
    }
    relative(&mut code, &[0x48, 0x8B, 0x1D], import(0));
    relative(&mut code, &[0x48, 0x8D, 0x0D], SECTIONS[own]);
    code.extend([0xFF, 0xD3]);
    if between == Between::Leaves {
        relative(&mut code, &[0x48, 0x8D, 0x0D], SECTIONS[own]);
        relative(&mut code, &[0xFF, 0x15], import(2));
    }
    code.extend([0xB9, 0x2C, 0x01, 0, 0]);
    relative(&mut code, &[0xFF, 0x15], import(1));
    relative(&mut code, &[0x48, 0x8D, 0x0D], SECTIONS[1 - own]);
    code.extend([0x48, 0x89, 0xD8, 0x48, 0x83, 0xC4, 0x20, 0x5B, 0x48, 0xFF, 0xE0]);
    code
}

fn ntdll() -> Image {
    let place = |n: usize| 0x1000 + 0x20 * len32(n);
    let mut functions: Vec<Function> = (0..STUBS.len())
        .map(|n| Function {
            rva: place(n),
            code: vec![0x90; 0x12].into_iter().chain([0x0F, 0x05, 0xC3]).collect(),
            unwind: None,
        })
        .collect();
    let alloc = 4 | 2 << 8 | (0x68 / 8 - 1) << 12;
    let unwind = Unwind { prolog: 4, codes: vec![alloc], ..Unwind::default() };
    let code = vec![0x48, 0x83, 0xEC, 0x68, 0xE8, 0, 0, 0, 0, 0x48, 0x83, 0xC4, 0x68, 0xC3];
    functions.push(Function { rva: ENTER, code, unwind: Some(unwind) });
    let mut exports: Vec<Export> =
        STUBS.iter().enumerate().map(|(n, (name, _))| Export::At((*name).into(), place(n))).collect();
    exports.push(Export::At("RtlEnterCriticalSection".into(), ENTER));
    Image {
        width: Width::W64,
        base: NTDLL,
        time_date_stamp: 2,
        name: "ntdll.dll".into(),
        functions,
        exports,
        ..Image::default()
    }
}
