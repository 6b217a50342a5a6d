//! What the code that asks for memory does with the size: the padding of `std::_Allocate`, and the size of an element.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::function::Function;
use crate::stack::Registers;

/// Bytes from which on `std::_Allocate` aligns by hand (E.1).
const BIG: u64 = 4096;
/// What it adds: a pointer and 31 bytes, in debug builds two pointers (E.1).
const PADS64: [u64; 2] = [0x27, 0x2f];
const PADS32: [u64; 2] = [0x23, 0x27];

/// The paddings that a size may hold, by the program's width.
pub(super) fn paddings(bits: u32, bytes: u64) -> impl Iterator<Item = u64> {
    let pads = if bits == 64 { PADS64 } else { PADS32 };
    pads.into_iter().filter(move |pad| bytes >= BIG + pad)
}

/// The padding that a function adds before it asks: `lea r,[r+27h]` or `add r,27h` before an address.
pub(super) fn padding(function: &Function, ip: u64, bits: u32, bytes: u64) -> Option<u64> {
    let added = function
        .before(ip)
        .rev()
        .find_map(|i| added(i).filter(|n| paddings(bits, bytes).any(|p| p == *n)))?;
    Some(added)
}

/// What an instruction adds to a register that is not the stack pointer.
fn added(i: &Instruction) -> Option<u64> {
    let of_stack = |r: Register| matches!(r.full_register(), Register::RSP | Register::RBP);
    match i.mnemonic() {
        Mnemonic::Lea if i.memory_index() == Register::None && !of_stack(i.memory_base()) => {
            Some(i.memory_displacement64())
        }
        Mnemonic::Add if i.op0_kind() == OpKind::Register && !of_stack(i.op0_register()) => {
            is_immediate(i, 1).then(|| i.immediate(1))
        }
        _ => None,
    }
}

fn is_immediate(i: &Instruction, operand: u32) -> bool {
    matches!(
        i.op_kind(operand),
        OpKind::Immediate8
            | OpKind::Immediate32
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

/// The size as the caller computed it: x64 only, where `lea rcx,[register+n]` or `mov rcx,register` before the call names
/// a register that functions give back as they found it. That value was saved by another function than the one that
/// keeps the size itself, so it is a second source.
pub(super) fn argument(function: &Function, ip: u64, registers: &Registers) -> Option<(Register, u64)> {
    let setter = function.before(ip).rev().find(|i| sets_rcx(i))?;
    let (register, added) = match setter.mnemonic() {
        Mnemonic::Lea if setter.memory_index() == Register::None => {
            (setter.memory_base(), setter.memory_displacement64())
        }
        Mnemonic::Mov if setter.op1_kind() == OpKind::Register => (setter.op1_register(), 0),
        _ => return None,
    };
    // Of a full register: half of one would drop bits.
    let number = u8::try_from(register.full_register().number()).ok().filter(|_| register.is_gpr64())?;
    let value = registers.get(number).filter(|_| number != STACK_POINTER)?.wrapping_add(added);
    // The value must be that of the call: nothing between it and the setter may write the register.
    let rewritten = function
        .before(ip)
        .filter(|i| i.ip() > setter.ip())
        .any(|i| i.op0_kind() == OpKind::Register && i.op0_register().full_register() == register);
    (!rewritten).then_some((register, value))
}

const STACK_POINTER: u8 = 4;

fn sets_rcx(i: &Instruction) -> bool {
    let compares = matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push);
    i.op0_kind() == OpKind::Register && i.op0_register().full_register() == Register::RCX && !compares
}
