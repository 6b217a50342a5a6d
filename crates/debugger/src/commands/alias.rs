//! `as`, `aS`, `ad`, `al`.

use super::{At, Command};
use crate::error::{Result, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("as", "as, aS [/x] NAME VALUE", "defines an alias; /x for the value of an expression", set),
    Command::new("ad", "ad NAME | *", "removes aliases", delete),
    Command::new("al", "al", "lists all aliases", list),
];

fn set(session: &mut Session<'_, '_>, line: &mut Line, at: At, _: &mut Out<'_>) -> Result<()> {
    let to_end = line.text.get(at.begin + 1) == Some(&b's');
    let mut evaluate = false;
    line.blanks();
    while line.peek() == b'/' {
        evaluate |= line.word() == "/x";
        line.blanks();
    }
    let name = line.word();
    line.blanks();
    let value = if evaluate {
        format!("{:#x}", expr::number(session, line)?)
    } else if to_end {
        let rest = line.between(line.pos, line.text.len());
        line.pos = line.text.len();
        rest
    } else {
        line.quoted_rest()
    };
    session.aliases.set(&name, value.trim_matches('"'));
    Ok(())
}

fn delete(session: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if line.peek() == b'/' {
        line.word();
    }
    let name = line.rest();
    if name == "*" {
        session.aliases.clear();
        return Ok(());
    }
    if session.aliases.remove(&name) { Ok(()) } else { caret("No information found error in", line.pos) }
}

fn list(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let mut rows = session.aliases.iter().peekable();
    if rows.peek().is_none() {
        out.line("No aliases");
        return Ok(());
    }
    out.line("  Alias            Value  \n -------          ------- ");
    for (name, value) in rows {
        out.line(format!(" {name:<16} {value} "));
    }
    Ok(())
}
