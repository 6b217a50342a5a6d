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
    Command::new(".fnent", ".fnent ADDR", "the unwind data of a function (x64)", function_entry),
    Command::new("dg", "dg SELECTOR", "a selector, as Windows sets them", selector),
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

    /// The innermost inline function at an address, and how far in it is.
    fn inline_at(&mut self, at: u64) -> Option<(String, u64)> {
        let module = self.module_at(at)?;
        self.symbols.pdb_of(module)?;
        let site =
            self.symbols.resolve(at, dumplens_analyzer::symbols::At::Instruction).into_iter().next()?;
        let function = site.function.filter(|_| site.inline)?;
        let reach = self.symbols.inlined(at).0.first().copied().unwrap_or(0);
        Some((format!("{}!{function}", self.module_name(module)), u64::from(reach)))
    }

    fn show_label(&mut self, at: u64, label: &mut String, out: &mut Out<'_>) {
        let Some((name, offset)) = self.nearest(at) else {
            label.clear();
            return;
        };
        // The symbol counts; which inline function begins or ends in it is not told.
        if *label == name {
            return;
        }
        let mut place = if offset > 0 { format!("{name}+{offset:#x}") } else { name.clone() };
        if let Some((inline, reach)) = self.inline_at(at) {
            let inner = if reach > 0 { format!("{inline}+{reach:#x}") } else { inline };
            place = format!("{inner} [inlined in {place}]");
        }
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
        out.line("    no calls found");
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

/// `.fnent`: RUNTIME_FUNCTION and what it leads to.
fn function_entry(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let address = expr::address(session, line)?;
    let found = session.module_at(address).filter(|_| !session.x86).and_then(|index| {
        let module = &session.process.modules[index];
        let image = dumplens_core::pe::Image::read(session.memory, module.base, module.size).ok()?;
        let rva = u32::try_from(address - module.base).ok()?;
        Some((module.base, image.function_at(rva).ok()??))
    });
    let Some((base, function)) = found else {
        out.line(format!("No function entry for {}", session.address(address)));
        return Ok(());
    };
    out.line("Debugger function entry for:");
    if let Some(text) = session.around(address) {
        out.line(text);
    }
    let offset = |rva: u32| session.address(u64::from(rva));
    out.line(format!("BeginAddress      = {}", offset(function.begin)));
    out.line(format!("EndAddress        = {}", offset(function.end)));
    out.line(format!("UnwindInfoAddress = {}", offset(function.unwind_info)));
    let info = base.wrapping_add(u64::from(function.unwind_info));
    if let Some(head) = session.unit(info, 4) {
        let [flags, prolog, codes, _] = (head as u32).to_le_bytes();
        let size = 4 + 2 * u32::from(codes);
        out.line(format!("\nUnwind info at {}, {size} bytes", session.address(info)));
        out.line(format!(
            "  version {}, flags {:x}, prolog {prolog:x}, codes {codes:x}",
            flags & 7,
            flags >> 3
        ));
    }
    Ok(())
}

/// `dg`: the flat segments that every process of Windows has.
fn selector(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let selector = expr::number(session, line)? & 0xffff;
    let code = if session.x86 { selector == 0x1b } else { matches!(selector, 0x33 | 0x10) };
    let kind = if code { "Code RE Ac" } else { "Data RW Ac" };
    if session.x86 {
        out.line("                                  P Si Gr Pr Lo");
        out.line("Sel    Base     Limit     Type    l ze an es ng Flags");
        out.line("---- -------- -------- ---------- - -- -- -- -- --------");
        let flags = if code { 0xcfb } else { 0xcf3 };
        out.line(format!("{selector:04X} 00000000 ffffffff {kind} 3 Bg Pg P  Nl {flags:08x}"));
    } else {
        out.line("                                                    P Si Gr Pr Lo");
        out.line("Sel        Base              Limit          Type    l ze an es ng Flags");
        out.line("---- ----------------- ----------------- ---------- - -- -- -- -- --------");
        let (long, flags) = if code { ("Lo", 0xefb) } else { ("Nl", 0xcf3) };
        out.line(format!(
            "{selector:04X} 00000000`00000000 ffffffff`ffffffff {kind} 3 Bg Pg P  {long} {flags:08x}"
        ));
    }
    Ok(())
}
