//! A list of commands, and how far it was read.

use crate::error::{EXTRA, Result, SYNTAX, caret};

/// A list of commands as it was typed.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) text: Vec<u8>,
    pub(crate) pos: usize,
    /// Where reading ends for now: the `L` of a range, or the end.
    pub(crate) end: usize,
}

impl Line {
    pub(crate) fn new(text: &str) -> Line {
        Line { text: text.as_bytes().to_vec(), pos: 0, end: text.len() }
    }

    /// The next character; 0 at the end.
    pub(crate) fn peek(&self) -> u8 {
        self.at(0)
    }

    /// The character so many places further on.
    pub(crate) fn at(&self, ahead: usize) -> u8 {
        let place = self.pos + ahead;
        if place < self.end { self.text[place] } else { 0 }
    }

    pub(crate) fn next(&mut self) -> u8 {
        let c = self.peek();
        self.pos = (self.pos + 1).min(self.end);
        c
    }

    pub(crate) fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t') {
            self.pos += 1;
        }
    }

    /// Whether the command ends here.
    pub(crate) fn is_end(&self) -> bool {
        matches!(self.peek(), 0 | b';') && (self.pos >= self.end || self.peek() == b';')
    }

    /// Takes a character if it is the next one.
    pub(crate) fn take(&mut self, c: u8) -> bool {
        let is = self.peek() == c && self.pos < self.end;
        self.pos += usize::from(is);
        is
    }

    /// Characters up to a blank or the end of the command.
    pub(crate) fn word(&mut self) -> String {
        let begin = self.pos;
        while !self.is_end() && !matches!(self.peek(), b' ' | b'\t') {
            self.pos += 1;
        }
        self.from(begin)
    }

    /// Everything up to the end of the command, without blanks at its ends.
    pub(crate) fn rest(&mut self) -> String {
        self.blanks();
        let begin = self.pos;
        while !self.is_end() {
            self.pos += 1;
        }
        self.from(begin).trim_end().to_owned()
    }

    /// As [`Line::rest`], where `;` between quotes does not end the command.
    pub(crate) fn quoted_rest(&mut self) -> String {
        self.blanks();
        let (begin, mut quoted) = (self.pos, false);
        while self.pos < self.end && (quoted || self.peek() != b';') {
            quoted ^= self.peek() == b'"';
            self.pos += 1;
        }
        self.from(begin).trim_end().to_owned()
    }

    /// What was read since `begin`.
    pub(crate) fn from(&self, begin: usize) -> String {
        String::from_utf8_lossy(&self.text[begin..self.pos]).into_owned()
    }

    /// The text between two places.
    pub(crate) fn between(&self, begin: usize, end: usize) -> String {
        String::from_utf8_lossy(self.text.get(begin..end).unwrap_or_default()).into_owned()
    }

    /// A group in braces, from `{` on; the text inside, and the position stands behind it.
    pub(crate) fn braces(&mut self) -> Result<String> {
        self.group(b'{', b'}')
    }

    /// A group between two characters that nest; quotes are skipped.
    pub(crate) fn group(&mut self, open: u8, close: u8) -> Result<String> {
        self.blanks();
        if !self.take(open) {
            return caret(SYNTAX, self.pos);
        }
        let (begin, mut depth, mut quoted) = (self.pos, 1u32, false);
        while self.pos < self.end {
            let c = self.peek();
            if c == b'"' {
                quoted = !quoted;
            } else if !quoted && c == open {
                depth += 1;
            } else if !quoted && c == close {
                depth -= 1;
                if depth == 0 {
                    let text = self.from(begin);
                    self.pos += 1;
                    return Ok(text);
                }
            }
            self.pos += 1;
        }
        caret(SYNTAX, self.pos)
    }

    /// A string in quotes, from the quote on.
    pub(crate) fn string(&mut self) -> Option<String> {
        if !self.take(b'"') {
            return None;
        }
        let begin = self.pos;
        while self.pos < self.end && self.peek() != b'"' {
            self.pos += if self.peek() == b'\\' && self.at(1) == b'"' { 2 } else { 1 };
        }
        self.pos = self.pos.min(self.end);
        let text = self.from(begin);
        self.take(b'"');
        Some(text)
    }

    /// What stands between single quotes, from the first on; `None` if none stands here.
    pub(crate) fn single_quoted(&mut self) -> Option<String> {
        if !self.take(b'\'') {
            return None;
        }
        let begin = self.pos;
        while self.pos < self.end && self.peek() != b'\'' {
            self.pos += 1;
        }
        let text = self.from(begin);
        self.take(b'\'');
        Some(text)
    }

    /// An error unless the command ends here.
    pub(crate) fn expect_end(&mut self) -> Result<()> {
        self.blanks();
        if self.is_end() { Ok(()) } else { caret(EXTRA, self.pos + 1) }
    }
}
