//! `|`, `||`, `.thread`, `.process`, `.ttime`.

use super::threads::shown;
use super::{At, Command};
use crate::clock;
use crate::error::{Result, caret};
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("|", "|", "the process", process),
    Command::new("||", "||", "the dump", system),
    Command::new(".thread", ".thread", "the TEB of the current thread", implicit_thread),
    Command::new(".process", ".process", "the PEB", implicit_process),
    Command::new(".ttime", ".ttime", "when the thread was created, and its processor time", times),
];

fn process(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if number(line).is_some_and(|n| n != 0) {
        return caret("Illegal process error in", line.pos);
    }
    if line.take(b's') {
        shown(session, out);
        return Ok(());
    }
    let base = session.process.program().map(|module| module.base);
    let index = session.process.modules.iter().position(|module| Some(module.base) == base);
    let name = index.map_or("<unknown>", |index| session.module_path(index));
    out.line(format!(".  0\tid: {:x}\texamine\tname: {name}", session.process_id()));
    Ok(())
}

fn system(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if number(line).is_some_and(|n| n != 0) {
        return caret("Illegal system error in", line.pos);
    }
    line.take(b's');
    out.line(format!(".  0 {}", session.dump_title()));
    Ok(())
}

/// `*`, `.`, `#` or a number behind `|`.
fn number(line: &mut Line) -> Option<usize> {
    line.blanks();
    if matches!(line.peek(), b'*' | b'.' | b'#') {
        line.pos += 1;
        return Some(0);
    }
    let begin = line.pos;
    while line.peek().is_ascii_digit() {
        line.pos += 1;
    }
    line.from(begin).parse().ok()
}

fn implicit_thread(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    session.reset_scope();
    match session.process.threads.get(session.thread).map_or(0, |thread| thread.teb_address) {
        0 => out.line("Unable to get the current thread data"),
        teb => out.line(format!("Implicit thread is now {}", session.address(teb))),
    }
    Ok(())
}

fn implicit_process(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    match session.peb() {
        0 => out.line("Unable to get the current process data"),
        peb => out.line(format!("Implicit process is now {}", session.address(peb))),
    }
    Ok(())
}

fn times(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let id = session.process.threads.get(session.thread).map_or(0, |thread| thread.id);
    let info = session.process.dump.thread_infos().ok().flatten().and_then(|infos| infos.get(&id).cloned());
    let Some(info) = info else {
        out.line("Thread times not available");
        return Ok(());
    };
    out.line(format!("Created: {}", clock::file_time(info.create_time, 0).unwrap_or_default()));
    out.line(format!("Kernel:  {}", clock::span(info.kernel_time)));
    out.line(format!("User:    {}", clock::span(info.user_time)));
    Ok(())
}
