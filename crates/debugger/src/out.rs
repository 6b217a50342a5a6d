//! Where commands print to: the writer, or what `.foreach` catches; and the one place that escapes hostile text.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes that `.foreach` catches of one command; more is dropped.
const MOST_CAUGHT: usize = 16 << 20;

/// What commands print to. It takes `write!` as a string does; an error of the writer is kept for the end.
pub(crate) struct Out<'o> {
    to: &'o mut dyn Write,
    /// Copies of everything that is printed: `.logopen`.
    pub(crate) log: Option<Box<dyn Write + Send>>,
    caught: Vec<String>,
    /// Whether control characters are shown as escapes: on a terminal.
    escape: bool,
    stop: &'o AtomicBool,
    error: Option<io::Error>,
}

impl fmt::Debug for Out<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out").field("escape", &self.escape).finish_non_exhaustive()
    }
}

impl<'o> Out<'o> {
    pub(crate) fn new(to: &'o mut dyn Write, escape: bool, stop: &'o AtomicBool) -> Out<'o> {
        Out { to, log: None, caught: Vec::new(), escape, stop, error: None }
    }

    /// From now on, keeps what is printed.
    pub(crate) fn catch(&mut self) {
        self.caught.push(String::new());
    }

    /// What was printed since the last [`Out::catch`].
    pub(crate) fn caught(&mut self) -> String {
        self.caught.pop().unwrap_or_default()
    }

    /// One line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.text(text.as_ref());
        self.text("\n");
    }

    /// Text as it is, but for control characters on a terminal.
    pub(crate) fn text(&mut self, text: &str) {
        if let Some(caught) = self.caught.last_mut() {
            if caught.len() < MOST_CAUGHT {
                caught.push_str(text);
            }
            return;
        }
        let escaped = self.escape.then(|| escaped(text));
        let text = escaped.as_deref().unwrap_or(text);
        if self.error.is_none() {
            self.error = self.to.write_all(text.as_bytes()).err();
        }
        // A log that cannot be written must not end the session.
        if let Some(log) = &mut self.log
            && log.write_all(text.as_bytes()).is_err()
        {
            self.log = None;
        }
    }

    /// Whether the user asked for an end, or nobody reads any more.
    pub(crate) fn stopped(&self) -> bool {
        self.error.is_some() || self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if let Some(log) = &mut self.log {
            let _ = log.flush();
        }
        match self.error.take() {
            Some(error) => Err(error),
            None => self.to.flush(),
        }
    }
}

impl fmt::Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

/// Control characters, those of Unicode among them, as `\u{1b}`; line ends and tabs stay.
fn escaped(text: &str) -> String {
    let harmless = |c: char| !c.is_control() && !is_bidi(c) || matches!(c, '\n' | '\t');
    if text.chars().all(harmless) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmless(c) { shown.push(c) } else { shown.extend(c.escape_unicode()) }
    }
    shown
}

/// Marks that turn the direction of text.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_passes() {
        assert_eq!(escaped("a\tb\n"), "a\tb\n");
        assert_eq!(escaped("\u{1b}[2J\u{9b}\u{202e}"), "\\u{1b}[2J\\u{9b}\\u{202e}");
        assert_eq!(escaped("äß"), "äß");
    }
}
