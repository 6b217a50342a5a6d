//! `operator new`, recognised by its shape: it keeps the size it was asked for while it tries again and again, and
//! compares it with -1 to tell which exception to throw (`spec/windows-dumps.md` E.2, E.3).

use dumplens_core::ReadMemory;
use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::function::{Function, compares_argument_with_minus_one, compares_with_minus_one, is_argument};
use crate::stack::code::Code;
use crate::stack::{Registers, Stack};

/// Instructions in which a function copies its argument away.
const PROLOGUE: usize = 16;

/// The size that a frame's function was asked for, if it has the shape of `operator new`.
pub(super) fn size(code: &Code<'_, '_>, stack: &Stack, frame: usize, function: &Function) -> Option<u64> {
    match code.process.dump.width().bits() {
        64 => by_register(function, stack.frames.get(frame)?.ip, &stack.frames.get(frame)?.registers),
        _ => by_argument(code, stack, frame, function),
    }
}

/// x64: the register that its first instructions copy rcx to, whichever the compiler took.
fn by_register(function: &Function, ip: u64, registers: &Registers) -> Option<u64> {
    let copy = function.code.iter().take(PROLOGUE).position(|i| kept_in(i).is_some())?;
    let register = kept_in(&function.code[copy])?;
    let rest = &function.code[copy + 1..];
    let overwritten = rest.iter().filter(|i| i.next_ip() <= ip).any(|i| writes(i, register));
    let compares = rest.iter().any(|i| compares_with_minus_one(i, register));
    let number = u8::try_from(register.number()).ok()?;
    (compares && !overwritten).then(|| registers.get(number)).flatten()
}

/// The non-volatile register of `mov register, rcx`.
fn kept_in(i: &Instruction) -> Option<Register> {
    const KEPT: [Register; 8] = [
        Register::RBX,
        Register::RBP,
        Register::RSI,
        Register::RDI,
        Register::R12,
        Register::R13,
        Register::R14,
        Register::R15,
    ];
    let copies = i.mnemonic() == Mnemonic::Mov
        && i.op0_kind() == OpKind::Register
        && i.op1_kind() == OpKind::Register
        && i.op1_register() == Register::RCX;
    (copies && KEPT.contains(&i.op0_register())).then(|| i.op0_register())
}

/// Whether an instruction may change a register: it names it first, and does more than look at it or save it.
fn writes(i: &Instruction, register: Register) -> bool {
    // A pop ends the function on a path that was not taken.
    let looks = matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push | Mnemonic::Pop);
    i.op0_kind() == OpKind::Register && i.op0_register().full_register() == register && !looks
}

/// x86: the argument on the stack, right behind the return address.
fn by_argument(code: &Code<'_, '_>, stack: &Stack, frame: usize, function: &Function) -> Option<u64> {
    let held = held_argument(function);
    let compares = function.code.iter().any(|i| {
        compares_argument_with_minus_one(i)
            || held.is_some_and(|register| compares_with_minus_one(i, register))
    });
    let caller = stack.frames.get(frame + 1)?;
    let size = code.pages.read_u32(caller.sp).ok()?;
    compares.then_some(u64::from(size))
}

/// The register that the first instructions load the first argument into: from `[ebp+8]`, or from `[esp+n]` where n is
/// what was pushed so far and the return address.
fn held_argument(function: &Function) -> Option<Register> {
    let mut pushed = 0;
    for i in function.code.iter().take(PROLOGUE) {
        match i.mnemonic() {
            Mnemonic::Push => pushed += 4,
            Mnemonic::Sub if i.op0_register() == Register::ESP => pushed += i.immediate(1),
            Mnemonic::Mov if i.op0_kind() == OpKind::Register && i.op1_kind() == OpKind::Memory => {
                let by_esp = i.memory_base() == Register::ESP && i.memory_index() == Register::None;
                if is_argument(i) || (by_esp && i.memory_displacement64() == pushed + 4) {
                    return Some(i.op0_register());
                }
            }
            _ => {}
        }
    }
    None
}
