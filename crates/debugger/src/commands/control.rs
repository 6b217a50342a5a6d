//! `.if`, `.for`, `.while`, `.do`, `.foreach`, `.block`, `.catch`, `j`.

use super::{At, Command};
use crate::aliases::replaced;
use crate::error::{Result, SYNTAX, Stop, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(".if", ".if (E) { } .elsif (E) { } .else { }", "runs commands if a condition holds", if_),
    Command::new(".for", ".for (INIT; E; STEP) { }", "a loop", for_),
    Command::new(".while", ".while (E) { }", "a loop", while_),
    Command::new(".do", ".do { } (E)", "a loop that runs at least once", do_),
    Command::new(
        ".foreach",
        ".foreach [/pS N] [/ps N] (V {COMMANDS}) { }, /s (V \"TEXT\")",
        "a loop over words",
        foreach,
    ),
    Command::new(".block", ".block { }", "a block", block),
    Command::new(".catch", ".catch { }", "a block whose errors end only the block", catch),
    Command::new(".leave", ".leave, .break, .continue", "leaves a block or a loop, or continues it", leave),
    Command::new(".break", "", "", break_),
    Command::new(".continue", "", "", continue_),
    Command::new("j", "j E 'COMMANDS'; 'COMMANDS'", "runs one command list or the other", j),
    Command::new("z", "", "", z),
];

/// A condition in brackets.
fn condition(session: &mut Session<'_, '_>, line: &mut Line) -> Result<bool> {
    line.blanks();
    if line.peek() != b'(' {
        return expr::token(line, "Syntax error at", line.pos);
    }
    line.pos += 1;
    let value = expr::number(session, line)?;
    line.blanks();
    if !line.take(b')') {
        return expr::token(line, "Syntax error at", line.pos);
    }
    Ok(value != 0)
}

fn if_(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let mut done = condition(session, line)?;
    let body = line.braces()?;
    let mut chosen = done.then_some(body);
    loop {
        let begin = line.pos;
        line.blanks();
        let word = line.word().to_ascii_lowercase();
        let (name, behind) = match word.find(['(', '{']) {
            Some(end) => (word[..end].to_owned(), end),
            None => (word.clone(), word.len()),
        };
        let start = line.pos - word.len();
        line.pos = start + behind;
        match name.as_str() {
            ".elsif" if !done => {
                done = condition(session, line)?;
                let body = line.braces()?;
                chosen = done.then_some(body);
            }
            ".elsif" => {
                line.group(b'(', b')')?;
                line.braces()?;
            }
            ".else" => {
                let body = line.braces()?;
                chosen = chosen.or((!done).then_some(body));
                break;
            }
            _ => {
                line.pos = begin;
                break;
            }
        }
    }
    match chosen {
        Some(body) => session.run_list(&body, at.depth + 1, out),
        None => Ok(()),
    }
}

impl Session<'_, '_> {
    /// Runs a loop's body; whether the loop goes on.
    fn round(&mut self, body: &str, at: At, out: &mut Out<'_>) -> Result<bool> {
        if out.stopped() || !self.step() {
            return Err(Stop::Interrupted);
        }
        self.loops += 1;
        let result = self.run_list(body, at.depth + 1, out);
        self.loops -= 1;
        match result {
            Ok(()) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(other) => Err(other),
        }
    }

    fn is(&mut self, condition: &str) -> Result<bool> {
        let mut line = Line::new(condition);
        match expr::number(self, &mut line) {
            Ok(value) => Ok(value != 0),
            Err(Stop::Error(error)) => {
                let text = error.shown(&line.text, self.prompt().len());
                Err(Stop::Error(crate::error::Error::Plain(text)))
            }
            Err(other) => Err(other),
        }
    }
}

fn for_(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let head = line.group(b'(', b')')?;
    let body = line.braces()?;
    let mut parts = head.splitn(3, ';');
    let (start, condition, step) =
        (parts.next().unwrap_or(""), parts.next().unwrap_or("1"), parts.next().unwrap_or(""));
    session.run_list(start, at.depth + 1, out)?;
    while session.is(condition)? {
        if !session.round(&body, at, out)? {
            break;
        }
        session.run_list(step, at.depth + 1, out)?;
    }
    Ok(())
}

fn while_(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let condition = line.group(b'(', b')')?;
    let body = line.braces()?;
    while session.is(&condition)? {
        if !session.round(&body, at, out)? {
            break;
        }
    }
    Ok(())
}

fn do_(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let body = line.braces()?;
    let condition = line.group(b'(', b')')?;
    loop {
        if !session.round(&body, at, out)? || !session.is(&condition)? {
            return Ok(());
        }
    }
}

/// A number that ends at the next blank.
fn count(session: &mut Session<'_, '_>, line: &mut Line) -> Result<u64> {
    line.blanks();
    expr::number(session, &mut Line::new(&line.word()))
}

fn foreach(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let (mut first, mut between, mut by_text) = (0, 0, false);
    loop {
        line.blanks();
        if line.peek() != b'/' {
            break;
        }
        match line.word().as_str() {
            "/pS" => first = count(session, line)?,
            "/ps" => between = count(session, line)?,
            "/s" => by_text = true,
            _ => {}
        }
    }
    if line.peek() != b'(' {
        return caret(SYNTAX, line.pos);
    }
    let head = line.group(b'(', b')')?;
    let body = line.braces()?;
    let mut head = Line::new(&head);
    head.blanks();
    let variable = head.word();
    head.blanks();
    let text = if by_text || head.peek() == b'"' {
        head.string().unwrap_or_default()
    } else {
        let commands = head.braces()?;
        out.catch();
        let result = session.run_list(&commands, at.depth + 1, out);
        let text = out.caught();
        result?;
        text
    };
    let words = text.split_whitespace().skip(usize::try_from(first).unwrap_or(usize::MAX));
    let step = usize::try_from(between).unwrap_or(usize::MAX).saturating_add(1);
    for word in words.step_by(step) {
        let body = replaced(&body, &|name| (name == variable).then_some(word));
        if !session.round(&body, at, out)? {
            break;
        }
    }
    Ok(())
}

fn block(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let body = line.braces()?;
    session.run_list(&session.aliases.replaced(&body), at.depth + 1, out)
}

fn catch(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let body = line.braces()?;
    session.catches += 1;
    let result = session.run_list(&body, at.depth + 1, out);
    session.catches -= 1;
    match result {
        Err(Stop::Failed | Stop::Leave) => Ok(()),
        other => other,
    }
}

fn leave(session: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    if session.catches > 0 { Err(Stop::Leave) } else { caret(".leave outside of .catch error in", line.pos) }
}

fn break_(session: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    if session.loops > 0 { Err(Stop::Break) } else { caret(".break outside of scope error in", line.pos) }
}

fn continue_(session: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    if session.loops > 0 {
        Err(Stop::Continue)
    } else {
        caret(".continue outside of scope error in", line.pos)
    }
}

fn j(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let is = expr::number(session, line)? != 0;
    let first = part(line);
    line.blanks();
    line.take(b';');
    let second = part(line);
    session.run_list(if is { &first } else { &second }, at.depth + 1, out)
}

/// A list in quotes, or up to `;`.
fn part(line: &mut Line) -> String {
    line.blanks();
    line.single_quoted().unwrap_or_else(|| line.rest())
}

/// `z (E)` repeats what stands before it while E holds; there is nothing here that E would wait for.
fn z(session: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    condition(session, line).map(|_| ())
}
