//! `uf`: a function, wherever its branches lead.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::{At, Command};
use crate::disasm;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] =
    &[Command::new("uf", "uf [/c] [/i] [/D] ADDR", "a whole function; /c shows only its calls", function)
        .memory()];

/// Instructions of a function that are followed.
const MOST_OF_FUNCTION: usize = 20_000;

/// What is known of a function's code.
#[derive(Debug, Default)]
struct Flow {
    /// Lengths of instructions, by address.
    code: BTreeMap<u64, u64>,
    /// Where blocks begin.
    blocks: BTreeSet<u64>,
    /// Where the calls stand, and where they lead.
    calls: BTreeMap<u64, Option<u64>>,
    branches: BTreeSet<u64>,
    /// Whether some of the code is not there, or is none.
    incomplete: bool,
    /// How many instructions were looked for and are none.
    failed: usize,
}

fn function(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if !session.is_disassembled(out) {
        line.rest();
        return Ok(());
    }
    let (mut calls, mut counted, mut branches) = (false, false, false);
    loop {
        line.blanks();
        if line.peek() != b'/' {
            break;
        }
        match line.at(1) {
            b'c' => calls = true,
            b'i' => counted = true,
            b'D' => branches = true,
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
    if flow.incomplete {
        out.line("Flow analysis was incomplete, some code may be missing");
    }
    if counted {
        out.line(format!("{} instructions scanned\n", flow.code.len() + flow.failed));
    }
    if calls {
        show_calls(session, start, &flow, out);
    } else {
        show_blocks(session, &flow, branches, out);
    }
    Ok(())
}

/// The function's first instruction: what its unwind data or its PDB says, or the address itself.
fn start_of(session: &mut Session<'_, '_>, address: u64) -> u64 {
    if let Some((base, function)) = session.function_at(address) {
        return base.wrapping_add(u64::from(function.begin));
    }
    let described = session.module_at(address).is_some_and(|m| {
        session.symbols.table(m);
        session.symbols.pdb_of(m).is_some()
    });
    let nearest = session.nearest(address).filter(|(name, _)| described && name.contains('!'));
    nearest.map_or(address, |(_, offset)| address - offset)
}

fn follow(session: &mut Session<'_, '_>, start: u64) -> Flow {
    let mut flow = Flow::default();
    let mut open = vec![start];
    flow.blocks.insert(start);
    while let Some(mut at) = open.pop() {
        while !flow.code.contains_key(&at) && flow.code.len() < MOST_OF_FUNCTION {
            let bytes = session.code(at);
            let decoded = disasm::decode(&bytes, at, session.x86).filter(|(i, _)| !i.is_invalid());
            let Some((instruction, length)) = decoded else {
                flow.incomplete = true;
                flow.failed += 1;
                break;
            };
            flow.code.insert(at, length as u64);
            let next = at.wrapping_add(length as u64);
            let target = instruction.near_branch_target();
            match instruction.flow_control() {
                FlowControl::ConditionalBranch => {
                    flow.branches.insert(at);
                    flow.blocks.extend([target, next]);
                    open.push(target);
                }
                FlowControl::UnconditionalBranch => {
                    flow.branches.insert(at);
                    flow.blocks.insert(target);
                    open.push(target);
                    break;
                }
                FlowControl::Call if instruction.is_call_near() => {
                    flow.calls.insert(at, Some(target));
                    // A function that calls itself goes on where it begins.
                    if target == start {
                        break;
                    }
                }
                FlowControl::IndirectCall => {
                    flow.calls.insert(at, through_memory(session, &instruction));
                }
                FlowControl::Return | FlowControl::IndirectBranch | FlowControl::Exception => break,
                _ if instruction.mnemonic() == Mnemonic::Hlt => {
                    flow.calls.insert(at, None);
                }
                _ => {}
            }
            at = next;
        }
    }
    flow
}

/// Where a call through a pointer at a fixed address leads, as through the table of imports.
fn through_memory(session: &Session<'_, '_>, instruction: &Instruction) -> Option<u64> {
    let fixed = matches!(instruction.memory_base(), Register::None | Register::RIP | Register::EIP);
    if instruction.op0_kind() != OpKind::Memory || !fixed || instruction.memory_index() != Register::None {
        return None;
    }
    session.unit(instruction.memory_displacement64(), session.pointer_bytes())
}

fn show_blocks(session: &mut Session<'_, '_>, flow: &Flow, branches: bool, out: &mut Out<'_>) {
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
            let what = if branches && flow.branches.contains(at) { "  Branch" } else { "" };
            out.line(line.shown(session.x86, session.code_bytes) + what);
        }
        expected = Some(at.wrapping_add(*length));
    }
}

fn show_calls(session: &mut Session<'_, '_>, start: u64, flow: &Flow, out: &mut Out<'_>) {
    let place = |session: &mut Session<'_, '_>, at: u64| {
        let address = session.address(at);
        session.site(at).map_or(address.clone(), |site| format!("{site} ({address})"))
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
            out.line(format!("    unresolvable call: {}", text.unwrap_or_default().trim_end()));
        }
    }
}
