//! `u`, `dg`: code.

use dumplens_core::CpuState;

use super::{At, Command};
use crate::error::{MEMORY, Result, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("u", "u [RANGE]", "instructions", forward).memory(),
    Command::new("dg", "dg SELECTOR", "a segment selector, as Windows sets it", selector),
    Command::new("up", "", "", physical),
    Command::new("ur", "ur [RANGE]", "16-bit instructions", real_mode).memory(),
];

/// EFLAGS.VM.
const VIRTUAL_8086: u32 = 1 << 17;

fn physical(_: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let _ = (&out, line);
    caret("Operation not supported in current debug session", at.begin + 1)
}

fn forward(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let bits = if session.x86 { 32 } else { 64 };
    of_bits(session, line, bits, out)
}

fn real_mode(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    of_bits(session, line, 16, out)
}

fn of_bits(session: &mut Session<'_, '_>, line: &mut Line, bits: u32, out: &mut Out<'_>) -> Result<()> {
    if !session.is_disassembled(out) {
        line.rest();
        return Ok(());
    }
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
        let length = session.show_code(at, bits, &mut label, out);
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
    pub(super) fn show_code(
        &mut self,
        at: u64,
        bits: u32,
        label: &mut String,
        out: &mut Out<'_>,
    ) -> Option<u64> {
        self.show_label(at, label, out);
        let Some(line) = self.instruction_of(at, bits) else {
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

    pub(crate) fn show_label(&mut self, at: u64, label: &mut String, out: &mut Out<'_>) {
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
        let segment = self.segment_shown(state);
        let virtual_8086 = self.x86 && state.eflags & VIRTUAL_8086 != 0;
        // Of 16 bits the selector says where the code is.
        let ip =
            if virtual_8086 { (u64::from(state.segments[0]) << 4) + (state.ip & 0xffff) } else { state.ip };
        let mut label = String::new();
        self.show_label(ip, &mut label, out);
        if self.options.no_memory {
            return;
        }
        if self.is_guest() && !self.is_wow64() {
            let why = "<Effective machine and debuggee state conflict, disassembly not possible>";
            out.line(format!("{segment}{} {why}", self.address(ip)));
            return;
        }
        let Some(line) = self.instruction(ip).filter(|_| !virtual_8086) else {
            let at = if virtual_8086 { format!("{:04x}", state.ip & 0xffff) } else { self.address(ip) };
            out.line(format!("{segment}{at} ??              ???"));
            return;
        };
        let mut text = format!("{segment}{}", line.shown(self.x86, self.code_bytes));
        if operand && let Some(value) = crate::operands::value(self, state, &line.bytes) {
            let column = match (self.x86, segment.is_empty()) {
                (false, _) => 0,
                (true, true) => 53,
                (true, false) => 59,
            };
            text = format!("{text:<column$} {value}");
        }
        out.line(text);
    }

    /// The selector before an address, unless it is one of Windows' own for flat code.
    fn segment_shown(&self, state: &CpuState) -> String {
        match state.segments[0] {
            0 | 0x1b | 0x23 if state.eflags & VIRTUAL_8086 == 0 => String::new(),
            _ if !self.x86 => String::new(),
            selector => format!("{selector:04x}:"),
        }
    }
}

/// `dg`: the flat segments that every process of Windows has.
fn selector(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let selector = expr::number(session, line)? & 0xffff;
    let known = session.process.is_windows();
    let code = if session.x86 { selector == 0x1b } else { matches!(selector, 0x33 | 0x10) };
    let kind = if code { "Code RE Ac" } else { "Data RW Ac" };
    if session.x86 {
        out.line("                                  P Si Gr Pr Lo");
        out.line("Sel    Base     Limit     Type    l ze an es ng Flags");
        out.line("---- -------- -------- ---------- - -- -- -- -- --------");
        let flags = if code { 0xcfb } else { 0xcf3 };
        if !known {
            out.line(format!("{selector:04X} Unable to get descriptor"));
            return Ok(());
        }
        out.line(format!("{selector:04X} 00000000 ffffffff {kind} 3 Bg Pg P  Nl {flags:08x}"));
    } else {
        out.line("                                                    P Si Gr Pr Lo");
        out.line("Sel        Base              Limit          Type    l ze an es ng Flags");
        out.line("---- ----------------- ----------------- ---------- - -- -- -- -- --------");
        if !known {
            out.line(format!("{selector:04X} Unable to get descriptor"));
            return Ok(());
        }
        let (long, flags) = if code { ("Lo", 0xefb) } else { ("Nl", 0xcf3) };
        out.line(format!(
            "{selector:04X} 00000000`00000000 ffffffff`ffffffff {kind} 3 Bg Pg P  {long} {flags:08x}"
        ));
    }
    Ok(())
}
