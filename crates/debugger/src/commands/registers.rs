//! `r` and its masks.

use std::fmt::Write as _;

use super::context_text::general_lines;
use super::float::{float, sse};
use super::register_text::{plain, typed};
use super::{At, Command};
use crate::error::{REGISTER, Result, SYNTAX, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::pseudo::temporary;
use crate::registers::register;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        "r",
        "r [REG[:TYPE][=VALUE], ...]",
        "shows registers, or changes them for this session; the dump stays as it is",
        run,
    ),
    Command::new("rm", "rm", "which registers `r` shows", mask),
    Command::new("r.", "r.", "the registers of the current instruction", used),
];

fn run(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    match line.peek() {
        b'F' => {
            line.pos += 1;
            return float(session, line, at, out);
        }
        b'X' => {
            line.pos += 1;
            return sse(session, line, at, out);
        }
        b'M' => return masked(session, line, out),
        _ => {}
    }
    let is_set = session.context.is_some();
    if is_set {
        out.line("Last set context:");
    }
    line.blanks();
    if line.is_end() {
        session.show_registers(out);
        return Ok(());
    }
    list(session, line, out)
}

/// `rM 1`: the general registers alone.
fn masked(session: &mut Session<'_, '_>, line: &mut Line, out: &mut Out<'_>) -> Result<()> {
    line.pos += 1;
    let mask = expr::number(session, line)?;
    if session.context.is_some() {
        out.line("Last set context:");
    }
    let Some(state) = session.state() else { return Ok(()) };
    let mut text = general_lines(&state, session.x86);
    if mask & 8 == 0 {
        let cut = text.rfind("cs=").unwrap_or(text.len());
        text.truncate(cut);
    }
    out.text(&text);
    session.show_instruction(&state, true, out);
    Ok(())
}

fn list(session: &mut Session<'_, '_>, line: &mut Line, out: &mut Out<'_>) -> Result<()> {
    let mut shown: Vec<String> = Vec::new();
    loop {
        line.blanks();
        let name = name(line);
        let pseudo = name.strip_prefix('$').map(str::to_owned);
        let known = match &pseudo {
            Some(pseudo) => pseudo.starts_with('.') || session.pseudo(pseudo).is_some(),
            None => register(&name, session.x86).is_some(),
        };
        if !known {
            return caret(REGISTER, line.pos);
        }
        let kind = kind(line)?;
        line.blanks();
        if line.peek() == b'=' {
            line.pos += 1;
            set(session, line, &name)?;
        } else {
            shown.push(one(session, &name, kind.as_deref()));
        }
        line.blanks();
        if line.is_end() {
            break;
        }
        if !line.take(b',') {
            return caret(SYNTAX, line.pos);
        }
    }
    if !shown.is_empty() {
        out.line(shown.join(" "));
    }
    Ok(())
}

/// A register's name, without `@`.
fn name(line: &mut Line) -> String {
    line.take(b'@');
    let begin = line.pos;
    line.take(b'$');
    while matches!(line.peek(), c if c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.')) {
        line.pos += 1;
    }
    line.from(begin)
}

/// `:ub` and the like.
fn kind(line: &mut Line) -> Result<Option<String>> {
    if !line.take(b':') {
        return Ok(None);
    }
    let begin = line.pos;
    while line.peek().is_ascii_alphabetic() {
        line.pos += 1;
    }
    let kind = line.from(begin).to_ascii_lowercase();
    let known =
        ["ib", "ub", "iw", "uw", "id", "ud", "iq", "uq", "f", "d", "b", "w", "q"].contains(&kind.as_str());
    if known { Ok(Some(kind)) } else { caret(SYNTAX, begin) }
}

fn set(session: &mut Session<'_, '_>, line: &mut Line, name: &str) -> Result<()> {
    line.blanks();
    // `$.u0`: text, which is kept as an alias.
    if name.starts_with("$.") {
        line.quoted_rest();
        return Ok(());
    }
    let value = expr::number(session, line)?;
    if let Some(number) = name.strip_prefix('$').and_then(temporary) {
        session.temporaries[number] = value;
        return Ok(());
    }
    let plain = if name.eq_ignore_ascii_case("$ip") { "eip" } else { name };
    if let (Some(register), Some(mut state)) = (register(plain, session.x86), session.state()) {
        register.set(&mut state, value);
        session.set_state(state);
    }
    Ok(())
}

/// `rax=00007ffffe1ffc08`.
fn one(session: &mut Session<'_, '_>, name: &str, kind: Option<&str>) -> String {
    if let Some(pseudo) = name.strip_prefix('$') {
        let value = session.pseudo(pseudo).unwrap_or(0);
        return format!("{name}={}", session.pointer(value));
    }
    let lower = name.to_ascii_lowercase();
    let (Some(register), Some(state)) = (register(name, session.x86), session.state()) else {
        return format!("{lower}=");
    };
    match kind {
        Some(kind) => format!("{lower}={}", typed(register, &state, kind, session.x86)),
        None => format!("{lower}={}", plain(register, &state, session.x86)),
    }
}

fn mask(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    if line.text.get(at.begin + 1) == Some(&b'M') {
        line.pos = at.begin + 1;
        return masked(session, line, out);
    }
    line.rest();
    if session.context.is_some() {
        out.line("Last set context:");
    }
    if session.x86 {
        out.line(
            "Register output mask is 9:\n       1 - Integer state (32-bit)\n       8 - Segment registers",
        );
    } else {
        out.line(
            "Register output mask is a:\n       2 - Integer state (64-bit)\n       8 - Segment registers",
        );
    }
    Ok(())
}

/// `r.`: the registers that the current instruction uses; the stack pointer, for most.
fn used(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let Some(state) = session.state() else { return Ok(()) };
    if crate::disasm::is_return(session, state.ip) {
        let name = if session.x86 { "eax" } else { "rax" };
        out.line(format!("At return instr, {name} = {:x}", session.normal(state.general[0])));
        return Ok(());
    }
    let names = crate::disasm::registers_of(session, state.ip);
    let mut text = String::new();
    for name in names {
        if let Some(register) = register(&name, session.x86) {
            let _ = write!(text, "{name}={}  ", session.address(register.value(&state)));
        }
    }
    out.line(text);
    Ok(())
}
