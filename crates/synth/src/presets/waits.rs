//! Processes whose threads stand in system calls that wait: each in the stub of ntdll or win32u, with the arguments where
//! that processor has them.

use super::common::{FIRST_TID, PID, finish, map, running, shared_data};
use crate::address_space::{AddressSpace, Part, TOP_X64, TOP_X86_4GB};
use crate::bytes::low32;
use crate::constants::{PAGE, PAGE_READWRITE};
use crate::pe::{Export, Function, Image};
use crate::process::Process;
use crate::threads::{Thread, ThreadInfo};
use crate::{Arch, Context, Misc, Peb, SystemInfo, Teb, Width};

/// Where things lie, in a process of either width.
pub const APP: u64 = 0x0040_0000;
/// ntdll.
pub const NTDLL: u64 = 0x7700_0000;
/// win32u.
pub const WIN32U: u64 = 0x7600_0000;
/// The PEB, and behind it two pages for each TEB.
pub const PEB: u64 = 0x2000_0000;
/// Stacks, 64 KiB each, one behind the other; the last page of each is committed.
pub const STACKS: u64 = 0x3000_0000;
/// 64 KiB of the program's own memory, for locks and timeouts.
pub const DATA: u64 = 0x1000_0000;

const STACK: u64 = 0x1_0000;
/// RVA of the instruction behind the call in the program's function.
const RETURN: u64 = 0x1006;
/// From one of the program's functions to the next.
const SITE: u64 = 0x10;
/// How deep in its stack a thread stands.
const DEPTH: u64 = 0x100;

/// Names of the stubs in ntdll, and the numbers that they load (Windows 10 19045).
pub const STUBS: [(&str, u32); 14] = [
    ("NtWaitForSingleObject", 0x4),
    ("NtReadFile", 0x6),
    ("NtDeviceIoControlFile", 0x7),
    ("NtRemoveIoCompletion", 0x9),
    ("NtDelayExecution", 0x34),
    ("NtWaitForMultipleObjects", 0x5B),
    ("NtClose", 0xF),
    ("NtAlpcSendWaitReceivePort", 0x8C),
    ("NtRemoveIoCompletionEx", 0x178),
    ("NtSignalAndWaitForSingleObject", 0x1B6),
    ("NtWaitForAlertByThreadId", 0x1D0),
    ("NtWaitForDebugEvent", 0x1D1),
    ("NtWaitForKeyedEvent", 0x1D2),
    ("NtWaitForWorkViaWorkerFactory", 0x1D3),
];
/// Bytes from one stub to the next.
const STUB: u32 = 0x20;

/// What a thread waits in.
#[derive(Clone, Debug, Default)]
pub struct Waiter {
    /// The name of a stub, or `NtUserMsgWaitForMultipleObjectsEx`; empty for a thread that runs in the program.
    pub call: &'static str,
    /// Its arguments.
    pub arguments: Vec<u64>,
    /// From which of the program's functions it made the call.
    pub site: u64,
    /// Processor time in user mode, milliseconds.
    pub processor_ms: u64,
    /// TEB.WaitingOnLoaderLock.
    pub waits_for_loader_lock: bool,
    /// TEB.Win32ThreadInfo.
    pub win32_thread_info: u64,
}

impl Waiter {
    /// A thread that stands in a call with these arguments.
    pub fn new(call: &'static str, arguments: &[u64]) -> Self {
        Waiter { call, arguments: arguments.to_vec(), ..Waiter::default() }
    }

    /// One that runs.
    pub fn running() -> Self {
        Waiter::default()
    }
}

/// The ID of a thread.
pub fn id(thread: u32) -> u32 {
    FIRST_TID + 4 * thread
}

/// A process with these threads, and without an exception. x64 registers are as Windows 11 24H2 leaves them.
pub fn waiting(arch: Arch, waiters: &[Waiter]) -> Process {
    let width = if arch == Arch::X86 { Width::W32 } else { Width::W64 };
    let mut process = Process { arch, system: Some(SystemInfo::default()), ..Process::default() };
    process.misc = Some(Misc::default());
    let mut space = AddressSpace::default();
    shared_data(&mut process, &mut space);
    space.allocate(DATA, &[Part::private(16 * PAGE, PAGE_READWRITE)]);
    let threads = waiters.len() as u64;
    space.allocate(PEB, &[Part::private((1 + 2 * threads) * PAGE, PAGE_READWRITE)]);
    map(&mut process, &mut space, &app(width), "C:\\Acme\\app.exe", [1, 0, 0, 0]);
    map(&mut process, &mut space, &ntdll(width), "C:\\Windows\\System32\\ntdll.dll", [10, 0, 19041, 1]);
    map(&mut process, &mut space, &win32u(width), "C:\\Windows\\System32\\win32u.dll", [10, 0, 19041, 1]);
    process.put(PEB, &Peb { image_base: APP, loader_lock: DATA + 0xF000, ..Peb::default() }.to_bytes(width));
    for (number, waiter) in (0u32..).zip(waiters) {
        let stack = STACKS + STACK * u64::from(number);
        space.allocate(stack, &[Part::reserved(STACK - PAGE), Part::private(PAGE, PAGE_READWRITE)]);
        thread(&mut process, width, number, waiter);
    }
    let top = if width == Width::W32 { TOP_X86_4GB } else { TOP_X64 };
    finish(&mut process, &space, top);
    process
}

fn thread(process: &mut Process, width: Width, number: u32, waiter: &Waiter) {
    let base = STACKS + STACK * (u64::from(number) + 1);
    let teb = Teb {
        exception_list: u64::MAX,
        stack_base: base,
        stack_limit: base - PAGE,
        own_address: PEB + PAGE + 2 * PAGE * u64::from(number),
        pid: PID,
        tid: id(number),
        peb: PEB,
        deallocation_stack: base - STACK,
        waiting_on_loader_lock: u32::from(waiter.waits_for_loader_lock),
        win32_thread_info: waiter.win32_thread_info,
        ..Teb::default()
    };
    process.put(teb.own_address, &teb.to_bytes(width));
    let context = context(process, width, base - DEPTH, waiter);
    let info =
        ThreadInfo { kernel_time: 0, user_time: 10_000 * waiter.processor_ms, ..running(APP + 0x1000) };
    process.threads.push(Thread {
        id: teb.tid,
        teb: teb.own_address,
        stack_start: context.sp,
        stack_size: low32(base - context.sp),
        context: Some(context),
        info: Some(info),
        ..Thread::default()
    });
}

fn context(process: &mut Process, width: Width, sp: u64, waiter: &Waiter) -> Context {
    if waiter.call.is_empty() {
        return Context::at(APP + 0x1000, sp, 0);
    }
    let (stub, number) = stub(waiter.call);
    process.put(sp, &(APP + RETURN + SITE * waiter.site).to_le_bytes()[..width.bytes()]);
    let argument = |n: usize| waiter.arguments.get(n).copied().unwrap_or(0);
    if width == Width::W32 {
        for (n, value) in waiter.arguments.iter().enumerate() {
            process.put(sp + 4 + 4 * n as u64, &value.to_le_bytes()[..4]);
        }
        // Behind `call edx`.
        return Context { general: vec![(0, number.into())], ..Context::at(stub + 0xC, sp, 0) };
    }
    if process.arch == Arch::Arm64 {
        let general = (0..8).map(|n| (n, argument(n))).collect();
        return Context { general, lr: APP + RETURN, ..Context::at(stub + 4, sp, 0) };
    }
    for (n, value) in waiter.arguments.iter().enumerate().skip(4) {
        process.put(sp + 0x28 + 8 * (n as u64 - 4), &value.to_le_bytes());
    }
    let general = vec![
        (0, number.into()),
        (1, argument(0)),
        (2, argument(1)),
        (8, argument(2)),
        (9, argument(3)),
        (10, argument(0)),
        (11, argument(0)),
    ];
    Context { general, ..Context::at(stub + 0x14, sp, 0) }
}

/// Where a stub begins, and the number that it loads.
///
/// # Panics
/// If there is no stub of that name.
pub fn stub(call: &str) -> (u64, u32) {
    if call == "NtUserMsgWaitForMultipleObjectsEx" {
        return (WIN32U + 0x1000, 0x14D6);
    }
    let place = STUBS.iter().position(|(name, _)| *name == call).expect("a stub of that name");
    (NTDLL + 0x1000 + u64::from(STUB) * place as u64, STUBS[place].1)
}

fn app(width: Width) -> Image {
    // call [import] on x64, on x86 by another form of the same length; nop.
    let code = vec![0xFF, 0x15, 0, 0x10, 0, 0, 0x90, 0xC3];
    let functions =
        (0..8).map(|n| Function { rva: 0x1000 + 0x10 * n, code: code.clone(), unwind: None }).collect();
    Image { width, base: APP, time_date_stamp: 1, name: "app.exe".into(), functions, ..Image::default() }
}

fn ntdll(width: Width) -> Image {
    let place = |n: usize| 0x1000 + STUB * crate::bytes::len32(n);
    let functions = STUBS.iter().enumerate().map(|(n, (_, number))| Function {
        rva: place(n),
        code: code(width, *number),
        unwind: None,
    });
    let exports = STUBS.iter().enumerate().map(|(n, (name, _))| Export::At((*name).into(), place(n)));
    Image {
        width,
        base: NTDLL,
        time_date_stamp: 2,
        name: "ntdll.dll".into(),
        functions: functions.collect(),
        exports: exports.collect(),
        ..Image::default()
    }
}

fn win32u(width: Width) -> Image {
    Image {
        width,
        base: WIN32U,
        time_date_stamp: 3,
        name: "win32u.dll".into(),
        functions: vec![Function { rva: 0x1000, code: code(width, 0x14D6), unwind: None }],
        exports: vec![Export::At("NtUserMsgWaitForMultipleObjectsEx".into(), 0x1000)],
        ..Image::default()
    }
}

/// A stub: `mov r10,rcx; mov eax,n; test …; jne; syscall; ret`, or `mov eax,n; mov edx,…; call edx; ret`.
fn code(width: Width, number: u32) -> Vec<u8> {
    let n = number.to_le_bytes();
    if width == Width::W32 {
        return [&[0xB8][..], &n, &[0xBA, 0, 0, 0, 0x77, 0xFF, 0xD2, 0xC2, 0x14, 0]].concat();
    }
    let test = [0xF6, 0x04, 0x25, 0x08, 0x03, 0xFE, 0x7F, 0x01, 0x75, 0x03];
    [&[0x4C, 0x8B, 0xD1, 0xB8][..], &n, &test, &[0x0F, 0x05, 0xC3, 0xCD, 0x2E, 0xC3]].concat()
}
