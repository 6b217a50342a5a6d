//! `u`, `ub`, `uf`: code.

use std::collections::{BTreeMap, BTreeSet};

use dumplens_core::CpuState;
use iced_x86::FlowControl;

use super::{At, Command};
use crate::disasm;
use crate::error::{MEMORY, Result, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("u", "u [RANGE]", "instructions", forward).memory(),
    Command::new("ub", "ub ADDR [Ln]", "the instructions before an address", backward).memory(),
    Command::new("uf", "uf [/c] [/i] ADDR", "a whole function; /c only its calls", function).memory(),
    Command::new("up", "", "", physical),
    Command::new("ur", "", "", forward).memory(),
];

/// Instructions of a function that are followed.
const MOST_OF_FUNCTION: usize = 20_000;

fn physical(_: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let _ = (&out, line);
    caret("Operation not supported in current debug session", at.begin + 1)
}

fn forward(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let range = expr::ranged(session, line, 1)?;
    let ip = session.state().map_or(0, |state| state.ip);
    let begin = range.map_or(session.places.code.unwrap_or(ip), |range| range.begin);
    let by_end = range.is_some_and(|range| range.by_end);
    let units = range.and_then(|range| range.units).unwrap_or(8);
    let mut at = begin;
    let mut label = String::new();
    let mut count = 0;
    while if by_end { at.wrapping_sub(begin) < units } else { count < units } {
        if out.stopped() {
            return Ok(());
        }
        let length = session.show_code(at, &mut label, out);
        let Some(length) = length else {
            session.places.code = Some(at);
            return caret(MEMORY, line.pos);
        };
        at = session.normal(at.wrapping_add(length));
        count += 1;
    }
    session.places.code = Some(at);
    Ok(())
}

impl Session<'_, '_> {
    /// Prints the instruction at an address, with a label where the symbol changes; its length, or `None` if there is
    /// no memory.
    fn show_code(&mut self, at: u64, label: &mut String, out: &mut Out<'_>) -> Option<u64> {
        self.show_label(at, label, out);
        let Some(line) = self.instruction(at) else {
            out.line(format!("{} ??              ???", self.address(at)));
            return None;
        };
        out.line(line.shown(self.x86, self.code_bytes));
        Some(line.bytes.len() as u64)
    }

    fn show_label(&mut self, at: u64, label: &mut String, out: &mut Out<'_>) {
        let Some((name, offset)) = self.nearest(at) else {
            label.clear();
            return;
        };
        if *label == name {
            return;
        }
        let place = if offset > 0 { format!("{name}+{offset:#x}") } else { name.clone() };
        out.line(format!("{place}:"));
        *label = name;
    }

    /// The current instruction with its label, as `r` and `~s` end.
    pub(crate) fn show_instruction(&mut self, state: &CpuState, operand: bool, out: &mut Out<'_>) {
        let mut label = String::new();
        self.show_label(state.ip, &mut label, out);
        if self.options.no_memory {
            return;
        }
        let Some(line) = self.instruction(state.ip) else {
            out.line(format!("{} ??              ???", self.address(state.ip)));
            return;
        };
        let mut text = line.shown(self.x86, self.code_bytes);
        if operand && let Some(value) = crate::operands::value(self, state, &line.bytes) {
            text.push_str(&value);
        }
        out.line(text);
    }
}

fn backward(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let range = expr::ranged(session, line, 1)?;
    let ip = session.state().map_or(0, |state| state.ip);
    let end = range.map_or(ip, |range| range.begin);
    let count = range.and_then(|range| range.units).unwrap_or(8);
    if count == 0 {
        return Ok(());
    }
    let Some(starts) = before(session, end, usize::try_from(count).unwrap_or(0).min(0x1000)) else {
        return caret("Unable to find valid previous instruction for", line.pos);
    };
    let mut label = String::new();
    for at in starts {
        session.show_code(at, &mut label, out);
        if out.stopped() {
            break;
        }
    }
    Ok(())
}

/// Where the last `count` instructions before `end` begin: of all starts within 16 bytes for each of them, the earliest
/// from which decoding ends exactly at `end`, with none of those instructions unknown.
fn before(session: &Session<'_, '_>, end: u64, count: usize) -> Option<Vec<u64>> {
    let reach = 16 * count as u64;
    let low = end.saturating_sub(reach);
    let size = usize::try_from(end - low).ok()?;
    let mut bytes = vec![None; size];
    for (n, slot) in bytes.iter_mut().enumerate() {
        *slot = session.unit(low + n as u64, 1).map(|byte| byte as u8);
    }
    // From each place: how long its instruction is, and whether it is known.
    let lengths: Vec<Option<(usize, bool)>> = (0..size)
        .map(|n| {
            let have: Vec<u8> = bytes[n..].iter().take(disasm::LONGEST).map_while(|b| *b).collect();
            let (instruction, length) = disasm::decode(&have, low + n as u64, session.x86)?;
            Some((length, !instruction.is_invalid()))
        })
        .collect();
    for start in 0..size {
        let mut at = start;
        let mut path = Vec::new();
        while at < size {
            let Some((length, known)) = lengths[at] else { break };
            path.push((at, known));
            at += length;
        }
        if at != size || path.len() < count {
            continue;
        }
        let last = &path[path.len() - count..];
        if last.iter().all(|(_, known)| *known) {
            return Some(last.iter().map(|(n, _)| low + *n as u64).collect());
        }
    }
    None
}

/// What is known of a function's code.
#[derive(Debug, Default)]
struct Flow {
    /// Lengths of instructions, by address.
    code: BTreeMap<u64, u64>,
    /// Where blocks begin.
    blocks: BTreeSet<u64>,
    calls: Vec<(u64, Option<u64>)>,
}

fn function(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let (mut calls, mut counted) = (false, false);
    loop {
        line.blanks();
        if line.peek() != b'/' {
            break;
        }
        match line.at(1) {
            b'c' => calls = true,
            b'i' => counted = true,
            _ => {}
        }
        line.pos += 2;
    }
    line.blanks();
    let address = if line.is_end() {
        session.state().map_or(0, |state| state.ip)
    } else {
        expr::address(session, line)?
    };
    let start = start_of(session, address);
    let flow = follow(session, start);
    if flow.code.is_empty() {
        out.line("No code found, aborting");
        return Ok(());
    }
    if counted {
        out.line(format!("{} instructions scanned\n", flow.code.len()));
    }
    if calls {
        show_calls(session, start, &flow, out);
    } else {
        show_blocks(session, &flow, out);
    }
    Ok(())
}

/// The function's first instruction: what its unwind data says, or the nearest symbol.
fn start_of(session: &mut Session<'_, '_>, address: u64) -> u64 {
    if session.x86 {
        return address;
    }
    session
        .nearest(address)
        .filter(|(name, _)| name.contains('!'))
        .map_or(address, |(_, offset)| address - offset)
}

fn follow(session: &mut Session<'_, '_>, start: u64) -> Flow {
    let mut flow = Flow::default();
    let mut open = vec![start];
    flow.blocks.insert(start);
    while let Some(mut at) = open.pop() {
        while !flow.code.contains_key(&at) && flow.code.len() < MOST_OF_FUNCTION {
            let bytes = session.code(at);
            let Some((instruction, length)) = disasm::decode(&bytes, at, session.x86) else { break };
            if instruction.is_invalid() {
                break;
            }
            flow.code.insert(at, length as u64);
            let next = at.wrapping_add(length as u64);
            let target = instruction.near_branch_target();
            match instruction.flow_control() {
                FlowControl::ConditionalBranch => {
                    flow.blocks.insert(target);
                    flow.blocks.insert(next);
                    open.push(target);
                }
                FlowControl::UnconditionalBranch => {
                    flow.blocks.insert(target);
                    open.push(target);
                    break;
                }
                FlowControl::Call => flow.calls.push((at, Some(target))),
                FlowControl::IndirectCall => flow.calls.push((at, None)),
                FlowControl::Return | FlowControl::IndirectBranch | FlowControl::Exception => break,
                _ => {}
            }
            at = next;
        }
    }
    flow
}

fn show_blocks(session: &mut Session<'_, '_>, flow: &Flow, out: &mut Out<'_>) {
    let mut expected = None;
    for (at, length) in &flow.code {
        if out.stopped() {
            return;
        }
        if flow.blocks.contains(at) || expected != Some(*at) {
            if expected.is_some() {
                out.text("\n");
            }
            session.show_label(*at, &mut String::new(), out);
        }
        if let Some(line) = session.instruction(*at) {
            out.line(line.shown(session.x86, session.code_bytes));
        }
        expected = Some(at.wrapping_add(*length));
    }
}

fn show_calls(session: &mut Session<'_, '_>, start: u64, flow: &Flow, out: &mut Out<'_>) {
    let place = |session: &mut Session<'_, '_>, at: u64| {
        let site = session.site(at).unwrap_or_default();
        format!("{site} ({})", session.address(at))
    };
    let title = place(session, start);
    out.line(title);
    if flow.calls.is_empty() {
        out.line("  no calls found");
    }
    for (at, target) in &flow.calls {
        let from = place(session, *at);
        out.line(format!("  {from}:"));
        if let Some(target) = target {
            let to = place(session, *target);
            out.line(format!("    call to {to}"));
        } else {
            let text = session.instruction(*at).map(|line| format!("{:<8}{}", line.mnemonic, line.operands));
            out.line(format!("    unresolvable call: {}", text.unwrap_or_default()));
        }
    }
}
