//! Where on the stack a walk found what it found. Of these slots it is proved what they are: return addresses, and
//! registers without which the walk would not go on.

use std::collections::HashSet;

use dumplens_core::{Absence, Arch, ReadMemory};

use super::registers::{ARM64_FP, ARM64_SP, Registers, SP};
use super::{Fault, Frame, Stack, Trust, Walker, arm64, x64};

/// Where one step read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Slots {
    /// The return address.
    pub(super) ip: u64,
    /// The stack pointer, if that was saved too.
    pub(super) sp: Option<u64>,
    /// Registers, by number.
    pub(super) registers: [u64; 32],
    pub(super) saved: u32,
}

impl Slots {
    /// Notes where a register was saved; the last place counts.
    pub(super) fn save(&mut self, register: u8, at: u64) {
        if let Some(place) = self.registers.get_mut(usize::from(register)) {
            *place = at;
            self.saved |= 1 << register;
        }
    }

    pub(super) fn of(&self, register: u8) -> Option<u64> {
        let at = self.registers.get(usize::from(register))?;
        (self.saved >> register & 1 == 1).then_some(*at)
    }
}

/// Gives a register the value that was saved at an address. A redacted one is not known; that ends no walk.
pub(super) fn restore(
    memory: &dyn ReadMemory,
    (register, at): (u8, u64),
    registers: &mut Registers,
    slots: &mut Slots,
) -> Result<(), Fault> {
    match memory.read_u64(at) {
        Ok(value) => registers.set(register, value),
        Err(unread) if unread.why == Absence::Redacted => registers.forget(register),
        Err(unread) => return Err(Fault::Unreadable(unread)),
    }
    slots.save(register, at);
    Ok(())
}

/// Where the frames of one stack were read: of an x86 stack what the frames themselves need, of others all registers.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    /// Between one frame and the next.
    steps: Vec<Slots>,
    /// Addresses and lengths.
    pub(crate) kept: Vec<(u64, u64)>,
}

impl Proof {
    /// The slot that a frame's register comes from; `None` if it was never saved, but is one of the dump's registers.
    pub(crate) fn register(&self, frame: usize, register: u8) -> Option<u64> {
        self.steps.get(..frame)?.iter().rev().find_map(|step| step.of(register))
    }

    /// Keeps the slot of a frame's register.
    pub(crate) fn keep(&mut self, frame: usize, register: u8) {
        self.kept.extend(self.register(frame, register).map(|at| (at, 8)));
    }
}

impl Walker<'_, '_> {
    /// Where the frames of a stack that this walker walked were read, and the 0 at its end.
    pub(crate) fn proof(&self, stack: &Stack) -> Proof {
        match self.process().dump.arch() {
            Some(Arch::X64) if stack.is_x86 => self.of_x86(stack),
            Some(Arch::X64) => of_steps(stack, SP, |callee| self.step_x64(callee)),
            Some(Arch::X86) => self.of_x86(stack),
            Some(Arch::Arm64) => self.of_arm64(stack),
            _ => Proof::default(),
        }
    }

    fn step_x64(&self, callee: &Frame) -> Option<(u64, u64, Slots)> {
        let pages = &self.code().pages;
        let executable = self.code().is_executable(callee.lookup());
        let caller = if callee.exact && !executable {
            x64::leaf(pages, &callee.registers).ok()?
        } else {
            let table = self.code().table(callee.lookup()).ok()?;
            x64::caller(pages, &table, callee.ip, &callee.registers, callee.exact).ok()?
        };
        Some((caller.ip, caller.sp, caller.slots))
    }

    /// Of a stack that ends where a chain does, the 0 at its end too.
    fn of_arm64(&self, stack: &Stack) -> Proof {
        let mut proof = of_steps(stack, ARM64_SP, |callee| self.step_arm64(callee));
        let last = stack.frames.len().saturating_sub(1);
        if stack.stopped.is_end() && proof.steps.len() == last {
            proof.keep(last, ARM64_FP);
            let record = stack.frames.last().and_then(|frame| frame.chain).filter(|record| *record != 0);
            proof.kept.extend(record.map(|record| (record.wrapping_add(8), 8)));
        }
        proof
    }

    fn step_arm64(&self, callee: &Frame) -> Option<(u64, u64, Slots)> {
        let callee = Frame { chain: callee.registers.get(ARM64_FP), ..*callee };
        let caller = if callee.exact && !self.code().is_executable(callee.ip) {
            arm64::by_link(self.code(), &callee)?.0
        } else {
            arm64::caller(self.code(), &callee).ok()?
        };
        Some((caller.ip, caller.sp, caller.slots))
    }

    /// A return address lies below the caller's stack pointer; below it, EBP where the chain goes on with it.
    fn of_x86(&self, stack: &Stack) -> Proof {
        let chained = stack.frames.iter().filter(|frame| frame.trust == Trust::FramePointer);
        let mut leads: HashSet<u64> = chained.map(|frame| frame.sp.wrapping_sub(8)).collect();
        let mut kept = Vec::new();
        if let Some(end) = stack.frames.last().and_then(|last| last.chain).filter(|_| stack.stopped.is_end())
        {
            leads.insert(end);
            kept.push((end.wrapping_add(4), 4));
        }
        for frame in stack.frames.iter().skip(1).filter(|frame| frame.trust != Trust::Context) {
            kept.push((frame.sp.wrapping_sub(4), 4));
            let below = frame.sp.wrapping_sub(8);
            let saved = self.process().dump.memory().u32(below).ok();
            if saved.is_some_and(|ebp| leads.contains(&ebp.into())) {
                kept.push((below, 4));
            }
        }
        Proof { steps: Vec::new(), kept }
    }
}

/// By taking each step of a walk again: with all registers, with the stack pointer alone, and, where that leads elsewhere,
/// without one of the others after another.
fn of_steps(stack: &Stack, sp_number: u8, step: impl Fn(&Frame) -> Option<(u64, u64, Slots)>) -> Proof {
    let mut proof = Proof::default();
    let callers = stack.frames.iter().skip(1).map(|caller| (caller.ip, Some(caller.sp)));
    let callers = callers.chain(stack.stopped.is_end().then_some((0, None)));
    for (frame, (callee, (ip, sp))) in stack.frames.iter().zip(callers).enumerate() {
        let step = |registers: &Registers| step(&Frame { registers: *registers, ..*callee });
        let leads = |registers: &Registers| {
            step(registers).is_some_and(|found| found.0 == ip && sp.is_none_or(|sp| found.1 == sp))
        };
        let Some((_, _, slots)) = step(&callee.registers) else { break };
        // The link register holds the return address of a function that has not called anything.
        proof.kept.extend((slots.ip != 0).then_some((slots.ip, 8)));
        proof.kept.extend(slots.sp.map(|at| (at, 8)));
        // A frame register: without it the step leads elsewhere, or nowhere.
        let mut alone = Registers::default();
        alone.put(sp_number, callee.registers.get(sp_number));
        if !leads(&alone) {
            for register in (0..32).filter(|register| *register != sp_number) {
                let mut without = callee.registers;
                without.forget(register);
                if callee.registers.get(register).is_some() && !leads(&without) {
                    proof.keep(frame, register);
                }
            }
        }
        proof.steps.push(slots);
    }
    proof
}
