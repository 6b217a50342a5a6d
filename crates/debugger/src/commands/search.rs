//! `s`: bytes, numbers and text in memory; `c`: two ranges compared.

use super::dump::row;
use super::{At, Command};
use crate::error::{RANGE, Result, SYNTAX, caret};
use crate::expr::{self, Range};
use crate::kinds::Kind;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;
use crate::strings;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("s", "s -[1|w|lN]b|w|d|q|a|u|sa|su RANGE PATTERN", "where a pattern lies in memory", search)
        .memory(),
    Command::new("c", "c RANGE ADDR", "bytes that differ", compare).memory(),
];

/// Bytes that are read at a time, and a pattern's bytes at most.
const PART: u64 = 1 << 20;
const LONGEST: usize = 4096;

#[derive(Debug)]
struct Search {
    kind: String,
    addresses: bool,
    shortest: u64,
}

fn options(session: &mut Session<'_, '_>, line: &mut Line) -> Result<Search> {
    let mut search = Search { kind: "b".into(), addresses: false, shortest: 3 };
    line.blanks();
    if !line.take(b'-') {
        return Ok(search);
    }
    if line.take(b'[') {
        let begin = line.pos;
        while !line.is_end() && line.peek() != b']' {
            match line.next() {
                b'1' => search.addresses = true,
                b'w' | b'v' | b'n' => {}
                b'l' => {
                    let from = line.pos;
                    while line.peek().is_ascii_hexdigit() {
                        line.pos += 1;
                    }
                    let mut number = Line::new(&line.from(from));
                    search.shortest = expr::number(session, &mut number)?.clamp(1, 0xffff);
                }
                _ => return caret(SYNTAX, begin),
            }
        }
        line.take(b']');
    }
    search.kind = line.word().to_ascii_lowercase();
    Ok(search)
}

fn search(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    const MISSING: &str = "Search pattern missing from";
    let search = options(session, line)?;
    line.blanks();
    if line.is_end() {
        return caret(MISSING, line.pos);
    }
    let unit = match search.kind.as_str() {
        "w" | "su" => 2,
        "d" => 4,
        "q" => 8,
        _ => 1,
    };
    let text_only = matches!(search.kind.as_str(), "sa" | "su");
    let Some(range) = search_range(session, line, unit)? else { return caret(MISSING, line.pos) };
    if search.kind == "v" {
        line.blanks();
        let object = line.word();
        super::missing_type(&object, out);
        out.line(format!("Object '{object}' has no vtables"));
        return Ok(());
    }
    let bytes = range.units.unwrap_or(0).saturating_mul(unit);
    line.blanks();
    if text_only {
        return texts(session, &search, range.begin, bytes, out);
    }
    let pattern = pattern(session, line, &search.kind, unit)?;
    if pattern.is_empty() {
        return caret(MISSING, line.pos);
    }
    find(session, &search, range.begin, bytes, unit, &pattern, out);
    Ok(())
}

/// A range that a pattern follows: with a length, or two addresses.
fn search_range(session: &mut Session<'_, '_>, line: &mut Line, unit: u64) -> Result<Option<Range>> {
    let range = expr::ranged(session, line, unit)?;
    Ok(range.filter(|range| range.units.is_some()))
}

fn pattern(session: &mut Session<'_, '_>, line: &mut Line, kind: &str, unit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if matches!(kind, "a" | "u") {
        let text = if line.peek() == b'"' { line.string().unwrap_or_default() } else { line.word() };
        if text.is_empty() {
            return caret("Non-empty string required in", line.pos);
        }
        bytes = match kind {
            "a" => text.into_bytes(),
            _ => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        };
        bytes.truncate(LONGEST);
        return Ok(bytes);
    }
    loop {
        line.blanks();
        if line.is_end() || bytes.len() >= LONGEST {
            return Ok(bytes);
        }
        let value = expr::number(session, line)?;
        bytes.extend_from_slice(&value.to_le_bytes()[..usize::try_from(unit).unwrap_or(8)]);
    }
}

/// Every place of the pattern, aligned to the unit from the range's begin on.
fn find(
    session: &mut Session<'_, '_>,
    search: &Search,
    begin: u64,
    bytes: u64,
    unit: u64,
    pattern: &[u8],
    out: &mut Out<'_>,
) {
    let kind = Kind::named(
        match search.kind.as_str() {
            "w" => "W",
            "d" => "c",
            "q" => "q",
            "u" => "W",
            _ => "b",
        },
        session.x86,
    );
    let length = pattern.len() as u64;
    let step = if search.kind == "u" { 2 } else { unit };
    let Some(end) = begin.checked_add(bytes) else { return };
    for (start, stop) in kept(session, begin, end) {
        // The first place in this part that is aligned with the range.
        let mut at = start.saturating_add((begin.wrapping_sub(start)) % step);
        while at.saturating_add(length) <= stop {
            if out.stopped() {
                return;
            }
            let size = PART.min(stop - at);
            let Ok(part) = session.memory.bytes(at, size) else { break };
            let places = (0..part.len()).step_by(usize::try_from(step).unwrap_or(1));
            for place in places {
                if part[place..].starts_with(pattern) {
                    hit(session, search, kind, at + place as u64, out);
                }
                if out.stopped() {
                    return;
                }
            }
            let next = size.saturating_sub(length - 1) / step * step;
            if at + size >= stop || next == 0 {
                break;
            }
            at += next;
        }
    }
}

/// The parts of a range that the dump keeps; those that touch are one.
fn kept(session: &Session<'_, '_>, begin: u64, end: u64) -> Vec<(u64, u64)> {
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for range in session.memory.ranges() {
        let (start, stop) = (range.start.max(begin), range.start.saturating_add(range.size).min(end));
        if start >= stop {
            continue;
        }
        match parts.last_mut() {
            Some(last) if last.1 == start => last.1 = stop,
            _ => parts.push((start, stop)),
        }
    }
    parts
}

fn hit(session: &mut Session<'_, '_>, search: &Search, kind: Kind, at: u64, out: &mut Out<'_>) {
    if search.addresses {
        out.line(format!("0x{}", session.address(at)));
        return;
    }
    let across = kind.across();
    let text = row(session, kind, at, across, across);
    out.line(text);
}

/// Runs of printable characters, in rows of 32: those that are long enough as a whole.
fn texts(
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

fn compare(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let Some(range) = expr::ranged(session, line, 1)? else { return caret(RANGE, line.pos) };
    let other = expr::address(session, line)?;
    for n in 0..range.units.unwrap_or(0) {
        let (a, b) = (range.begin.wrapping_add(n), other.wrapping_add(n));
        let (Some(left), Some(right)) = (session.unit(a, 1), session.unit(b, 1)) else {
            return caret(crate::error::MEMORY, line.pos);
        };
        if left != right {
            out.line(format!("{}  {left:02x} - {}  {right:02x}", session.address(a), session.address(b)));
        }
        if out.stopped() {
            break;
        }
    }
    Ok(())
}
