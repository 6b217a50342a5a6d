//! Whether a thread was stopped in a function's epilogue, where the unwind codes no longer say what is on the stack.
//!
//! An x64 epilogue is what the convention allows and nothing else: `add rsp,imm` or `lea rsp,[fp+disp]`, pops, then
//! `ret` or a jump that leaves the function. So the code from the instruction pointer on is decoded; if it is the rest
//! of an epilogue, it is carried out.

use dumplens_core::unwind::{FunctionTable, RuntimeFunction};
use dumplens_core::{Absence, ReadMemory};
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Register};

use super::registers::{Registers, SP};
use super::slots::Slots;
use super::{Caller, Fault, Trust};

/// More than an epilogue has: 8 pops of 2 bytes, 8 of the first instruction, 6 of the last; `pop` of each register.
const CODE_BYTES: usize = 64;
/// The first instruction, 15 pops and the last.
const MOST_INSTRUCTIONS: usize = 17;

/// Where the thread was.
pub(super) struct Place<'p> {
    pub(super) memory: &'p dyn ReadMemory,
    pub(super) table: &'p FunctionTable,
    pub(super) function: &'p RuntimeFunction,
    /// The frame register of the function, if it has one.
    pub(super) frame_register: Option<u8>,
    pub(super) ip: u64,
}

/// The caller, if `ip` lies in an epilogue; `Ok(None)` if it does not.
pub(super) fn unwind(place: &Place<'_>, registers: &Registers) -> Result<Option<Caller>, Fault> {
    let code = code(place.memory, place.ip);
    let decoder = Decoder::with_ip(64, &code, place.ip, DecoderOptions::NONE);
    let (mut registers, mut slots) = (*registers, Slots::default());
    for (n, instruction) in decoder.into_iter().take(MOST_INSTRUCTIONS).enumerate() {
        let Some(sp) = registers.get(SP) else {
            return Ok(None);
        };
        if n == 0
            && let Some(sp) = release(place, &instruction, &registers, sp)
        {
            registers.set(SP, sp);
        } else if let Some(register) = popped(&instruction) {
            match place.memory.read_u64(sp) {
                Ok(value) => registers.set(register, value),
                Err(unread) if unread.why == Absence::Redacted => registers.forget(register),
                // A stack that cannot be read decides nothing: it may be no epilogue after all.
                Err(_) => return Ok(None),
            }
            slots.save(register, sp);
            registers.set(SP, sp.wrapping_add(8));
        } else if let Some(bytes) = returns(place, &instruction)? {
            let ip = place.memory.read_u64(sp).map_err(Fault::Unreadable)?;
            slots.ip = sp;
            let sp = sp.wrapping_add(8).wrapping_add(bytes);
            let caller = Caller::x64(ip, sp, &registers, Trust::UnwindInfo, false);
            return Ok(Some(caller.read_at(&slots)));
        } else {
            return Ok(None);
        }
    }
    Ok(None)
}

/// As much of the code as can be read.
fn code(memory: &dyn ReadMemory, ip: u64) -> Vec<u8> {
    let mut bytes = vec![0; CODE_BYTES];
    if memory.read(ip, &mut bytes).is_ok() {
        return bytes;
    }
    let to_page_end = usize::try_from(0x1000 - ip % 0x1000).unwrap_or(CODE_BYTES).min(CODE_BYTES);
    bytes.truncate(to_page_end);
    if memory.read(ip, &mut bytes).is_err() {
        bytes.clear();
    }
    bytes
}

/// `add rsp,imm` and `lea rsp,[fp+disp]`: rsp behind it.
fn release(place: &Place<'_>, instruction: &Instruction, registers: &Registers, sp: u64) -> Option<u64> {
    if instruction.op0_register() != Register::RSP {
        return None;
    }
    match instruction.code() {
        Code::Add_rm64_imm8 | Code::Add_rm64_imm32 => Some(sp.wrapping_add(instruction.immediate(1))),
        Code::Lea_r64_m if instruction.memory_index() == Register::None => {
            let base = general(instruction.memory_base())?;
            if Some(base) != place.frame_register {
                return None;
            }
            Some(registers.get(base)?.wrapping_add(instruction.memory_displacement64()))
        }
        _ => None,
    }
}

fn popped(instruction: &Instruction) -> Option<u8> {
    let pops = instruction.code() == Code::Pop_r64 || instruction.code() == Code::Pop_rm64;
    general(instruction.op0_register()).filter(|register| pops && *register != SP)
}

/// Bytes that a return releases beyond the return address; 0 for a jump that leaves the function.
fn returns(place: &Place<'_>, instruction: &Instruction) -> Result<Option<u64>, Fault> {
    Ok(match instruction.code() {
        Code::Retnq => Some(0),
        Code::Retnq_imm16 => Some(u64::from(instruction.immediate16())),
        Code::Jmp_rel8_64 | Code::Jmp_rel32_64 => {
            leaves(place, instruction.near_branch_target())?.then_some(0)
        }
        // Through an import; or through a register with REX.W, which is how a compiler marks that it leaves. A jump
        // through a register without it is a switch.
        Code::Jmp_rm64 if instruction.is_ip_rel_memory_operand() => Some(0),
        Code::Jmp_rm64 => has_rex_w(place, instruction).then_some(0),
        _ => None,
    })
}

/// Whether a jump's target is another function, or the start of this one (a tail call to itself). A part of the
/// function that lies elsewhere is the function still: its chain ends at the same one.
fn leaves(place: &Place<'_>, target: u64) -> Result<bool, Fault> {
    let target = target.wrapping_sub(place.table.base());
    let Ok(target) = u32::try_from(target) else {
        return Ok(true); // another image
    };
    let primary = |function| place.table.primary(place.memory, function).map_err(Fault::Image);
    let own = primary(*place.function)?;
    if target == own.begin {
        return Ok(true);
    }
    if place.function.holds(target) {
        return Ok(false);
    }
    match place.table.find(place.memory, target).map_err(Fault::Image)? {
        Some(there) => Ok(primary(there)?.begin != own.begin),
        None => Ok(true), // a leaf function
    }
}

fn has_rex_w(place: &Place<'_>, instruction: &Instruction) -> bool {
    let mut first = [0];
    place.memory.read(instruction.ip(), &mut first).is_ok() && first[0] & 0xf8 == 0x48
}

/// The number of a 64-bit general register: iced lists them in the processor's order.
fn general(register: Register) -> Option<u8> {
    let number = (register as usize).checked_sub(Register::RAX as usize)?;
    u8::try_from(number).ok().filter(|number| *number < 16)
}
