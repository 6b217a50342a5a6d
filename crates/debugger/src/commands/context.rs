//! `.ecxr`, `.cxr`, `.frame`: which registers count.

use dumplens_core::{CpuState, Width};

use super::{At, Command};
use crate::error::{Result, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(".ecxr", ".ecxr", "selects the registers of the exception", ecxr),
    Command::new(
        ".cxr",
        ".cxr [ADDR]",
        "selects the registers of a CONTEXT in memory; without an address, those of the thread again",
        cxr,
    ),
    Command::new(
        ".frame",
        ".frame [/c] [/r] [N]",
        "selects a frame; /c also its registers, /r prints them",
        frame,
    ),
    Command::new(".f+", ".f+, .f-", "selects the next or the previous frame", next_frame),
    Command::new(".f-", "", "", previous_frame),
    Command::new(
        ".effmach",
        ".effmach [x86|amd64]",
        "shows or selects the processor: for a WOW64 process, its 32-bit or its 64-bit half",
        effmach,
    ),
];

fn ecxr(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let Some(state) = session.process.dump.exception_cpu_state() else {
        if session.show_arm64(true, out) {
            session.thread = session.event_thread;
            return Ok(());
        }
        out.line("Minidump doesn't have an exception context");
        out.line("Unable to get exception context, HRESULT 0x80004002");
        return Ok(());
    };
    session.thread = session.event_thread;
    session.set_machine(state.width == Width::Bits32);
    session.reset_scope();
    session.context = Some(state);
    session.scoped = true;
    session.frame_shown = true;
    session.show_registers(out);
    Ok(())
}

/// The place of ss among the segments, and the selector that the kernel has there.
const KERNEL_STACK: (usize, u16) = (1, 0x10);
/// EFLAGS.VM.
const VIRTUAL_8086: u32 = 1 << 17;

/// Whether an x86 context is one of ring 0: it holds no stack segment, and the engine shows the kernel's.
fn is_of_kernel(state: &CpuState) -> bool {
    let ring = state.segments[0] & 3;
    ring == 0 && state.eflags & VIRTUAL_8086 == 0
}

fn cxr(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let address = if line.is_end() { 0 } else { expr::address(session, line)? };
    if address == 0 {
        if session.scoped {
            out.line("Resetting default scope");
        }
        session.reset_scope();
        return Ok(());
    }
    match CpuState::read(session.memory, address, session.width()) {
        Ok(Some(mut state)) => {
            if session.x86 && is_of_kernel(&state) {
                state.segments[KERNEL_STACK.0] = KERNEL_STACK.1;
            }
            session.reset_scope();
            session.context = Some(state);
            session.scoped = true;
            session.frame_shown = true;
            session.show_registers(out);
        }
        _ => out.line("Unable to get context from address, HRESULT 0x80004002"),
    }
    Ok(())
}

fn frame(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let (mut change, mut show) = (false, false);
    loop {
        line.blanks();
        match (line.peek(), line.at(1).to_ascii_lowercase()) {
            (b'/', b'c') => change = true,
            (b'/', b'r') => show = true,
            (b'/', _) => {}
            _ => break,
        }
        line.pos += 2;
    }
    line.blanks();
    if line.is_end() {
        return if change { select(session, 0, true, true, out) } else { current(session, out) };
    }
    let number = usize::try_from(expr::number(session, line)?).unwrap_or(usize::MAX);
    select(session, number, change, show || change, out)
}

fn next_frame(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let number = session.frame + 1;
    select(session, number, false, false, out)
}

fn previous_frame(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if session.frame == 0 {
        return caret("Current frame index underflow", line.pos);
    }
    line.rest();
    let number = session.frame - 1;
    select(session, number, false, false, out)
}

/// Prints the frame that commands work on.
fn current(session: &mut Session<'_, '_>, out: &mut Out<'_>) -> Result<()> {
    let shown = session.frame_row(session.frame, session.frame_shown);
    if let Some(row) = shown {
        out.line(row);
    }
    Ok(())
}

fn select(
    session: &mut Session<'_, '_>,
    number: usize,
    change: bool,
    show: bool,
    out: &mut Out<'_>,
) -> Result<()> {
    let Some(below) = number.checked_sub(session.frame_base) else {
        out.line(format!("Frame {number:#x} is before current base frame {:#x}", session.frame_base));
        current(session, out)?;
        if show {
            session.show_registers(out);
        }
        return Ok(());
    };
    let Some(row) = session.frame_row(number, false) else {
        out.line(format!("Cannot find frame {below:#x}, previous scope unchanged"));
        return current(session, out);
    };
    out.line(row);
    session.scoped = true;
    session.frame = number;
    session.frame_shown = false;
    let Some(state) = session.frame_state(below).filter(|_| show) else { return Ok(()) };
    out.text(&super::context_text::general_lines(&state, session.x86));
    session.show_instruction(&state, true, out);
    if change {
        session.context = Some(state);
        session.frame_base = number;
        session.frame_shown = true;
    }
    Ok(())
}

fn effmach(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let name = line.rest().to_ascii_lowercase();
    match name.as_str() {
        "" => {}
        // That of the target.
        "." | "#" => {
            session.set_machine(session.process.dump.width() == Width::Bits32);
        }
        "x86" | "amd64" | "x64" => {
            session.set_machine(name == "x86");
        }
        _ => {
            out.line(format!("Unknown machine '{name}'"));
            return Ok(());
        }
    }
    out.line(if session.x86 {
        "Effective machine: x86 compatible (x86)"
    } else {
        "Effective machine: x64 (AMD64)"
    });
    Ok(())
}
