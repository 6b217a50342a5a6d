//! `operator new` of libstdc++ on x64, by its shape: it keeps the size in a register that functions give back, hands it to
//! `malloc`, asks the new handler if there is nothing, goes back to `malloc`, and at last allocates an exception of 8 bytes.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::Asked;
use super::function::Function;
use super::operator_new::{Held, KEPT};
use crate::stack::Registers;

/// Bytes of a `std::bad_alloc`: its vtable's pointer.
const BAD_ALLOC: u64 = 8;

/// What the function of a frame was asked for, if it is one.
pub(super) fn size(function: &Function, registers: &Registers) -> Option<Held> {
    let is_call = |i: &Instruction| matches!(i.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
    let first = function.code.iter().position(is_call)?;
    let handed = function.code.get(first.checked_sub(1)?)?;
    let copies = handed.mnemonic() == Mnemonic::Mov
        && handed.op0_register() == Register::RCX
        && handed.op1_kind() == OpKind::Register;
    let register = Some(handed.op1_register()).filter(|register| copies && KEPT.contains(register))?;
    let again = function.code.iter().skip(first).any(|i| {
        matches!(i.flow_control(), FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch)
            && i.near_branch_target() == handed.ip()
    });
    let allocates = function.code.windows(2).any(|pair| match pair {
        [set, call] => {
            set.mnemonic() == Mnemonic::Mov
                && set.op0_register() == Register::ECX
                && set.op1_kind() == OpKind::Immediate32
                && set.immediate(1) == BAD_ALLOC
                && is_call(call)
        }
        _ => false,
    });
    let number = u8::try_from(register.number()).ok()?;
    let bytes = registers.get(number).filter(|_| again && allocates)?;
    Some(Held { asked: Asked::OperatorNew, bytes, register: Some(register) })
}
