//! x86 frames, which no table describes: by the EBP chain if it is intact, otherwise by a search of the stack.
//!
//! A return address must follow a call in executable memory. If that call names its target, the target should be the
//! start of what runs in the frame below: at or before its instruction pointer, and not far. That, and how the function
//! begins, shows whether a function has no frame of its own, so that EBP is still that of its caller.

use dumplens_core::{Absence, ReadMemory};
use iced_x86::{Code as Instruction, Decoder, DecoderOptions};

use super::code::{Before, CALL_WORK, Call, Code, START_WORK};
use super::prologue::has_frame_pointer;
use super::registers::{FP, Registers};
use super::slots::Slots;
use super::step::Bounds;
use super::{Caller, Frame, Stopped, Trust};

/// How far from its start a function is still taken to be the one that was called: compilers split larger ones.
const FUNCTION_BYTES: u64 = 0x2_0000;
/// Few functions are larger.
const LARGE_FUNCTION: u64 = 0x8000;
/// Words that a search looks at: 32 KiB, which few frames exceed.
const SCANNED_WORDS: u64 = 8192;
/// Bytes by which EBP may lie above the stack pointer: frames larger than this are rare, and stale values common.
const FRAME_BYTES: u64 = 0x10_0000;
/// ebx, esi, edi: kept by functions, as ebp.
const EBX: u8 = 3;
const ESI: u8 = 6;
const EDI: u8 = 7;
/// Jumps from a call's target to the function itself: import and incremental-link thunks.
const MOST_THUNKS: usize = 3;

/// The caller of a frame.
///
/// The chain is believed where the function keeps EBP as its frame pointer, or its call led to the function below.
/// Otherwise a return address nearer to the stack pointer is looked for: the function has left EBP to its caller.
///
/// Frame data of a PDB comes before both.
#[cfg_attr(not(feature = "pdb"), allow(unused_variables))]
pub(super) fn caller(
    code: &Code<'_, '_>,
    bounds: Bounds,
    callee: &Frame,
    below: Option<&Frame>,
) -> Result<Caller, Stopped> {
    code.work(START_WORK)?;
    #[cfg(feature = "pdb")]
    if let Some(caller) = super::frame_data::caller(code, callee, below)? {
        return Ok(caller);
    }
    let chain = by_frame_pointer(code, callee);
    let framed = has_frame_pointer(code, callee.ip);
    let end = bounds.map_or(u64::from(u32::MAX), |(_, end)| end);
    let Some((caller, evidence)) = chain else {
        return by_scan(code, callee, end, Evidence::Possible)?.ok_or(Stopped::NothingFound);
    };
    let least = match (framed, evidence) {
        (Some(true), _) | (None, Evidence::Led(_)) => return Ok(caller),
        // What looks like the start of a function without a frame may be a label in a large one: only the call of a
        // function that begins nearer says more than the chain.
        (Some(false), Evidence::Led(target)) if callee.ip - target < LARGE_FUNCTION => {
            Evidence::Led(target + 1)
        }
        (Some(false), _) => Evidence::Possible,
        (None, _) => Evidence::Led(0),
    };
    let below = callee.chain.unwrap_or(end).min(end);
    match by_scan(code, callee, below, least) {
        Ok(found) => Ok(found.unwrap_or(caller)),
        Err(Stopped::CodeNotKept { .. } | Stopped::Unreadable(_)) => Ok(caller),
        Err(stopped) => Err(stopped),
    }
}

/// The caller of a function that has not touched the stack, nor the registers that functions keep.
pub(super) fn leaf(memory: &dyn ReadMemory, callee: &Frame) -> Result<Caller, Stopped> {
    let ip = u64::from(memory.read_u32(callee.sp).map_err(Stopped::Unreadable)?);
    let mut registers = Registers::default();
    for number in [EBX, FP, ESI, EDI] {
        registers.put(number, callee.registers.get(number));
    }
    let (sp, chain) = (callee.sp.saturating_add(4), callee.chain);
    Ok(Caller { ip, sp, registers, trust: Trust::Leaf, exact: false, chain, slots: Slots::default() })
}

/// What speaks for a return address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    /// Nothing but where it was found: the dump does not keep the code before it, or it is 0, or the call before it
    /// names another function (which may have jumped on).
    None,
    /// It follows a call that does not name its target.
    Possible,
    /// It follows a call to a function that begins at or before this address: the closer, the stronger the evidence.
    Led(u64),
}

/// What EBP leads to. A return address of 0 ends the chain.
fn by_frame_pointer(code: &Code<'_, '_>, callee: &Frame) -> Option<(Caller, Evidence)> {
    let ebp = callee.chain?;
    if !ebp.is_multiple_of(4) || ebp < callee.sp || ebp - callee.sp > FRAME_BYTES {
        return None;
    }
    // Redacted, it leads nowhere; the return address beside it stands all the same.
    let saved = match code.pages.read_u32(ebp) {
        Ok(saved) => Some(u64::from(saved)),
        Err(unread) if unread.why == Absence::Redacted => None,
        Err(_) => return None,
    };
    let ip = u64::from(code.pages.read_u32(ebp.checked_add(4)?).ok()?);
    let mut registers = Registers::default();
    if callee.registers.get(FP) == Some(ebp) {
        registers.put(FP, saved);
    }
    let (sp, slots) = (ebp.checked_add(8)?, Slots::default());
    let caller = Caller { ip, sp, registers, trust: Trust::FramePointer, exact: false, chain: saved, slots };
    let evidence = match code.before(ip, 32) {
        _ if ip == 0 => Evidence::None,
        Before::Call(call) => evidence(code, call, callee.ip),
        Before::NotKept if code.is_executable(ip.checked_sub(1)?) => Evidence::None,
        Before::NotKept | Before::Other => return None,
    };
    Some((caller, evidence))
}

/// The first return address above the stack pointer for which enough speaks.
fn by_scan(
    code: &Code<'_, '_>,
    callee: &Frame,
    end: u64,
    least: Evidence,
) -> Result<Option<Caller>, Stopped> {
    let from = callee.sp.saturating_add(3) & !3;
    let mut redacted = None;
    for n in 0..SCANNED_WORDS {
        let at = from.saturating_add(4 * n);
        let word = match code.pages.read_u32(at) {
            Ok(word) if at < end => word,
            Err(unread) if at < end && unread.why == Absence::Redacted => {
                redacted.get_or_insert(unread);
                0
            }
            _ => break,
        };
        code.work(1)?;
        let ip = u64::from(word);
        if ip == 0 || !code.is_executable(ip - 1) {
            continue;
        }
        code.work(CALL_WORK)?;
        let call = match code.before(ip, 32) {
            Before::Call(call) => call,
            Before::Other => continue,
            // It may be the one: whatever follows would be a guess.
            Before::NotKept => return Err(Stopped::CodeNotKept { ip }),
        };
        let evidence = evidence(code, call, callee.ip);
        // The callee's own return address again is an argument or a left-over, unless it calls itself.
        if evidence >= least && (ip != callee.ip || matches!(evidence, Evidence::Led(_))) {
            let (sp, registers, chain) =
                (at.saturating_add(4), Registers::default(), ebp_behind(code, callee, at));
            let slots = Slots::default();
            return Ok(Some(Caller { ip, sp, registers, trust: Trust::Scan, exact: false, chain, slots }));
        }
    }
    redacted.map_or(Ok(None), |unread| Err(Stopped::Unreadable(unread)))
}

/// Where the chain goes on: the function below kept EBP as it was, or saved it right below the return address.
fn ebp_behind(code: &Code<'_, '_>, callee: &Frame, at: u64) -> Option<u64> {
    let leads_on = |ebp: u64| {
        ebp > at && ebp - at <= FRAME_BYTES && ebp.is_multiple_of(4) && {
            let ip = ebp.checked_add(4).and_then(|at| code.pages.read_u32(at).ok()).unwrap_or(0);
            code.call_before(ip.into(), 32).is_some()
        }
    };
    let kept = callee.chain.filter(|ebp| leads_on(*ebp));
    kept.or_else(|| {
        let saved = at.checked_sub(4).filter(|at| *at >= callee.sp)?;
        code.pages.read_u32(saved).ok().map(u64::from).filter(|ebp| leads_on(*ebp))
    })
}

/// What a call says of the function that holds `ip`.
pub(super) fn evidence(code: &Code<'_, '_>, call: Call, ip: u64) -> Evidence {
    let Call::Direct(mut target) = call else {
        return Evidence::Possible;
    };
    for _ in 0..=MOST_THUNKS {
        if target <= ip && ip - target < FUNCTION_BYTES {
            return Evidence::Led(target);
        }
        match thunk(code, target) {
            Some(next) => target = next,
            None => break,
        }
    }
    Evidence::None
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
