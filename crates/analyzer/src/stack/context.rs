//! The registers that a walk begins with.

use dumplens_core::process::Context32;
use dumplens_core::{Context, Registers as General, Width};

use super::registers::{ARM64_FP, ARM64_SP, FP, Registers, SP};
use crate::process::{Process, Thread};

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

/// `CS` of 32-bit code of a WOW64 process.
const CODE_32: u16 = 0x23;
/// `STATUS_ACCESS_VIOLATION`, its parameters: how, and where.
const ACCESS_VIOLATION: u32 = 0xc000_0005;
/// How: the instruction could not be fetched.
const EXECUTE: u64 = 8;

/// Where the exception happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raised {
    /// Its thread.
    pub(super) thread_id: u32,
    pub(super) code: u32,
    /// `ExceptionAddress`.
    pub(super) address: u64,
    /// Its registers.
    pub(super) start: Option<Start>,
    /// Whether what failed was the fetch of the instruction at the address: without execution prevention that is recorded
    /// as a read.
    pub(super) fetch: bool,
}

/// The dump's exception.
pub(super) fn of_exception(process: &Process<'_>) -> Option<Raised> {
    let exception = process.exception()?;
    let (code, address) = (exception.code, exception.address);
    let violation = code == ACCESS_VIOLATION && process.is_windows();
    let fetch = match exception.parameters.as_slice() {
        [EXECUTE, ..] => violation,
        [0, accessed, ..] => violation && *accessed == address,
        _ => false,
    };
    Some(Raised {
        thread_id: exception.thread_id,
        code,
        address,
        start: exception.context.as_ref().map(registers),
        fetch,
    })
}

/// Where the walks of a thread begin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Starts {
    /// On the program's own stack.
    pub(super) program: Option<Start>,
    /// On the 64-bit stack of a WOW64 thread.
    pub(super) native: Option<Start>,
    /// Where the exception happened, if the registers there are not known: the program's walk begins where the thread
    /// stood when the dump was written.
    pub(super) raised_at: Option<u64>,
    /// What was read to know the 32-bit registers.
    pub(super) saved: [Option<Context32>; 2],
}

/// At the exception in the thread that it happened in, since the thread's own registers may be those of whatever wrote
/// the dump.
pub(super) fn starts(process: &Process<'_>, thread: &Thread<'_>, raised: Option<&Raised>) -> Starts {
    let raised = raised.filter(|raised| raised.thread_id == thread.id);
    let own = of_thread(process, thread.index);
    let first = raised.and_then(|raised| raised.start).or(own);
    let is_native = |start: &Start| start.kind == Kind::X64;
    let narrower = process.wow64 == Some(true) && process.dump.width() == Width::Bits64;
    if narrower && thread.teb32.is_none() && first.as_ref().is_some_and(is_native) {
        // The 32-bit registers lie where the TEB leads.
        let address = raised.and_then(|raised| u32::try_from(raised.address).ok()).map(u64::from);
        let raised_at = address.filter(|address| first.is_none_or(|first| first.ip != *address));
        let program = first.filter(|first| address == Some(first.ip));
        return Starts {
            program,
            native: first.filter(|_| program.is_none()),
            raised_at,
            ..Starts::default()
        };
    }
    let (Some(teb64), Some(teb32), true) = (&thread.teb, &thread.teb32, first.as_ref().is_none_or(is_native))
    else {
        let native = own.filter(|own| is_native(own) && thread.teb32.is_some());
        return Starts { program: first, native, ..Starts::default() };
    };
    let memory = process.dump.memory();
    let saved = Context32::saved(memory, teb64, teb32);
    let address = raised.and_then(|raised| u32::try_from(raised.address).ok());
    let found = match (raised, address) {
        (Some(raised), Some(address)) if saved.is_none_or(|saved| saved.ip != address) => {
            let from = saved.map_or(teb32.stack_limit, |saved| saved.general[usize::from(SP)].into());
            Context32::of_exception(memory, teb32, from, raised.code, address)
        }
        _ => None,
    };
    let program = found.or(saved);
    let raised_at = address.filter(|address| program.is_none_or(|program| program.ip != *address));
    let raised_at = raised_at.map(u64::from);
    Starts { program: program.as_ref().map(saved_32), native: first, raised_at, saved: [saved, found] }
}

/// The 32-bit registers that the 64-bit half keeps.
fn saved_32(context: &Context32) -> Start {
    let mut registers = Registers::default();
    let general = context.general.map(u64::from);
    let control = [(SP, general[usize::from(SP)]), (FP, general[usize::from(FP)])];
    fill(&mut registers, &general, context.flags, &control);
    Start { kind: Kind::X86, ip: context.ip.into(), registers }
}

pub(super) fn registers(context: &Context) -> Start {
    let mut registers = Registers::default();
    let (ip, sp) = (context.ip, context.sp);
    let kind = match &context.registers {
        // 32-bit code of a WOW64 process: the upper halves mean nothing.
        General::X64 { general, cs: CODE_32 } => {
            let [all @ .., _, _, _, _, _, _, _, _] = general.map(low);
            fill(&mut registers, &all, context.flags, &[(SP, low(sp)), (FP, all[usize::from(FP)])]);
            return Start { kind: Kind::X86, ip: low(ip), registers };
        }
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

fn low(value: u64) -> u64 {
    value & u64::from(u32::MAX)
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
