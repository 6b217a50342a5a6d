//! What the code that asks for memory does with the size: the padding of `std::_Allocate`, and the size of an element.

use std::collections::BTreeSet;

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::function::Function;

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

/// Sizes of elements by which a function multiplies: `shl r,4`, `imul r,r,18h`. Only those that divide `bytes`.
pub(super) fn element_sizes(function: &Function, ip: u64, bytes: u64) -> BTreeSet<u64> {
    let factor = |i: &Instruction| match i.mnemonic() {
        Mnemonic::Shl if is_immediate(i, 1) => 1u64.checked_shl(u32::from(i.immediate8())),
        Mnemonic::Imul if i.op_count() == 3 && is_immediate(i, 2) => Some(i.immediate(2)),
        _ => None,
    };
    let fits = |size: &u64| (2..=1 << 16).contains(size) && bytes.is_multiple_of(*size);
    function.before(ip).filter_map(factor).filter(fits).collect()
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
