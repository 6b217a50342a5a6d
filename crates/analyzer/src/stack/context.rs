//! The registers that a walk begins with.

use dumplens_core::{Context, Registers as General};

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
    Some((exception.thread_id, registers(&exception.context?)))
}

fn registers(context: &Context) -> Start {
    let mut registers = Registers::default();
    let (ip, sp) = (context.ip, context.sp);
    let kind = match &context.registers {
        General::X64 { general, .. } => {
            fill(&mut registers, general, context.flags, &[(SP, sp)]);
            Kind::X64
        }
        General::X86(general) => {
            let all = general.map(u64::from);
            fill(&mut registers, &all, context.flags, &[(SP, sp), (FP, all[usize::from(FP)])]);
            Kind::X86
        }
        General::Arm64(x) => {
            let control = [(ARM64_FP, x[29]), (30, x[30]), (ARM64_SP, sp)];
            fill(&mut registers, x, context.flags, &control);
            Kind::Arm64
        }
        _ => {
            registers.set(SP, sp);
            Kind::Other
        }
    };
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
