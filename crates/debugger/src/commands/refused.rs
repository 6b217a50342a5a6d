//! What a dump cannot do, and what nothing here does: run, write, call other programs.

use super::{At, Command};
use crate::error::{MEMORY, NOT_SUPPORTED, Result, caret};
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("g", "g, p, t, wt, gu", "refused: a dump does not run", no_runnable),
    Command::new("p", "", "", no_runnable),
    Command::new("t", "", "", no_runnable),
    Command::new("wt", "", "", no_runnable),
    Command::new("bp", "bp, bu, ba, bl, bc, bd, be", "refused: a dump has no breakpoints", no_breakpoints),
    Command::new("bu", "", "", no_breakpoints),
    Command::new("bm", "", "", no_breakpoints),
    Command::new("ba", "", "", no_breakpoints),
    Command::new("bl", "", "", no_breakpoints),
    Command::new("bc", "", "", no_breakpoints),
    Command::new("bd", "", "", no_breakpoints),
    Command::new("be", "", "", no_breakpoints),
    Command::new("e", "e, f, m", "refused: a dump is not changed", no_writing),
    Command::new("f", "", "", fill),
    Command::new("m", "", "", no_writing),
    Command::new("a", "", "", no_writing),
    Command::new(
        ".shell",
        ".shell, .dump, .attach, .kill",
        "refused: no other program is run, and no file except the log is written",
        shell,
    ),
    Command::new(".dump", "", "", dump),
    Command::new(".dumpcab", "", "", dump),
    Command::new(".writemem", "", "", no_debuggee),
    Command::new(".readmem", "", "", no_debuggee),
    Command::new(".attach", "", "", no_debuggee),
    Command::new(".create", "", "", no_debuggee),
    Command::new(".detach", "", "", no_debuggee),
    Command::new(".kill", "", "", no_debuggee),
    Command::new(".restart", "", "", no_debuggee),
    Command::new(".opendump", "", "", no_debuggee),
    Command::new(".server", "", "", no_debuggee),
    Command::new(".script", "", "", no_debuggee),
];

fn no_runnable(_: &mut Session<'_, '_>, line: &mut Line, at: At, _: &mut Out<'_>) -> Result<()> {
    line.pos = at.begin + 1;
    caret("No runnable debuggees error in", line.pos)
}

fn no_breakpoints(_: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    caret(NOT_SUPPORTED, line.pos)
}

fn no_writing(_: &mut Session<'_, '_>, line: &mut Line, at: At, _: &mut Out<'_>) -> Result<()> {
    let known = matches!(line.text.get(at.begin).map(u8::to_ascii_lowercase), Some(b'e'));
    if known {
        line.rest();
        return caret(MEMORY, line.pos);
    }
    line.rest();
    caret(NOT_SUPPORTED, line.pos)
}

/// `f` evaluates its range first, so that `foo` is told as an address that cannot be.
fn fill(session: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    crate::expr::ranged(session, line, 1)?;
    line.rest();
    caret(MEMORY, line.pos)
}

fn shell(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.pos = line.text.len();
    out.line("Shell commands disabled");
    Ok(())
}

fn dump(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if line.is_end() {
        return caret("Non-empty string required in", line.pos);
    }
    line.rest();
    out.line("dumplens writes no dumps from here: see `dumplens trim`");
    Ok(())
}

fn no_debuggee(_: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    let consumed = line.pos;
    line.rest();
    caret(NOT_SUPPORTED, consumed)
}
