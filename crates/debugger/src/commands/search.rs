//! `s`: bytes, numbers and text in memory; `c`: two ranges compared.

use super::dump::row;
use super::{At, Command};
use crate::error::{RANGE, Result, SYNTAX, caret};
use crate::expr::{self, Range};
use crate::kinds::Kind;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("s", "s -[1|w|lN]b|w|d|q|a|u|sa|su RANGE PATTERN", "searches memory for a pattern", search)
        .memory(),
    Command::new("c", "c RANGE ADDR", "compares memory and shows the bytes that differ", compare).memory(),
];

/// Bytes that are read at a time, and a pattern's bytes at most.
const PART: u64 = 1 << 20;
const LONGEST: usize = 4096;

#[derive(Debug)]
pub(super) struct Search {
    pub(super) kind: String,
    pub(super) addresses: bool,
    pub(super) shortest: u64,
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
        return super::texts::texts(session, &search, range.begin, bytes, out);
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
