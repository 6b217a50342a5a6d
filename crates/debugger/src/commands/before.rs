//! `ub`: the instructions before an address.

use super::{At, Command};
use crate::disasm;
use crate::error::{Result, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] =
    &[Command::new("ub", "ub ADDR [Ln]", "the instructions before an address", backward).memory()];

/// Instructions that are looked for at once.
const MOST: usize = 0x1000;
/// Bytes before the address, for each instruction that is asked for.
const REACH: usize = 16;

fn backward(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if !session.is_disassembled(out) {
        line.rest();
        return Ok(());
    }
    let range = expr::ranged(session, line, 1)?;
    let ip = session.state().map_or(0, |state| state.ip);
    let end = range.map_or(ip, |range| range.begin);
    let count = range.and_then(|range| range.units).unwrap_or(8);
    if count == 0 {
        return Ok(());
    }
    let Some(starts) = before(session, end, usize::try_from(count).unwrap_or(MOST).min(MOST)) else {
        return caret("Unable to find valid previous instruction for", line.pos);
    };
    let mut label = String::new();
    let bits = if session.x86 { 32 } else { 64 };
    for at in starts {
        session.show_code(at, bits, &mut label, out);
        if out.stopped() {
            break;
        }
    }
    Ok(())
}

/// Where the last `count` instructions before `end` begin.
///
/// The engine decodes from 16 bytes before for each of them; where that meets no instruction, no memory or another end,
/// it takes the nearest place from which decoding ends at `end`.
fn before(session: &Session<'_, '_>, end: u64, count: usize) -> Option<Vec<u64>> {
    let low = end.saturating_sub((REACH * count) as u64);
    let size = usize::try_from(end - low).ok()?;
    let bytes: Vec<Option<u8>> =
        (0..size as u64).map(|n| session.unit(low + n, 1).map(|byte| byte as u8)).collect();
    // From each place the length of its instruction; `None` for one that is not known.
    let lengths: Vec<Option<usize>> = (0..size)
        .map(|n| {
            let have: Vec<u8> = bytes[n..].iter().take(disasm::LONGEST).map_while(|b| *b).collect();
            let (instruction, length) = disasm::decode(&have, low + n as u64, session.x86)?;
            (!instruction.is_invalid()).then_some(length)
        })
        .collect();
    // How many instructions lead from each place to the end; `None` where they do not.
    let mut leads = vec![None; size + 1];
    leads[size] = Some(0_usize);
    for n in (0..size).rev() {
        leads[n] = lengths[n].and_then(|length| Some(leads.get(n + length).copied()?? + 1));
    }
    let enough = |n: &usize| leads[*n].is_some_and(|instructions| instructions >= count);
    let start = Some(0).filter(enough).or_else(|| (0..size).rev().find(enough))?;
    let path = std::iter::successors(Some(start), |n| Some(n + lengths.get(*n).copied()??));
    let starts: Vec<u64> = path.take_while(|n| *n < size).map(|n| low + n as u64).collect();
    Some(starts[starts.len() - count..].to_vec())
}
