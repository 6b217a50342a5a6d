//! The registers that a walk begins with.

use dumplens_core::minidump::{MinidumpContext, MinidumpRawContext};

use super::registers::{ARM64_FP, ARM64_SP, FP, Registers, SP};
use crate::process::Process;

/// `CONTEXT_INTEGER` of winnt.h, the same bit for x86, x64 and ARM64.
const INTEGER: u32 = 2;

/// How the stack is to be walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    X64,
    X86,
    Arm64,
    Other,
}

/// Where a walk begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) kind: Kind,
    pub(super) ip: u64,
    pub(super) registers: Registers,
}

/// The registers of a thread.
pub(super) fn of_thread(process: &Process<'_>, thread: usize) -> Option<Start> {
    process.dump.context(thread).as_ref().map(registers)
}

/// The registers of the exception, and its thread's ID.
pub(super) fn of_exception(process: &Process<'_>) -> Option<(u32, Start)> {
    let exception = process.dump.exception().ok().flatten()?;
    let misc = process.dump.misc_info().ok().flatten();
    let context = exception.context(process.system.as_ref()?, misc.as_ref())?;
    Some((exception.raw.thread_id, registers(&context)))
}

fn registers(context: &MinidumpContext) -> Start {
    let mut registers = Registers::default();
    let kind = match &context.raw {
        MinidumpRawContext::Amd64(c) => {
            let all = [
                c.rax, c.rcx, c.rdx, c.rbx, c.rsp, c.rbp, c.rsi, c.rdi, c.r8, c.r9, c.r10, c.r11, c.r12,
                c.r13, c.r14, c.r15,
            ];
            fill(&mut registers, &all, c.context_flags, &[(SP, c.rsp)]);
            Kind::X64
        }
        MinidumpRawContext::X86(c) => {
            let all = [c.eax, c.ecx, c.edx, c.ebx, c.esp, c.ebp, c.esi, c.edi].map(u64::from);
            let control = [(SP, c.esp.into()), (FP, c.ebp.into())];
            fill(&mut registers, &all, c.context_flags, &control);
            Kind::X86
        }
        MinidumpRawContext::Arm64(c) => {
            let control = [(ARM64_FP, c.iregs[29]), (30, c.iregs[30]), (ARM64_SP, c.sp)];
            fill(&mut registers, &c.iregs, c.context_flags, &control);
            Kind::Arm64
        }
        MinidumpRawContext::OldArm64(c) => {
            let flags = u32::try_from(c.context_flags & u64::from(u32::MAX)).unwrap_or(0);
            fill(&mut registers, &c.iregs, flags, &[(ARM64_FP, c.iregs[29]), (ARM64_SP, c.sp)]);
            Kind::Arm64
        }
        _ => Kind::Other,
    };
    let (ip, sp) = (context.get_instruction_pointer(), context.get_stack_pointer());
    if kind == Kind::Other {
        registers.set(SP, sp);
    }
    Start { kind, ip, registers }
}

/// Sets what the flags say is there; writers that leave the flags out fill in everything.
fn fill(registers: &mut Registers, all: &[u64], flags: u32, control: &[(u8, u64)]) {
    let states_nothing = flags.to_le_bytes()[0] == 0;
    if states_nothing || flags & INTEGER != 0 {
        for (number, value) in (0..).zip(all) {
            registers.set(number, *value);
        }
    }
    for (number, value) in control {
        registers.set(*number, *value);
    }
}
