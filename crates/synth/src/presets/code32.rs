//! x86 images with a few functions that keep EBP chains.

use super::code64::{BAD_ADDRESS, call};
use crate::modules::CodeView;
use crate::pe::{Export, Function, Image};
use crate::process::Process;
use crate::{Context, Width};

const CRASH: u32 = 0x1000;
const WORK: u32 = 0x1020;
const MAIN: u32 = 0x1050;
const WAIT: u32 = 0x1080;
const RETURN_TO_WORK: u64 = 0x1028;
const RETURN_TO_MAIN: u64 = 0x1058;
const RETURN_TO_WAIT: u64 = 0x1089;
const NT_WAIT: u32 = 0x1000;
const THREAD_START: u32 = 0x1020;
const AFTER_SYSCALL: u64 = 0x100C;
const RETURN_TO_THREAD_START: u64 = 0x1025;
/// RVA of the application's `.rdata`, whose first 4 bytes are the import of NtWaitForSingleObject.
const IMPORT: u64 = 0x2000;
/// `push ebp; mov ebp,esp`
const ENTER: [u8; 3] = [0x55, 0x8B, 0xEC];
/// `pop ebp; ret`
const LEAVE: [u8; 2] = [0x5D, 0xC3];

/// The faulting instruction of `crash`, `mov eax,[ecx]`.
pub(super) const FAULT: u64 = 0x1003;
/// RVA of `main`, where threads start.
pub(super) const START: u64 = MAIN as u64;

/// The application: crash, work, main, wait.
pub(super) fn app(base: u64, ntdll: u64, code_view: CodeView) -> Image {
    let import = address(base + IMPORT);
    let framed = |rva, body: &[u8]| Function { rva, code: [&ENTER, body, &LEAVE].concat(), unwind: None };
    Image {
        width: Width::W32,
        base,
        time_date_stamp: 0x6550_0001,
        name: "app.exe".into(),
        code_view: Some(code_view),
        functions: vec![
            framed(CRASH, &[0x8B, 0x01]),
            framed(WORK, &call(WORK + 3, CRASH)),
            framed(MAIN, &call(MAIN + 3, WORK)),
            framed(WAIT, &[&[0xFF, 0x15], &import[..]].concat()),
        ],
        exports: vec![
            Export::At("AppMain".into(), MAIN),
            Export::At("AppWork".into(), WORK),
            Export::Forward("AppAlloc".into(), "NTDLL.RtlAllocateHeap".into()),
        ],
        data: vec![(0, address(ntdll + u64::from(NT_WAIT)).to_vec())],
    }
}

/// ntdll: NtWaitForSingleObject and RtlUserThreadStart.
pub(super) fn ntdll(base: u64, code_view: CodeView) -> Image {
    let wait = [0xB8, 4, 0, 0, 0, 0xBA, 0, 0, 0, 0, 0xFF, 0xD2, 0xC2, 0x0C, 0];
    let start = [&ENTER[..], &[0xFF, 0xD1, 0x90, 0xCC]].concat();
    Image {
        width: Width::W32,
        base,
        time_date_stamp: 0x6550_0003,
        name: "ntdll.dll".into(),
        code_view: Some(code_view),
        functions: vec![
            Function { rva: NT_WAIT, code: wait.to_vec(), unwind: None },
            Function { rva: THREAD_START, code: start, unwind: None },
        ],
        exports: vec![
            Export::At("NtWaitForSingleObject".into(), NT_WAIT),
            Export::At("RtlUserThreadStart".into(), THREAD_START),
        ],
        data: Vec::new(),
    }
}

fn address(value: u64) -> [u8; 4] {
    crate::bytes::low32(value).to_le_bytes()
}

/// Writes one frame below `frame`: the return address, then the saved EBP. Returns the new EBP.
fn enter(process: &mut Process, frame: u64, return_address: u64) -> u64 {
    process.put(frame - 4, &address(return_address));
    process.put(frame - 8, &address(frame));
    frame - 8
}

/// EBP of RtlUserThreadStart, whose saved EBP and return address are 0.
fn outermost(stack_base: u64) -> u64 {
    stack_base - 0x14
}

/// Writes the stack of a thread that died in `crash`, and returns its registers.
pub(super) fn crashed(process: &mut Process, app: u64, ntdll: u64, stack_base: u64) -> Context {
    let main = enter(process, outermost(stack_base), ntdll + RETURN_TO_THREAD_START);
    let work = enter(process, main, app + RETURN_TO_MAIN);
    let crash = enter(process, work, app + RETURN_TO_WORK);
    let general = vec![(1, BAD_ADDRESS), (2, 0x20), (3, 0x2222), (6, 0x66), (7, 0x77)];
    Context { general, ..Context::at(app + FAULT, crash, crash) }
}

/// Writes the stack of a thread that waits, and returns its registers.
pub(super) fn waiting(process: &mut Process, app: u64, ntdll: u64, stack_base: u64) -> Context {
    let wait = enter(process, outermost(stack_base), ntdll + RETURN_TO_THREAD_START);
    process.put(wait - 4, &address(app + RETURN_TO_WAIT));
    Context::at(ntdll + AFTER_SYSCALL, wait - 4, wait)
}

/// Addresses of the frames of [`crashed`], innermost first.
pub(super) fn crashed_frames(app: u64, ntdll: u64) -> [u64; 4] {
    [app + FAULT, app + RETURN_TO_WORK, app + RETURN_TO_MAIN, ntdll + RETURN_TO_THREAD_START]
}

/// Addresses of the frames of [`waiting`], innermost first.
pub(super) fn waiting_frames(app: u64, ntdll: u64) -> [u64; 3] {
    [ntdll + AFTER_SYSCALL, app + RETURN_TO_WAIT, ntdll + RETURN_TO_THREAD_START]
}
