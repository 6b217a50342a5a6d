//! One frame, undone by what the image says of its function.

use dumplens_core::ReadMemory;
use dumplens_core::pe::ImageError;
use dumplens_core::unwind::arm64::{CONTEXT_PC, CONTEXT_SP, CONTEXT_X, Operation, UNWOUND_TO_CALL};

use super::stripped;
use crate::stack::code::{Before, Code};
use crate::stack::registers::{ARM64_FP, ARM64_LR, ARM64_SP, Registers};
use crate::stack::slots::{Slots, restore};
use crate::stack::{Caller, Fault, Frame, Trust};

/// The last register of the general ones that a function saves in order; behind x28 come those for floating point.
const LAST_SAVED: u8 = 28;

/// The caller of a frame; `None` if its image has no unwind data, or if that is not enough: what is missing may be known
/// in another way. All non-volatile registers of the caller are known that were known here, or were saved where the dump
/// keeps them.
pub(super) fn caller(code: &Code<'_, '_>, callee: &Frame) -> Option<Caller> {
    let table = code.arm64_table(callee.lookup())?;
    let rva = u32::try_from(callee.lookup().checked_sub(table.base())?).ok()?;
    let Some(operations) = table.undo(&code.pages, rva).ok()? else { return leaf(code, callee) };
    undo(&code.pages, &operations, callee).ok()
}

/// A function that the image does not list changes neither sp nor x30. One that made a call is listed.
fn leaf(code: &Code<'_, '_>, callee: &Frame) -> Option<Caller> {
    let (caller, before) = super::by_link(code, callee).filter(|_| callee.exact)?;
    (before != Before::Other).then_some(Caller { trust: Trust::Leaf, ..caller })
}

/// Undoes what a function has done.
fn undo(memory: &dyn ReadMemory, operations: &[Operation], callee: &Frame) -> Result<Caller, Fault> {
    let mut frame =
        Undoing { memory, registers: callee.registers, slots: Slots::default(), next: 0, was_at: None };
    for operation in operations {
        frame.undo(*operation)?;
    }
    frame.returned()
}

/// The registers while operations are undone.
struct Undoing<'m> {
    memory: &'m dyn ReadMemory,
    registers: Registers,
    slots: Slots,
    /// Pairs that belong to the next one.
    next: u8,
    /// Where the thread was, if it did not call the function, and whether it was interrupted there.
    was_at: Option<(u64, bool)>,
}

impl Undoing<'_> {
    fn undo(&mut self, operation: Operation) -> Result<(), Fault> {
        let pairs = std::mem::take(&mut self.next);
        let takes = matches!(
            operation,
            Operation::Next
                | Operation::Restore { second: Some(_), .. }
                | Operation::RestoreFloat { pair: true, .. }
        );
        if pairs > 0 && !takes {
            return Err(out_of_order());
        }
        match operation {
            Operation::Release(bytes) => self.release(bytes),
            Operation::Restore { first, second, offset, release } => {
                let at = self.get(ARM64_SP)?.wrapping_add(offset.into());
                self.restore(first, at)?;
                if let Some(second) = second {
                    self.restore(second, at.wrapping_add(8))?;
                    self.restore_behind(second, pairs, at.wrapping_add(16))?;
                }
                self.release(release);
            }
            Operation::RestoreFloat { release, .. } => self.release(release),
            Operation::Next => self.next = pairs.saturating_add(1),
            Operation::FromFrame(below) => {
                self.registers.set(ARM64_SP, self.get(ARM64_FP)?.wrapping_sub(below.into()));
            }
            Operation::Signed => self.registers.set(ARM64_LR, stripped(self.get(ARM64_LR)?)),
            Operation::MachineFrame => {
                let at = self.get(ARM64_SP)?;
                self.came_from(at.wrapping_add(8), true)?;
                self.restore_sp(at)?;
                self.registers.keep_arm64_non_volatile();
            }
            Operation::Context => self.context()?,
            Operation::Interrupted => {
                self.was_at = Some((stripped(self.get(ARM64_LR)?), true));
                self.slots.ip = self.slots.of(ARM64_LR).unwrap_or(0);
                self.registers.keep_arm64_non_volatile();
            }
            Operation::Nothing | Operation::Chained => {}
        }
        Ok(())
    }

    /// The registers of so many pairs behind `last`.
    fn restore_behind(&mut self, last: u8, pairs: u8, at: u64) -> Result<(), Fault> {
        let end = u16::from(last) + 2 * u16::from(pairs);
        if pairs > 0 && end > LAST_SAVED.into() {
            return Err(out_of_order());
        }
        let registers = (last..).skip(1).take(2 * usize::from(pairs));
        for (register, n) in registers.zip(0u64..) {
            self.restore(register, at.wrapping_add(8 * n))?;
        }
        Ok(())
    }

    /// All registers of a CONTEXT, which Windows makes where it calls the program back.
    fn context(&mut self) -> Result<(), Fault> {
        let at = self.get(ARM64_SP)?;
        for register in 0..=ARM64_LR {
            self.restore(register, at.wrapping_add(CONTEXT_X + 8 * u64::from(register)))?;
        }
        let flags = self.memory.read_u32(at).map_err(Fault::Unreadable)?;
        self.came_from(at.wrapping_add(CONTEXT_PC), flags & UNWOUND_TO_CALL == 0)?;
        self.restore_sp(at.wrapping_add(CONTEXT_SP))
    }

    fn restore_sp(&mut self, at: u64) -> Result<(), Fault> {
        self.slots.sp = Some(at);
        self.restore(ARM64_SP, at)
    }

    /// Reads where the thread was.
    fn came_from(&mut self, at: u64, interrupted: bool) -> Result<(), Fault> {
        let ip = self.memory.read_u64(at).map_err(Fault::Unreadable)?;
        self.was_at = Some((ip, interrupted));
        self.slots.ip = at;
        Ok(())
    }

    fn get(&self, register: u8) -> Result<u64, Fault> {
        self.registers.get(register).ok_or(Fault::Register(register))
    }

    /// Behind a frame record sp is not known, until x29 gives it back.
    fn release(&mut self, bytes: u32) {
        let sp = self.registers.get(ARM64_SP).map(|sp| sp.wrapping_add(bytes.into()));
        self.registers.put(ARM64_SP, sp);
    }

    fn restore(&mut self, register: u8, at: u64) -> Result<(), Fault> {
        restore(self.memory, (register, at), &mut self.registers, &mut self.slots)
    }

    /// Where the function returns to: x30, unless it was never called.
    fn returned(mut self) -> Result<Caller, Fault> {
        if self.next > 0 {
            return Err(out_of_order());
        }
        let sp = self.get(ARM64_SP)?;
        let (ip, exact) = if let Some(was_at) = self.was_at {
            was_at
        } else {
            let link = self.get(ARM64_LR)?;
            self.slots.ip = self.slots.of(ARM64_LR).unwrap_or(0);
            self.registers.keep_arm64_non_volatile();
            (stripped(link), false)
        };
        let chain = self.registers.get(ARM64_FP);
        let (registers, slots, trust) = (self.registers, self.slots, Trust::UnwindInfo);
        Ok(Caller { ip, sp, registers, trust, exact, chain, slots })
    }
}

fn out_of_order() -> Fault {
    Fault::Image(ImageError::Malformed("unwind codes that do not follow one another".to_owned()))
}
