//! `dx`: expressions of C++, and the few objects of the debugger's own model that a dump has.

use super::{At, Command};
use crate::error::{Error, Result, Stop};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::{Session, ticked};

pub(super) const COMMANDS: &[Command] = &[Command::new(
    "dx",
    "dx [-rN] EXPRESSION, dx @$curthread, dx @$cursession",
    "a C++ value, as the debugger's data model shows it",
    show,
)];

fn show(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    while line.peek() == b'-' && line.at(1).is_ascii_alphabetic() {
        line.word();
        line.blanks();
    }
    let text = line.between(line.pos, line.text.len()).trim().to_owned();
    match text.as_str() {
        "" => {
            let why = "Error: Expected expression at end of expression".to_owned();
            return Err(Stop::Error(Error::Plain(why)));
        }
        "@$curthread" => {
            line.rest();
            thread(session, out);
        }
        "@$cursession" => {
            line.rest();
            out.line(format!("{text:<16} : {}\n    Processes       ", session.dump_title()));
        }
        _ => {
            let value = expr::typed(session, line)?;
            out.line(format!("{text:<16} : {}", value.bare(session.x86)));
        }
    }
    Ok(())
}

fn thread(session: &Session<'_, '_>, out: &mut Out<'_>) {
    let Some(thread) = session.process.threads.get(session.thread) else { return };
    let infos = session.process.dump.thread_infos().ok().flatten();
    let start = infos.and_then(|infos| infos.get(&thread.id).map(|info| info.start_address));
    match start.filter(|start| *start != 0 && !session.x86) {
        Some(start) => out.line(format!("{:<16} : {}", "@$curthread", ticked(start))),
        None => out.line(format!("{:<16}", "@$curthread")),
    }
    out.line(format!("    {:<16} : {:#x}", "Id", thread.id));
    // The engine has a guest's state of 64-bit processes.
    let parts = ["Stack", "Registers", "Environment", "GuestState"];
    for name in parts.iter().take(if session.x86 { 3 } else { 4 }) {
        out.line(format!("    {name:<16}"));
    }
}
