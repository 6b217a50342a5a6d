//! x86 frames by the frame data of PDBs, where the return address that it leads to is proved.

use dumplens_core::ReadMemory;

use super::code::{Before, CALL_WORK, Code};
use super::registers::{FP, Registers};
use super::slots::Slots;
use super::x86::{Evidence, evidence};
use super::{Caller, Frame, Stopped, Trust};
use crate::symbols::FrameRule;

/// Words above the place where the return address should be that are looked at: what was pushed for a call, and what the
/// function below was given.
const SEARCHED: u32 = 32;
/// ebx, ebp, esi, edi.
const KEPT: [u8; 4] = [3, FP, 6, 7];

/// The caller of a frame, by the frame data of its function; `None` where there is none, or where nothing proves what it
/// leads to. `below` is the frame that this one called.
pub(super) fn caller(
    code: &Code<'_, '_>,
    callee: &Frame,
    below: Option<&Frame>,
) -> Result<Option<Caller>, Stopped> {
    let Some(rule) = code.frame_rule(callee.lookup()) else { return Ok(None) };
    let Ok(sp) = u32::try_from(callee.sp) else { return Ok(None) };
    // What the function below was given is still on the stack, if it was pushed for that call.
    let params = below.and_then(|below| code.frame_rule(below.lookup())).map_or(0, |rule| rule.params());
    let places = std::iter::once(params).chain((0..SEARCHED).map(|n| 4 * n));
    let places = places.take(if rule.searches() { usize::MAX } else { 1 });
    let mut possible = None;
    for place in places {
        code.work(CALL_WORK)?;
        let Some((caller, proof)) = undone(code, &rule, callee, sp.saturating_add(place)) else { continue };
        match proof {
            // The call names this very function.
            Evidence::Led(target) if rule.function == Some(target) => return Ok(Some(caller)),
            // It names another one, which may have jumped here; or the word is left over.
            Evidence::None => {}
            _ => possible = possible.or(Some(caller)),
        }
    }
    Ok(possible)
}

/// What the rule leads to, if ESP was `sp`.
fn undone(code: &Code<'_, '_>, rule: &FrameRule, callee: &Frame, sp: u32) -> Option<(Caller, Evidence)> {
    let known = callee.registers.get(FP);
    let bp = known.or(callee.chain).and_then(|bp| u32::try_from(bp).ok()).unwrap_or(0);
    let undone = rule.undo(sp, bp, &|at| code.pages.read_u32(at.into()).ok())?;
    let mut registers = Registers::default();
    for number in KEPT {
        let set = undone.registers[usize::from(number)].map(u64::from);
        registers.put(number, set.or_else(|| callee.registers.get(number).filter(|_| rule.keeps(number))));
    }
    let Before::Call(call) = code.before(undone.ip.into(), 32) else { return None };
    let proof = evidence(code, call, callee.ip);
    let chain = registers.get(FP).or(callee.chain.filter(|_| rule.keeps(FP)));
    let (ip, sp, trust) = (undone.ip.into(), undone.sp.into(), Trust::FrameData);
    let caller = Caller { ip, sp, registers, trust, exact: false, chain, slots: Slots::default() };
    Some((caller, proof))
}
