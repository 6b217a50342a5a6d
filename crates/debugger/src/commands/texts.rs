//! `s -sa`, `s -su`: any text in memory.

use super::search::Search;
use crate::error::Result;
use crate::out::Out;
use crate::session::Session;
use crate::strings;

/// Runs of printable characters, in rows of 32: those that are long enough as a whole.
pub(super) fn texts(
    session: &mut Session<'_, '_>,
    search: &Search,
    begin: u64,
    bytes: u64,
    out: &mut Out<'_>,
) -> Result<()> {
    let size = if search.kind == "su" { 2 } else { 1 };
    let end = begin.saturating_add(bytes);
    let mut run = Run { start: begin, text: String::new(), length: 0, told: false };
    let mut at = begin;
    while at < end && !out.stopped() {
        let unit = session.unit(at, size);
        let c = unit.and_then(|unit| printable(unit, size)).filter(|_| at.saturating_add(size) <= end);
        match c {
            Some(c) => run.push(session, search, at, c, size, out),
            None => run.end(session, search, out),
        }
        // What is not kept is skipped by pages.
        at = if unit.is_none() { (at | 0xfff).saturating_add(1) } else { at + size };
    }
    run.end(session, search, out);
    Ok(())
}

/// A run: the row that is being filled, and how long all of it is.
struct Run {
    start: u64,
    text: String,
    length: u64,
    told: bool,
}

impl Run {
    fn push(
        &mut self,
        session: &Session<'_, '_>,
        search: &Search,
        at: u64,
        c: char,
        size: u64,
        out: &mut Out<'_>,
    ) {
        if self.length == 0 {
            self.start = at;
        }
        self.text.push(c);
        self.length += 1;
        // Before it is long enough, rows are held back; later they are told as soon as they are full.
        if self.length >= search.shortest.max(32) && self.length.is_multiple_of(32) {
            self.rows(session, search, size, out);
        }
    }

    fn rows(&mut self, session: &Session<'_, '_>, search: &Search, size: u64, out: &mut Out<'_>) {
        let chars: Vec<char> = self.text.chars().collect();
        for row in chars.chunks(32) {
            if search.addresses && !self.told {
                out.line(format!("0x{}", session.address(self.start)));
            } else if !search.addresses {
                let text: String = row.iter().collect();
                out.line(format!("{}  \"{text}\"", session.address(self.start)));
            }
            self.told = true;
            self.start = self.start.wrapping_add(size * row.len() as u64);
        }
        self.text.clear();
    }

    fn end(&mut self, session: &Session<'_, '_>, search: &Search, out: &mut Out<'_>) {
        if self.length >= search.shortest && !self.text.is_empty() {
            self.rows(session, search, if search.kind == "su" { 2 } else { 1 }, out);
        }
        self.text.clear();
        (self.length, self.told) = (0, false);
    }
}

fn printable(unit: u64, size: u64) -> Option<char> {
    if size == 1 {
        return u8::try_from(unit).ok().filter(|b| (0x20..0x7f).contains(b)).map(char::from);
    }
    let c = strings::wide(u16::try_from(unit).ok()?);
    (c != '.' || unit == u64::from(b'.')).then_some(c)
}
