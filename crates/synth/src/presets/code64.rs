//! x64 images with a few functions whose unwind data and stacks agree.

use crate::modules::CodeView;
use crate::pe::{Export, Function, Image, Unwind};
use crate::process::Process;
use crate::{Context, Width};

/// RVAs in the application's image.
const CRASH: u32 = 0x1000;
const WORK: u32 = 0x1020;
const MAIN: u32 = 0x1050;
const WAIT: u32 = 0x1080;
const COLD: u32 = 0x10A0;
/// The faulting instruction of `crash`, `mov rax,[rcx]`.
const CRASH_IP: u64 = 0x1004;
const RETURN_TO_WORK: u64 = 0x102E;
const RETURN_TO_MAIN: u64 = 0x105F;
const RETURN_TO_WAIT: u64 = 0x108A;
/// RVAs in ntdll.
const NT_WAIT: u32 = 0x1000;
const THREAD_START: u32 = 0x1020;
const AFTER_SYSCALL: u64 = 0x100A;
const RETURN_TO_THREAD_START: u64 = 0x1026;
/// RVA of the application's `.rdata`, whose first 8 bytes are the import of NtWaitForSingleObject.
const IMPORT: u32 = 0x2000;
/// Address that `crash` reads.
pub(super) const BAD_ADDRESS: u64 = 0x10;

/// The application: crash, work, main, wait and the cold part of work.
pub(super) fn app(base: u64, ntdll: u64, code_view: CodeView) -> Image {
    Image {
        width: Width::W64,
        base,
        time_date_stamp: 0x6550_0001,
        name: "app.exe".into(),
        code_view: Some(code_view),
        functions: vec![crash(), work(), main(), wait(), cold()],
        exports: vec![
            Export::At("AppMain".into(), MAIN),
            Export::At("AppWork".into(), WORK),
            Export::Forward("AppAlloc".into(), "NTDLL.RtlAllocateHeap".into()),
        ],
        data: vec![(0, (ntdll + u64::from(NT_WAIT)).to_le_bytes().to_vec())],
    }
}

/// ntdll: NtWaitForSingleObject, a leaf, and RtlUserThreadStart.
pub(super) fn ntdll(base: u64, code_view: CodeView) -> Image {
    let wait = [0x4C, 0x8B, 0xD1, 0xB8, 4, 0, 0, 0, 0x0F, 0x05, 0xC3];
    let start = [0x48, 0x83, 0xEC, 0x78, 0xFF, 0xD1, 0x90, 0xCC];
    let unwind = Unwind { prolog: 4, codes: vec![alloc(4, 0x78)], ..Unwind::default() };
    Image {
        width: Width::W64,
        base,
        time_date_stamp: 0x6550_0002,
        name: "ntdll.dll".into(),
        code_view: Some(code_view),
        functions: vec![
            Function { rva: NT_WAIT, code: wait.to_vec(), unwind: None },
            Function { rva: THREAD_START, code: start.to_vec(), unwind: Some(unwind) },
        ],
        exports: vec![
            Export::At("NtWaitForSingleObject".into(), NT_WAIT),
            Export::At("RtlUserThreadStart".into(), THREAD_START),
        ],
        data: Vec::new(),
    }
}

/// UWOP_ALLOC_SMALL.
fn alloc(offset: u16, bytes: u16) -> u16 {
    offset | 2 << 8 | (bytes / 8 - 1) << 12
}

/// UWOP_PUSH_NONVOL.
fn push(offset: u16, register: u16) -> u16 {
    offset | register << 12
}

fn crash() -> Function {
    let code = [0x48, 0x83, 0xEC, 0x28, 0x48, 0x8B, 0x01, 0x48, 0x83, 0xC4, 0x28, 0xC3];
    let unwind = Unwind { prolog: 4, codes: vec![alloc(4, 0x28)], ..Unwind::default() };
    Function { rva: CRASH, code: code.to_vec(), unwind: Some(unwind) }
}

fn work() -> Function {
    let mut code = vec![0x40, 0x53, 0x48, 0x83, 0xEC, 0x20, 0x48, 0x8B, 0xD9];
    code.extend(call(WORK + 9, CRASH));
    code.extend([0x48, 0x8B, 0xC3, 0x48, 0x83, 0xC4, 0x20, 0x5B, 0xC3]);
    let unwind = Unwind { prolog: 6, codes: vec![alloc(6, 0x20), push(2, 3)], ..Unwind::default() };
    Function { rva: WORK, code, unwind: Some(unwind) }
}

fn main() -> Function {
    let mut code = vec![0x55, 0x48, 0x83, 0xEC, 0x40, 0x48, 0x8D, 0x6C, 0x24, 0x20];
    code.extend(call(MAIN + 10, WORK));
    code.extend([0x90, 0x48, 0x8D, 0x65, 0x20, 0x5D, 0xC3]);
    let set_frame = 0x0A | 3 << 8;
    let codes = vec![set_frame, alloc(5, 0x40), push(1, 5)];
    let unwind = Unwind { prolog: 10, frame: 0x25, codes, chained_to: None };
    Function { rva: MAIN, code, unwind: Some(unwind) }
}

fn wait() -> Function {
    let mut code = vec![0x48, 0x83, 0xEC, 0x28, 0xFF, 0x15];
    code.extend((IMPORT - (WAIT + 10)).to_le_bytes());
    code.extend([0x90, 0x48, 0x83, 0xC4, 0x28, 0xC3]);
    let unwind = Unwind { prolog: 4, codes: vec![alloc(4, 0x28)], ..Unwind::default() };
    Function { rva: WAIT, code, unwind: Some(unwind) }
}

/// A part of `work` that lies elsewhere; its UNWIND_INFO chains to work's.
fn cold() -> Function {
    let unwind = Unwind { chained_to: Some(1), ..Unwind::default() };
    Function { rva: COLD, code: vec![0x33, 0xC0, 0xEB, 0xFE], unwind: Some(unwind) }
}

/// `call target` at an RVA; also what x86 encodes.
pub(super) fn call(at: u32, target: u32) -> Vec<u8> {
    let mut code = vec![0xE8];
    code.extend(target.wrapping_sub(at + 5).to_le_bytes());
    code
}

/// Writes the stack of a thread that died in `crash`, and returns its registers.
pub(super) fn crashed(process: &mut Process, app: u64, ntdll: u64, stack_base: u64) -> Context {
    let start = stack_base - 0x28;
    let main = start - 0x80;
    let work = main - 0x50;
    let crash = work - 0x30;
    process.put(main, &(ntdll + RETURN_TO_THREAD_START).to_le_bytes());
    process.put(work, &(app + RETURN_TO_MAIN).to_le_bytes());
    process.put(work - 8, &0x1111_u64.to_le_bytes());
    process.put(crash, &(app + RETURN_TO_WORK).to_le_bytes());
    let general = vec![(1, BAD_ADDRESS), (2, 0x20), (3, 0x2222), (6, 0x66), (7, 0x77), (8, 0x88), (12, 0xC0)];
    Context { general, ..Context::at(app + CRASH_IP, crash - 0x28, main - 0x28) }
}

/// Writes the stack of a thread that waits, and returns its registers.
pub(super) fn waiting(process: &mut Process, app: u64, ntdll: u64, stack_base: u64) -> Context {
    let wait = stack_base - 0x28 - 0x80;
    let nt_wait = wait - 0x30;
    process.put(wait, &(ntdll + RETURN_TO_THREAD_START).to_le_bytes());
    process.put(nt_wait, &(app + RETURN_TO_WAIT).to_le_bytes());
    Context::at(ntdll + AFTER_SYSCALL, nt_wait, 0)
}

/// Addresses of the frames of [`crashed`], innermost first.
pub(super) fn crashed_frames(app: u64, ntdll: u64) -> [u64; 4] {
    [app + CRASH_IP, app + RETURN_TO_WORK, app + RETURN_TO_MAIN, ntdll + RETURN_TO_THREAD_START]
}

/// Addresses of the frames of [`waiting`], innermost first.
pub(super) fn waiting_frames(app: u64, ntdll: u64) -> [u64; 3] {
    [ntdll + AFTER_SYSCALL, app + RETURN_TO_WAIT, ntdll + RETURN_TO_THREAD_START]
}

/// RVA of `main`, where threads start.
pub(super) const START: u64 = MAIN as u64;
