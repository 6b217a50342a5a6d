//! `$<`, `$><`, `$$<`, `$$><`, `$$>a<`: commands out of a file.

use super::{At, Command};
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("$<", "$<FILE, $$<FILE", "runs the lines of a file", lines).files(),
    Command::new("$$<", "", "", lines).files(),
    Command::new(
        "$><",
        "$><FILE, $$><FILE, $$>a<FILE ARGUMENTS",
        "runs the lines of a file as one command list",
        list,
    )
    .files(),
    Command::new("$$><", "", "", list).files(),
    Command::new("$$>a<", "", "", list).files(),
];

/// Bytes of a script.
const LONGEST: u64 = 4 << 20;

fn read(name: &str, out: &mut Out<'_>) -> Option<String> {
    let fits = std::fs::metadata(name).is_ok_and(|data| data.is_file() && data.len() <= LONGEST);
    let text = fits.then(|| std::fs::read(name).ok()).flatten();
    if text.is_none() {
        out.line("Command file execution failed, Win32 error 0n2\n    \"File not found.\"");
    }
    text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn lines(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let name = line.quoted_rest();
    line.pos = line.text.len();
    let Some(text) = read(&name, out) else { return Ok(()) };
    for command in text.lines() {
        out.line(format!("{}{command}", session.prompt()));
        session.run_list(&session.aliases.replaced(command), at.depth + 1, out)?;
    }
    Ok(())
}

fn list(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let whole = line.quoted_rest();
    let mut words = whole.split_whitespace().map(|word| word.trim_matches('"'));
    let name = words.next().unwrap_or_default();
    let Some(text) = read(name, out) else { return Ok(()) };
    let mut text: String = text.lines().collect::<Vec<_>>().join(";");
    for (n, value) in words.enumerate() {
        text = text.replace(&format!("${{$arg{}}}", n + 1), value);
        if text.len() as u64 > LONGEST {
            break;
        }
    }
    session.run_list(&session.aliases.replaced(&text), at.depth + 1, out)
}
