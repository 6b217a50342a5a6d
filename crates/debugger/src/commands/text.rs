//! Comments, `.echo`, and the end.

use super::{At, Command};
use crate::error::{EXTRA, Error, Result, Stop};
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(".echo", ".echo TEXT", "prints text; quotes keep `;`", echo),
    Command::new("*", "* COMMENT", "a comment up to the end of the line", star),
    Command::new("$$", "$$ COMMENT", "a comment up to the next `;`", dollars),
    Command::new("q", "q, qq, qd", "ends the session; must be the last command", quit),
    Command::new("qq", "", "", quit),
    Command::new("qd", "", "", quit),
];

fn echo(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if line.peek() == b'"' {
        let text = line.string().unwrap_or_default();
        let quote = line.pos.saturating_sub(1);
        out.line(text);
        line.blanks();
        if !line.is_end() {
            let consumed = line.text.len().min(line.pos + 1);
            return Err(Stop::Error(Error::Caret { text: EXTRA, consumed, until: Some(quote) }));
        }
        return Ok(());
    }
    // Text in braces of a block was cut out before; `;` ends it.
    let begin = line.pos;
    while !line.is_end() {
        line.pos += 1;
    }
    out.line(line.from(begin));
    Ok(())
}

fn star(_: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    line.pos = line.text.len();
    Ok(())
}

fn dollars(_: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    line.rest();
    Ok(())
}

fn quit(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if line.pos < line.text.len() {
        return crate::error::caret(crate::error::SYNTAX, at.begin + 1);
    }
    session.quit = true;
    out.line("quit:");
    Err(Stop::Quit)
}
