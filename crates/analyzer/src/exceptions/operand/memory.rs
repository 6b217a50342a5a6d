//! The memory operands of an instruction: which one leads to the address that was recorded, or to none that there is.

use dumplens_core::{Context, Registers};
use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, Register, UsedMemory};

use super::{Contradiction, FaultReport, RegisterReport, is_canonical, nothing};
use crate::exceptions::analysis::OperandKind;
use crate::exceptions::{AccessKind, AccessReport};
use crate::space::Hex;

/// What an operand of a size that is not known may reach.
const UNKNOWN_SIZE: u64 = 0x1000;

/// One memory operand.
struct Operand {
    used: UsedMemory,
    address: u64,
}

/// What the operands say of a recorded access; `None` if a register that one needs is not known.
pub(super) fn by_operands(
    context: &Context,
    instruction: &Instruction,
    bits: u32,
    access: &AccessReport,
) -> Option<FaultReport> {
    let mut factory = InstructionInfoFactory::new();
    let used: Vec<UsedMemory> = factory.info(instruction).used_memory().to_vec();
    let used = used.into_iter().filter(|used| used.access() != OpAccess::NoMemAccess);
    let used: Vec<UsedMemory> = used.collect();
    let operands: Option<Vec<Operand>> = used
        .iter()
        .map(|used| Some(Operand { used: *used, address: address(context, used, bits)? }))
        .collect();
    let operands = operands?;
    // 32-bit code has no addresses that are not canonical, but operands that must be aligned.
    let of_32_bits = bits == 32 && access.kind == Some(AccessKind::Read);
    let nowhere = access.non_canonical || (of_32_bits && access.address.0 == u64::from(u32::MAX));
    if operands.is_empty() {
        let contradiction = (!nowhere || !is_protected(instruction)).then_some(Contradiction::NoOperand);
        return Some(FaultReport { contradiction, ..nothing() });
    }
    if nowhere {
        let wild = operands.iter().find(|operand| bits == 64 && !is_canonical(operand.address));
        let crooked = || operands.iter().find(|operand| is_misaligned(operand));
        let highest = || operands.iter().find(|operand| operand.address == access.address.0);
        let found = wild.map(|operand| (operand, false)).or_else(|| crooked().map(|operand| (operand, true)));
        let found = found.or_else(|| highest().map(|operand| (operand, false)));
        if let Some((operand, misaligned)) = found {
            return Some(FaultReport { misaligned, ..report(context, operand, bits) });
        }
        if access.non_canonical {
            return Some(nothing());
        }
    }
    let fits = |operand: &&Operand| {
        let size = match operand.used.memory_size().size() as u64 {
            0 => UNKNOWN_SIZE,
            size => size,
        };
        access.address.0.wrapping_sub(operand.address) < size
    };
    let mut fitting = operands.iter().filter(fits).peekable();
    if fitting.peek().is_none() {
        return Some(FaultReport { contradiction: Some(Contradiction::OtherAddress), ..nothing() });
    }
    let all: Vec<&Operand> = fitting.collect();
    let found = all.iter().find(|operand| agrees(access.kind, kind(operand.used.access())));
    let contradiction = found.is_none().then_some(Contradiction::OtherAccess);
    let operand = found.or(all.first())?;
    Some(FaultReport { contradiction, address: Some(access.address), ..report(context, operand, bits) })
}

/// Whether an instruction that uses no memory may raise a general protection fault all the same, which Windows reports as a
/// read of -1: an interrupt, a load of a segment register, an instruction of the kernel.
fn is_protected(instruction: &Instruction) -> bool {
    instruction.flow_control() != FlowControl::Next
        || instruction.is_privileged()
        || instruction.op0_register().is_segment_register()
        || matches!(instruction.mnemonic(), Mnemonic::Wrfsbase | Mnemonic::Wrgsbase | Mnemonic::Xsetbv)
}

fn report(context: &Context, operand: &Operand, bits: u32) -> FaultReport {
    let used = &operand.used;
    let register = |register: Register| Some(RegisterReport::new(register, value(context, register, bits)?));
    let constant = used.base() == Register::None && used.index() == Register::None;
    FaultReport {
        address: Some(Hex(operand.address)),
        kind: kind(used.access()),
        base: register(used.base()),
        index: register(used.index()),
        scale: used.scale(),
        constant,
        ..nothing()
    }
}

/// The first address of an operand; `None` where a register is not known, or FS or GS takes part.
pub(super) fn address(context: &Context, used: &UsedMemory, bits: u32) -> Option<u64> {
    let address = used.virtual_address(0, |register, _, _| match register {
        Register::FS | Register::GS => None,
        Register::CS | Register::DS | Register::ES | Register::SS => Some(0),
        _ => value(context, register, bits),
    })?;
    Some(if bits == 32 { address & u64::from(u32::MAX) } else { address })
}

pub(super) fn value(context: &Context, register: Register, bits: u32) -> Option<u64> {
    if register == Register::None || !register.is_gpr() && !register.is_ip() {
        return None;
    }
    let name = match &context.registers {
        Registers::X86(_) => register.full_register32(),
        _ => register.full_register(),
    };
    let value = context.register(&format!("{name:?}").to_lowercase())?;
    Some(if bits == 32 { value & u64::from(u32::MAX) } else { value })
}

/// Whether an operand as long as an SSE register does not lie as those must: the processor then names no address either.
fn is_misaligned(operand: &Operand) -> bool {
    let size = operand.used.memory_size().size() as u64;
    matches!(size, 16 | 32 | 64) && !operand.address.is_multiple_of(16)
}

fn kind(access: OpAccess) -> Option<OperandKind> {
    match access {
        OpAccess::Read | OpAccess::CondRead => Some(OperandKind::Read),
        OpAccess::Write | OpAccess::CondWrite => Some(OperandKind::Write),
        OpAccess::ReadWrite | OpAccess::ReadCondWrite => Some(OperandKind::ReadWrite),
        OpAccess::None | OpAccess::NoMemAccess => None,
    }
}

/// Whether what was recorded can be what the instruction does.
fn agrees(recorded: Option<AccessKind>, kind: Option<OperandKind>) -> bool {
    !matches!(
        (recorded, kind),
        (Some(AccessKind::Write), Some(OperandKind::Read))
            | (Some(AccessKind::Read), Some(OperandKind::Write))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_record_and_instruction_agree_on() {
        assert!(!agrees(Some(AccessKind::Write), Some(OperandKind::Read)));
        assert!(!agrees(Some(AccessKind::Read), Some(OperandKind::Write)));
        assert!(agrees(Some(AccessKind::Read), Some(OperandKind::ReadWrite)));
        assert!(agrees(None, Some(OperandKind::Read)) && agrees(Some(AccessKind::Write), None));
    }
}
