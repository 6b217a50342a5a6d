//! Arguments of a call: where it takes them from, and what they are.

use dumplens_core::ReadMemory;
use iced_x86::{CodeSize, FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::place::{Body, Place, kept, slot, writes};
use crate::request::allocator::Size;
use crate::request::function::Function;
use crate::stack::code::Code;

/// The number of bytes that the call at `n` asked for.
pub(super) fn size(code: &Code<'_, '_>, body: &Body<'_>, n: usize, from: usize, size: Size) -> Option<u64> {
    let argument = |which| value(code, body, n, from, which);
    match size {
        Size::Argument(which) => argument(which),
        Size::Product(a, b) => argument(a)?.checked_mul(argument(b)?),
        Size::Untold => None,
    }
    .filter(|bytes| *bytes > 0)
}

/// An argument of the call at `n`: a number in the code, a register that still holds it, or a variable of the frame.
fn value(code: &Code<'_, '_>, body: &Body<'_>, n: usize, from: usize, which: usize) -> Option<u64> {
    let all = &body.function.code;
    let (set, operand) = if all.get(n)?.code_size() == CodeSize::Code32 {
        handed(all, n, which)?
    } else {
        let register = *ARGUMENTS.get(which)?;
        (straight(all, n)?.rev().find(|set| writes(&all[*set], Place::Register(register)))?, 1)
    };
    let i = &all[set];
    let mask = if (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Register && i.op_register(n).is_gpr64()) {
        u64::MAX
    } else {
        0xffff_ffff
    };
    match (i.mnemonic(), i.op_kind(operand)) {
        (Mnemonic::Mov | Mnemonic::Push, OpKind::Register) => {
            kept(body, set, from, i.op_register(operand).full_register()).map(|value| value & mask)
        }
        (Mnemonic::Mov | Mnemonic::Push, OpKind::Memory) => {
            let Place::Slot(base, at) = slot(i)? else { return None };
            let since = all.get(set..from)?;
            let written = since.iter().any(|i| writes(i, Place::Slot(base, at)));
            let address = kept(body, set, from, base.full_register())?.wrapping_add(at);
            let value = match i.code_size() {
                CodeSize::Code32 => code.pages.read_u32(address & 0xffff_ffff).ok().map(u64::from),
                _ => code.pages.read_u64(address).ok(),
            };
            value.map(|value| value & mask).filter(|_| !written)
        }
        (Mnemonic::Mov | Mnemonic::Push, _) => Some(i.immediate(operand) & mask),
        (Mnemonic::Lea, _) if i.memory_index() == Register::None => {
            let base = kept(body, set, from, i.memory_base().full_register())?;
            Some(base.wrapping_add(i.memory_displacement64()))
        }
        _ => None,
    }
}

/// The registers of the first arguments on x64.
pub(super) const ARGUMENTS: [Register; 4] = [Register::RCX, Register::RDX, Register::R8, Register::R9];

/// The instructions before the call at `n` that run one after the other.
fn straight(code: &[Instruction], n: usize) -> Option<std::ops::Range<usize>> {
    let before = code.get(..n)?;
    let calls = |i: &Instruction| i.flow_control() != FlowControl::Next;
    Some(before.iter().rposition(calls).map_or(0, |call| call + 1)..n)
}

/// Which argument a variable of a 32-bit function is: `[ebp+8]` is the first, where EBP is set up as a frame's.
pub(super) fn stacked(function: &Function, base: Register, at: u64) -> Option<usize> {
    let sets = |i: &Instruction| {
        i.mnemonic() == Mnemonic::Mov
            && i.op0_kind() == OpKind::Register
            && i.op0_register() == Register::EBP
            && i.op1_kind() == OpKind::Register
            && i.op1_register() == Register::ESP
    };
    let framed = base == Register::EBP && function.code.iter().take(4).any(sets);
    let behind = at.checked_sub(8).filter(|behind| framed && behind.is_multiple_of(4) && *behind < 0x40)?;
    usize::try_from(behind / 4).ok()
}

/// The instruction that hands over an argument on the stack to the call at `n` of 32-bit code, and its operand: a push, or
/// a write above the stack pointer where nothing was pushed.
pub(super) fn handed(code: &[Instruction], n: usize, which: usize) -> Option<(usize, u32)> {
    let pushes = |at: &usize| code[*at].mnemonic() == Mnemonic::Push;
    let before = straight(code, n)?;
    if before.clone().any(|at| pushes(&at)) {
        return before.rev().filter(pushes).nth(which).map(|at| (at, 0));
    }
    let place = u64::try_from(which).ok()?.checked_mul(4)?;
    let stores = |i: &Instruction| {
        i.mnemonic() == Mnemonic::Mov
            && i.op0_kind() == OpKind::Memory
            && i.memory_base() == Register::ESP
            && i.memory_index() == Register::None
            && i.memory_displacement64() == place
    };
    before.rev().find(|at| stores(&code[*at])).map(|at| (at, 1))
}
