//! What a thread had when it waited: where it stood, and the arguments of the call.

use dumplens_core::{Arch, ReadMemory, Width};

use crate::process::{Process, Thread};
use crate::stack::{Stack, Trust};

/// One thread, as it stands in a system call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stand {
    /// Position in the thread list.
    pub(super) thread: usize,
    /// The thread's ID.
    pub(super) id: u32,
    /// The width of the code that made the call: 32 in a WOW64 thread of a 64-bit dump.
    pub(super) width: Width,
    /// An address in the stub.
    pub(super) stub: u64,
    /// The stack pointer.
    pub(super) sp: u64,
    /// rax or eax: on Windows the call's number.
    pub(super) number: Option<u64>,
    /// What registers hold, from the first argument on.
    registers: [Option<u64>; 8],
    /// Where the next argument lies on the stack, and which it is.
    on_stack: (u64, usize),
}

/// rcx, rdx, r8, r9.
const X64: [u8; 4] = [1, 2, 8, 9];
const RCX: u8 = 1;
/// The stub copies rcx there. Builds whose kernel gives it back do so with r8 and r9 too (seen on 26200); the others (17134
/// to 22631) give back only rax, rcx and rdx as they were.
const R10: u8 = 10;
/// What a function of x64 has room for on its caller's stack: behind the return address lie four words for its registers.
const X64_STACK: u64 = 0x28;

impl Stand {
    /// How a thread stands in the innermost frame of its stack: the 32-bit one of a WOW64 thread.
    pub(super) fn of(process: &Process<'_>, thread: &Thread<'_>, stack: &Stack) -> Option<Stand> {
        let first = stack.frames.first().filter(|first| first.trust == Trust::Context)?;
        if stack.is_x86 {
            return Some(x86(process, thread, first.ip, first.sp, first.registers.get(0)));
        }
        let mut registers = [None; 8];
        let (numbers, number, on_stack): (&[u8], u8, u64) = match process.dump.arch()? {
            Arch::X64 => (&X64, 0, first.sp.wrapping_add(X64_STACK)),
            Arch::Arm64 => (&[0, 1, 2, 3, 4, 5, 6, 7], 16, first.sp),
            _ => return None,
        };
        for (place, number) in registers.iter_mut().zip(numbers) {
            *place = first.registers.get(*number);
        }
        if process.dump.arch() == Some(Arch::X64) && first.registers.get(R10) != first.registers.get(RCX) {
            registers[2..].fill(None);
        }
        let number = first.registers.get(number);
        Some(Stand {
            thread: thread.index,
            id: thread.id,
            width: Width::Bits64,
            stub: first.ip,
            sp: first.sp,
            number,
            registers,
            on_stack: (on_stack, numbers.len()),
        })
    }

    /// An argument of the call, counted from 0; `None` if it is not known.
    pub(super) fn argument(&self, process: &Process<'_>, n: usize) -> Option<u64> {
        let (at, first) = self.on_stack;
        let Some(behind) = n.checked_sub(first) else { return *self.registers.get(n)? };
        let at = at.checked_add((behind * self.width.bytes()) as u64)?;
        process.dump.memory().pointer(at, self.width).ok()
    }
}

/// A thread of a 32-bit program. The stub calls into what enters the kernel: `KiFastSystemCall` before Windows 8, whose
/// return address is then at the top of the stack, or `Wow64SystemServiceCall`, which may have left its own there.
fn x86(process: &Process<'_>, thread: &Thread<'_>, ip: u64, sp: u64, number: Option<u64>) -> Stand {
    const RET: u8 = 0xc3;
    let memory = process.dump.memory();
    let top = memory.read_u32(sp).map(u64::from).ok();
    let returns = || {
        let mut code = [0];
        memory.read(ip, &mut code).is_ok() && code == [RET]
    };
    let same_module = |top: u64| process.module_at(top).is_some_and(|m| Some(m) == process.module_at(ip));
    let (stub, frame) = match top {
        Some(top) if top == ip => (ip, sp.wrapping_add(4)),
        Some(top) if same_module(top) && returns() => (top, sp.wrapping_add(4)),
        _ => (ip, sp),
    };
    Stand {
        thread: thread.index,
        id: thread.id,
        width: Width::Bits32,
        stub,
        sp,
        number,
        registers: [None; 8],
        on_stack: (frame.wrapping_add(4), 0),
    }
}
