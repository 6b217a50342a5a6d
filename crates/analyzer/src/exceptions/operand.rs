//! The operand of the faulting instruction: the address that caused the fault, from the registers, in 32-bit and 64-bit
//! code.
//!
//! The record of an access violation contains the address, except for one that is not canonical. The instruction and
//! the registers show which operand it was, from which register it came, and whether the record can be right.

use dumplens_core::{Context, Registers, Width};
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register, UsedMemory,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::analysis::OperandKind;
use super::{AccessKind, AccessReport};
use crate::process::Process;
use crate::space::{Hex, words};

/// Bytes of the longest instruction.
const LONGEST: u64 = 15;
/// What an operand of a size that is not known may reach.
const UNKNOWN_SIZE: u64 = 0x1000;
/// `CS` of 32-bit code in a 64-bit process.
const WOW64_CODE: u16 = 0x23;

words! {
    /// How record and instruction contradict each other.
    pub enum Contradiction {
        /// The instruction uses no memory.
        NoOperand = "no_operand",
        /// It uses other addresses.
        OtherAddress = "other_address",
        /// The instruction only reads although the record shows a write, or only writes although it shows a read.
        OtherAccess = "other_access",
        /// The record shows that memory was executed which is not where the exception happened.
        OtherPlace = "other_place",
    }
}

/// A register and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegisterReport {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Hex,
}

/// What the faulting instruction used.
#[allow(clippy::struct_excessive_bools)] // independent of each other
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultReport {
    /// The address that it used, if known. It can differ from the recorded one, which is -1 for a non-canonical
    /// address.
    pub address: Option<Hex>,
    /// How it used the address.
    pub kind: Option<OperandKind>,
    /// The register that the address is relative to.
    #[serde(rename = "base_register")]
    pub base: Option<RegisterReport>,
    /// The register that is multiplied and added.
    #[serde(rename = "index_register")]
    pub index: Option<RegisterReport>,
    /// The factor by which the index register is multiplied.
    pub scale: u32,
    /// Whether the address is a constant in the instruction.
    pub constant: bool,
    /// Whether the operand must be aligned, and is not.
    pub misaligned: bool,
    /// Whether the processor went to, or was at, an address that a `ret` took from the stack; `address` is then that
    /// address.
    pub returned: bool,
    /// Whether it is an instruction that exists only to fail: `ud2`, `ud1`, `ud0`; on ARM64 `brk`, `hlt`, `udf`.
    #[serde(default)]
    pub deliberate: bool,
    /// How the record contradicts it.
    pub contradiction: Option<Contradiction>,
}

/// One memory operand.
struct Operand {
    used: UsedMemory,
    address: u64,
}

/// What the instruction at `at` used, and how that fits with what was recorded; `None` if code or registers are not kept.
pub(crate) fn fault(process: &Process<'_>, at: u64, access: &AccessReport) -> Option<FaultReport> {
    let context = process.exception()?.context.as_ref().filter(|context| context.ip == at)?;
    let bits = bits(context)?;
    let fetched = access.address.0.wrapping_sub(at) < LONGEST;
    let executed = access.kind == Some(AccessKind::Execute);
    if executed && !fetched {
        return Some(FaultReport { contradiction: Some(Contradiction::OtherPlace), ..nothing() });
    }
    if executed || access.address.0 == at {
        return returned(process, context, bits, at).then(|| FaultReport {
            address: Some(Hex(at)),
            returned: true,
            ..nothing()
        });
    }
    let instruction = decoded(process, at, bits).filter(|instruction| !instruction.is_invalid())?;
    if matches!(instruction.mnemonic(), Mnemonic::Ret) && access.non_canonical {
        let width = if bits == 32 { Width::Bits32 } else { Width::Bits64 };
        let target = process.dump.memory().pointer(context.sp, width).ok()?;
        return Some(FaultReport { address: Some(Hex(target)), returned: true, ..nothing() });
    }
    if access.non_canonical
        && let Some(branch) = wild_branch(process, context, &instruction, bits)
    {
        return Some(branch);
    }
    (!fetched).then(|| by_operands(context, &instruction, bits, access))?
}

/// A call or jump to an address that is not canonical, out of a register or memory: the processor raises the fault before it
/// goes there.
fn wild_branch(
    process: &Process<'_>,
    context: &Context,
    instruction: &Instruction,
    bits: u32,
) -> Option<FaultReport> {
    if !matches!(instruction.flow_control(), FlowControl::IndirectBranch | FlowControl::IndirectCall) {
        return None;
    }
    let register = (instruction.op0_kind() == OpKind::Register).then(|| instruction.op0_register());
    let target = if let Some(register) = register {
        value(context, register, bits)?
    } else {
        let used = InstructionInfoFactory::new().info(instruction).used_memory().first().copied()?;
        process.dump.memory().u64(address(context, &used, bits)?).ok()?
    };
    let name = |register: Register| format!("{register:?}").to_lowercase();
    (bits == 64 && !is_canonical(target)).then(|| FaultReport {
        address: Some(Hex(target)),
        kind: Some(OperandKind::Execute),
        base: register.map(|register| RegisterReport { name: name(register), value: Hex(target) }),
        ..nothing()
    })
}

/// The instruction at `at`, if it is one that exists only to fail; `None` of another, and if code or registers are not kept.
pub(crate) fn deliberate(process: &Process<'_>, at: u64) -> Option<FaultReport> {
    let context = process.exception()?.context.as_ref().filter(|context| context.ip == at)?;
    let fails = if matches!(context.registers, Registers::Arm64(_)) {
        is_trap(process.dump.memory().u32(at).ok()?)
    } else {
        let instruction = decoded(process, at, bits(context)?)?;
        matches!(instruction.mnemonic(), Mnemonic::Ud2 | Mnemonic::Ud1 | Mnemonic::Ud0)
    };
    fails.then(|| FaultReport { deliberate: true, ..nothing() })
}

/// `brk`, `hlt` and `udf` of ARM64. A word of 0 is also a `udf`, and most memory that is not code.
fn is_trap(word: u32) -> bool {
    matches!(word & 0xffe0_001f, 0xd420_0000 | 0xd440_0000) || (word != 0 && word >> 16 == 0)
}

fn decoded(process: &Process<'_>, at: u64, bits: u32) -> Option<Instruction> {
    let memory = process.dump.memory();
    let bytes = memory.bytes(at, memory.available(at, LONGEST)).ok().filter(|bytes| !bytes.is_empty())?;
    Some(Decoder::with_ip(bits, &bytes, at, DecoderOptions::NONE).decode())
}

fn nothing() -> FaultReport {
    FaultReport {
        address: None,
        kind: None,
        base: None,
        index: None,
        scale: 1,
        constant: false,
        misaligned: false,
        returned: false,
        deliberate: false,
        contradiction: None,
    }
}

/// Bits of the code that was executed.
fn bits(context: &Context) -> Option<u32> {
    match &context.registers {
        Registers::X64 { cs: WOW64_CODE, .. } | Registers::X86(_) => Some(32),
        Registers::X64 { .. } => Some(64),
        _ => None,
    }
}

/// Whether the word that a `ret` would have taken lies below the stack pointer and is the instruction pointer. A word of
/// zero proves nothing: most stacks have many.
fn returned(process: &Process<'_>, context: &Context, bits: u32, at: u64) -> bool {
    let (step, width) =
        if bits == 64 { (8, dumplens_core::Width::Bits64) } else { (4, dumplens_core::Width::Bits32) };
    let Some(below) = context.sp.checked_sub(step).filter(|_| at != 0) else { return false };
    process.dump.memory().pointer(below, width) == Ok(at)
}

fn by_operands(
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
    let register = |register: Register| {
        let value = value(context, register, bits)?;
        Some(RegisterReport { name: format!("{register:?}").to_lowercase(), value: Hex(value) })
    };
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
fn address(context: &Context, used: &UsedMemory, bits: u32) -> Option<u64> {
    let address = used.virtual_address(0, |register, _, _| match register {
        Register::FS | Register::GS => None,
        Register::CS | Register::DS | Register::ES | Register::SS => Some(0),
        _ => value(context, register, bits),
    })?;
    Some(if bits == 32 { address & u64::from(u32::MAX) } else { address })
}

fn value(context: &Context, register: Register, bits: u32) -> Option<u64> {
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

/// Whether an address is one that a pointer can have: its upper bits are all the same.
pub(crate) fn is_canonical(address: u64) -> bool {
    matches!(address.cast_signed() >> 47, 0 | -1)
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
    fn canonical_addresses() {
        assert!([0, 0x7fff_ffff_ffff, u64::MAX, 0xffff_8000_0000_0000].into_iter().all(is_canonical));
        assert!(!is_canonical(0xdddd_dddd_dddd_dddd) && !is_canonical(1 << 47));
    }

    #[test]
    fn what_record_and_instruction_agree_on() {
        assert!(!agrees(Some(AccessKind::Write), Some(OperandKind::Read)));
        assert!(!agrees(Some(AccessKind::Read), Some(OperandKind::Write)));
        assert!(agrees(Some(AccessKind::Read), Some(OperandKind::ReadWrite)));
        assert!(agrees(None, Some(OperandKind::Read)) && agrees(Some(AccessKind::Write), None));
    }
}
