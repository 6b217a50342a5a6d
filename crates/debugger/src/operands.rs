//! What the current instruction's memory operand holds, as `r` shows it behind the instruction.

use dumplens_core::CpuState;
use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use crate::disasm;
use crate::registers::register;
use crate::session::{Session, ticked};

/// What stands behind the instruction: `ss:00000069`592caf00=0000865f92cfc62a`; `None` for an instruction without such an
/// operand.
pub(crate) fn value(session: &Session<'_, '_>, state: &CpuState, bytes: &[u8]) -> Option<String> {
    let (instruction, _) = disasm::decode(bytes, state.ip, session.x86)?;
    let address = effective(session, state, &instruction)?;
    // Of 32 bytes and more the engine shows the first.
    let size = match instruction.memory_size().size() as u64 {
        size @ 1..=8 => size,
        16 => 8,
        _ => 1,
    };
    let segment = format!("{:?}", instruction.memory_segment()).to_ascii_lowercase();
    let width = 2 * size as usize;
    let held = match session.unit(address, size) {
        Some(value) => format!("{value:0width$x}"),
        None => "?".repeat(width),
    };
    let shown = if session.x86 {
        format!("{segment}:{:04x}:{address:08x}", selector(state, &segment))
    } else {
        format!("{segment}:{}", ticked(address))
    };
    Some(format!("{shown}={held}"))
}

/// `$ea`: the address that the current instruction uses.
pub(crate) fn address(session: &mut Session<'_, '_>) -> Option<u64> {
    let state = session.state()?;
    let bytes = session.code(state.ip);
    let (instruction, _) = disasm::decode(&bytes, state.ip, session.x86)?;
    effective(session, &state, &instruction)
}

fn effective(session: &Session<'_, '_>, state: &CpuState, instruction: &Instruction) -> Option<u64> {
    let operand = (0..instruction.op_count()).find(|n| instruction.op_kind(*n) == OpKind::Memory)?;
    if matches!(instruction.mnemonic(), Mnemonic::Lea | Mnemonic::Nop) {
        return None;
    }
    let value = |of: Register, _: usize, _: usize| match of {
        Register::RIP | Register::EIP => Some(state.ip),
        _ if of.is_segment_register() => Some(0),
        _ => register(&format!("{of:?}"), session.x86).map(|known| known.value(state)),
    };
    Some(session.normal(instruction.virtual_address(operand, 0, value)?))
}

fn selector(state: &CpuState, segment: &str) -> u16 {
    let at = ["cs", "ss", "ds", "es", "fs", "gs"].iter().position(|name| *name == segment);
    at.map_or(0, |n| state.segments[n])
}
