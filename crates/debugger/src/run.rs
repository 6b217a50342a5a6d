//! Runs lists of commands.

use crate::commands::find;
use crate::error::{Error, Result, Stop, caret};
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

/// Blocks inside blocks.
const DEEPEST: usize = 64;

impl Session<'_, '_> {
    /// Runs a line that was typed: its aliases are replaced, and an error is printed.
    pub(crate) fn run_line(&mut self, text: &str, out: &mut Out<'_>) {
        self.steps = 0;
        let text = self.aliases.replaced(text);
        let _ = self.run_list(&text, 0, out);
    }

    /// Runs a list of commands, a block of braces for instance. An error is printed here, where the list is known.
    pub(crate) fn run_list(&mut self, text: &str, depth: usize, out: &mut Out<'_>) -> Result<()> {
        if depth > DEEPEST {
            out.line("Too many nested blocks");
            return Err(Stop::Failed);
        }
        let mut line = Line::new(text);
        match self.run_commands(&mut line, depth, out) {
            Err(Stop::Error(error)) => {
                self.tell(&error, &line, out);
                Err(Stop::Failed)
            }
            other => other,
        }
    }

    fn tell(&mut self, error: &Error, line: &Line, out: &mut Out<'_>) {
        if let Some(name) = self.missing_type.take() {
            crate::commands::missing_type(&name, out);
        }
        out.line(error.shown(&line.text, self.prompt().len()));
    }

    fn run_commands(&mut self, line: &mut Line, depth: usize, out: &mut Out<'_>) -> Result<()> {
        loop {
            while matches!(line.peek(), b' ' | b'\t' | b';') {
                line.pos += 1;
            }
            if line.pos >= line.text.len() || self.quit {
                return Ok(());
            }
            if out.stopped() || !self.step() {
                return Err(Stop::Interrupted);
            }
            self.run_command(line, depth, out)?;
            line.end = line.text.len();
            line.expect_end()?;
        }
    }

    /// Runs the command that begins here.
    pub(crate) fn run_command(&mut self, line: &mut Line, depth: usize, out: &mut Out<'_>) -> Result<()> {
        let begin = line.pos;
        let Some((command, length)) = find(line) else {
            line.pos = begin + unknown_length(line);
            return caret(crate::error::SYNTAX, line.pos);
        };
        if command.memory && self.options.no_memory {
            line.pos = line.text.len();
            out.line("Memory is not shown: --no-memory was given");
            return Err(Stop::Failed);
        }
        if command.files && self.options.no_files {
            line.pos = line.text.len();
            out.line("Files are not opened: --no-files was given");
            return Err(Stop::Failed);
        }
        line.pos = begin + length;
        (command.run)(self, line, crate::commands::At { depth, begin }, out)
    }
}

/// How much of an unknown command the error's caret stands behind: a `.word`, or one character.
fn unknown_length(line: &Line) -> usize {
    if line.peek() != b'.' {
        return 1;
    }
    let word = |n: usize| matches!(line.at(n), c if c.is_ascii_alphanumeric() || matches!(c, b'_'));
    (1..=line.text.len()).find(|n| !word(*n)).unwrap_or(1)
}
