//! Extensions: what begins with `!`.

use super::{At, Command};
use crate::error::Result;
use crate::extensions::COMMANDS as EXTENSIONS;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = EXTENSIONS;

const UNKNOWN: Command = Command::new("!", "", "", unknown);

/// The extension that is named here, with or without the DLL that has it in the debugger.
pub(super) fn find(line: &Line) -> (&'static Command, usize) {
    let word =
        |n: usize| matches!(line.at(n), c if c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'\\'));
    let length = (1..=line.text.len()).find(|n| !word(*n)).unwrap_or(1);
    let text = line.between(line.pos + 1, line.pos + length).to_ascii_lowercase();
    let name = text.rsplit('.').next().unwrap_or(&text);
    let named = EXTENSIONS.iter().find(|command| command.name.get(1..) == Some(name));
    match named {
        Some(command) => (command, length),
        None => (&UNKNOWN, 1),
    }
}

fn unknown(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let begin = line.pos;
    while !line.is_end() && !matches!(line.peek(), b' ' | b'\t') {
        line.pos += 1;
    }
    let name = line.from(begin);
    line.quoted_rest();
    out.line(format!("No export {} found", name.rsplit('.').next().unwrap_or(&name)));
    Ok(())
}
