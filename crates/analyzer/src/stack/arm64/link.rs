//! The caller by the link register, x30, which a call sets and which only the innermost frame still has.

use dumplens_core::ReadMemory;

use super::stripped;
use crate::stack::code::{Before, Call, Code};
use crate::stack::registers::ARM64_LR;
use crate::stack::slots::Slots;
use crate::stack::{Caller, Frame, Trust};

/// Bytes of an instruction.
const INSTRUCTION: u64 = 4;

/// The caller of a place without code, by the link register: a call puts the return address there and changes nothing
/// else. `None` if it holds none.
pub(in crate::stack) fn by_link(code: &Code<'_, '_>, callee: &Frame) -> Option<(Caller, Before)> {
    let ip = callee.registers.get(ARM64_LR).map(stripped).filter(|lr| lr.is_multiple_of(INSTRUCTION))?;
    let (sp, chain, slots) = (callee.sp, callee.chain, Slots::default());
    let mut registers = callee.registers;
    registers.keep_arm64_non_volatile();
    let before = if code.is_executable(ip.checked_sub(1)?) { call_before(code, ip) } else { Before::Other };
    Some((Caller { ip, sp, registers, trust: Trust::Scan, exact: false, chain, slots }, before))
}

/// The caller by the link register, where the thread stopped in a function that calls nothing or has not called anything
/// yet, such as a system call's stub, and the dump does not have the unwind data that would say so. Whatever a function
/// has called leaves an address of that function itself there: an address in another module is the caller's.
pub(super) fn leaf(code: &Code<'_, '_>, callee: &Frame) -> Option<Caller> {
    let (caller, before) = by_link(code, callee).filter(|_| callee.exact)?;
    let module = |ip: u64| code.process.module_at(ip);
    let other = module(callee.ip)? != module(caller.ip.checked_sub(1)?)?;
    // In a function with a frame record the chain leads to the same caller.
    let recorded = callee.chain.and_then(|fp| code.pages.read_u64(fp.checked_add(8)?).ok()).map(stripped);
    let trust = match before {
        Before::Call(_) => Trust::Leaf,
        Before::NotKept => Trust::Scan,
        Before::Other => return None,
    };
    (other && recorded != Some(caller.ip)).then_some(Caller { trust, ..caller })
}

/// The call that ends at `address`: `bl`, `blr`, and `blraa` and its like.
fn call_before(code: &Code<'_, '_>, address: u64) -> Before {
    let at = address.wrapping_sub(INSTRUCTION);
    let Ok(word) = code.pages.read_u32(at) else { return Before::NotKept };
    if word >> 26 == 0b10_0101 {
        // A signed number of instructions in the lower 26 bits.
        let offset = i64::from((word << 6).cast_signed() >> 6) * INSTRUCTION.cast_signed();
        return Before::Call(Call::Direct(at.wrapping_add_signed(offset)));
    }
    let plain = word & 0xffff_fc1f == 0xd63f_0000;
    if plain || word & 0xfeff_f800 == 0xd63f_0800 { Before::Call(Call::Indirect) } else { Before::Other }
}
