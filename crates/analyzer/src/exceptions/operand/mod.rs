//! The operand of the faulting instruction: the address that caused the fault, from the registers, in 32-bit and 64-bit
//! code.
//!
//! The record of an access violation contains the address, except for one that is not canonical. The instruction and
//! the registers show which operand it was, from which register it came, and whether the record can be right.

mod memory;

use dumplens_core::{Context, Registers, Width};
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpKind, Register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::memory::{address, by_operands, value};
use super::analysis::OperandKind;
use super::{AccessKind, AccessReport};
use crate::process::Process;
use crate::space::{Hex, words};

/// Bytes of the longest instruction.
const LONGEST: u64 = 15;
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

impl RegisterReport {
    fn new(register: Register, value: u64) -> RegisterReport {
        RegisterReport { name: format!("{register:?}").to_lowercase(), value: Hex(value) }
    }
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
        let target = process.dump.memory().pointer(context.sp, width(bits)).ok()?;
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
    (bits == 64 && !is_canonical(target)).then(|| FaultReport {
        address: Some(Hex(target)),
        kind: Some(OperandKind::Execute),
        base: register.map(|register| RegisterReport::new(register, target)),
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

/// Of the words on the stack of such code.
fn width(bits: u32) -> Width {
    if bits == 32 { Width::Bits32 } else { Width::Bits64 }
}

/// Whether the word that a `ret` would have taken lies below the stack pointer and is the instruction pointer. A word of
/// zero proves nothing: most stacks have many.
fn returned(process: &Process<'_>, context: &Context, bits: u32, at: u64) -> bool {
    let width = width(bits);
    let Some(below) = context.sp.checked_sub(width.bytes() as u64).filter(|_| at != 0) else { return false };
    process.dump.memory().pointer(below, width) == Ok(at)
}

/// Whether an address is one that a pointer can have: its upper bits are all the same.
pub(crate) fn is_canonical(address: u64) -> bool {
    matches!(address.cast_signed() >> 47, 0 | -1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_addresses() {
        assert!([0, 0x7fff_ffff_ffff, u64::MAX, 0xffff_8000_0000_0000].into_iter().all(is_canonical));
        assert!(!is_canonical(0xdddd_dddd_dddd_dddd) && !is_canonical(1 << 47));
    }
}
