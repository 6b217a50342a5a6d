//! x86 frames, which no table describes: the EBP chain where it holds, else the stack is searched.
//!
//! A candidate must follow a call instruction in executable memory. If that call names its target, the target must be
//! the start of what runs in the frame below: at or before its instruction pointer, and not far. That is how a function
//! that has no frame of its own (and so left EBP to its caller) is noticed.

use dumplens_core::ReadMemory;
use iced_x86::{Code as Instruction, Decoder, DecoderOptions};

use super::code::{Call, Code};
use super::registers::{FP, Registers};
use super::walk::Bounds;
use super::{Caller, Frame, Stopped, Trust};

/// How far from its start a function is still taken to be the one that was called: compilers split larger ones.
const FUNCTION_BYTES: u64 = 0x2_0000;
/// Words that a search looks at: 32 KiB, which few frames exceed.
const SCANNED_WORDS: u64 = 8192;
/// Bytes by which EBP may lie above the stack pointer: frames larger than this are rare, and stale values common.
const FRAME_BYTES: u64 = 0x10_0000;
/// Jumps from a call's target to the function itself: import and incremental-link thunks.
const MOST_THUNKS: usize = 3;

/// The caller of a frame.
pub(super) fn caller(code: &Code<'_, '_>, bounds: Bounds, callee: &Frame) -> Result<Caller, Stopped> {
    let chain = by_frame_pointer(code, callee);
    if let Some((caller, true)) = chain {
        return Ok(caller);
    }
    if let Some((caller, _)) = &chain
        && caller.ip == 0
    {
        return Ok(*caller);
    }
    let end = bounds.map_or(u64::from(u32::MAX), |(_, end)| end);
    let below = chain.and(callee.chain).unwrap_or(end);
    if let Some(caller) = by_scan(code, callee, below.min(end)) {
        return Ok(caller);
    }
    chain.map(|(caller, _)| caller).ok_or(Stopped::NothingFound)
}

/// What EBP leads to, and whether its call led to the function below. A return address of 0 ends the chain.
fn by_frame_pointer(code: &Code<'_, '_>, callee: &Frame) -> Option<(Caller, bool)> {
    let ebp = callee.chain?;
    if ebp % 4 != 0 || ebp < callee.sp || ebp - callee.sp > FRAME_BYTES {
        return None;
    }
    let saved = code.pages.read_u32(ebp).ok()?;
    let ip = u64::from(code.pages.read_u32(ebp + 4).ok()?);
    let mut registers = Registers::default();
    if callee.registers.get(FP) == Some(ebp) {
        registers.set(FP, saved.into());
    }
    let (sp, chain) = (ebp + 8, Some(saved.into()));
    let caller = Caller { ip, sp, registers, trust: Trust::FramePointer, exact: false, chain };
    if ip == 0 {
        return Some((caller, false));
    }
    let call = code.call_before(ip, 32)?;
    Some((caller, leads_to(code, call, callee.ip)))
}

/// The first return address above the stack pointer whose call led to the function below.
fn by_scan(code: &Code<'_, '_>, callee: &Frame, end: u64) -> Option<Caller> {
    let from = callee.sp.next_multiple_of(4);
    for n in 0..SCANNED_WORDS {
        let at = from.checked_add(4 * n).filter(|at| *at < end)?;
        let ip = u64::from(code.pages.read_u32(at).ok()?);
        if code.call_before(ip, 32).is_some_and(|call| leads_to(code, call, callee.ip)) {
            let (sp, registers, chain) = (at + 4, Registers::default(), ebp_behind(code, callee, at));
            return Some(Caller { ip, sp, registers, trust: Trust::Scan, exact: false, chain });
        }
    }
    None
}

/// Where the chain goes on: the function below kept EBP as it was, or saved it right below the return address.
fn ebp_behind(code: &Code<'_, '_>, callee: &Frame, at: u64) -> Option<u64> {
    let leads_on = |ebp: u64| {
        ebp > at && ebp - at <= FRAME_BYTES && ebp % 4 == 0 && {
            let ip = code.pages.read_u32(ebp + 4).unwrap_or(0);
            code.call_before(ip.into(), 32).is_some()
        }
    };
    let kept = callee.chain.filter(|ebp| leads_on(*ebp));
    kept.or_else(|| {
        let saved = at.checked_sub(4).filter(|at| *at >= callee.sp)?;
        code.pages.read_u32(saved).ok().map(u64::from).filter(|ebp| leads_on(*ebp))
    })
}

/// Whether a call may have led to the function that holds `ip`.
fn leads_to(code: &Code<'_, '_>, call: Call, ip: u64) -> bool {
    let Call::Direct(mut target) = call else {
        return true;
    };
    for _ in 0..=MOST_THUNKS {
        if target <= ip && ip - target < FUNCTION_BYTES {
            return true;
        }
        match thunk(code, target) {
            Some(next) => target = next,
            None => return false,
        }
    }
    false
}

/// Where a jump at `address` leads.
fn thunk(code: &Code<'_, '_>, address: u64) -> Option<u64> {
    let mut bytes = [0; 6];
    code.pages.read(address, &mut bytes).ok()?;
    let instruction = Decoder::with_ip(32, &bytes, address, DecoderOptions::NONE).decode();
    match instruction.code() {
        Instruction::Jmp_rel32_32 | Instruction::Jmp_rel8_32 => Some(instruction.near_branch_target()),
        Instruction::Jmp_rm32 if instruction.memory_base() == iced_x86::Register::None => {
            code.pages.read_u32(instruction.memory_displacement64()).ok().map(u64::from)
        }
        _ => None,
    }
}
