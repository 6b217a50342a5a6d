//! `d*`: memory, as bytes, numbers, text and pointers with their symbols.

use std::fmt::Write as _;

use super::{At, Command};
use crate::error::Result;
use crate::expr::{self, Range};
use crate::kinds::{Follow, Kind};
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;
use crate::strings;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        "d",
        "d[a|b|c|d|D|f|p|q|u|w|W][s|p|a|u] [/c COLUMNS] [RANGE]",
        "memory; `dps`, `dds` and `dqs` with symbols; `dpp`, `dpa` and `dpu` with what the pointers refer to",
        dump,
    )
    .memory(),
    Command::new("dyb", "dyb, dyd [RANGE]", "memory as bits", dump_again).memory(),
    Command::new("dyd", "", "", dump_again).memory(),
    Command::new("dl", "dl ADDR", "the entries of a linked list", list).memory(),
];

/// The names of three letters are found as commands of their own: back to the `d`.
fn dump_again(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    line.pos = at.begin + 1;
    dump(session, line, at, out)
}

fn dump(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let letters = Kind::letters(line);
    if let Some(letters) = letters {
        session.places.kind = letters;
    }
    let kind = Kind::named(&session.places.kind, session.x86);
    let columns = columns(session, line)?;
    if matches!(kind.letter, 's' | 'S') {
        let range = expr::ranged(session, line, 1)?;
        return counted(session, kind, range, out);
    }
    let from = line.clone();
    let range = expr::ranged(session, line, kind.size).inspect_err(|_| keep_address(session, from))?;
    let begin = range.map_or_else(|| session.next_dump(), |range| range.begin);
    let units = range.and_then(|range| range.units);
    let end = match kind.letter {
        'a' | 'u' => text(session, kind, begin, units, columns, out),
        _ => {
            let units = units.unwrap_or(kind.default_bytes() / kind.size);
            if matches!(kind.letter, 'y') {
                out.text(kind.bit_header(session.x86));
            }
            rows(session, kind, begin, units, columns, out)
        }
    };
    session.places.dump = Some(end);
    Ok(())
}

/// An address that was understood is where the next dump begins, though its length was not.
fn keep_address(session: &mut Session<'_, '_>, mut line: Line) {
    if let Ok(address) = expr::address(session, &mut line) {
        session.places.dump = Some(address);
    }
}

/// `/c 8`, `/c8`.
fn columns(session: &mut Session<'_, '_>, line: &mut Line) -> Result<Option<u64>> {
    line.blanks();
    if line.peek() != b'/' || !line.at(1).eq_ignore_ascii_case(&b'c') {
        return Ok(None);
    }
    line.pos += 2;
    line.blanks();
    let begin = line.pos;
    while line.peek().is_ascii_alphanumeric() {
        line.pos += 1;
    }
    let mut number = Line::new(&line.from(begin));
    expr::number(session, &mut number).map(|n| Some(n.clamp(1, 1024)))
}

impl Session<'_, '_> {
    /// Where a `d` without an address goes on.
    fn next_dump(&mut self) -> u64 {
        match self.places.dump {
            Some(address) => address,
            None => self.state().map_or(0, |state| state.general[4]),
        }
    }

    /// A number in memory; `None` if not all of its bytes are there.
    pub(crate) fn unit(&self, address: u64, size: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let part = bytes.get_mut(..usize::try_from(size).ok()?)?;
        self.memory.read(self.normal(address), part).ok()?;
        Some(u64::from_le_bytes(bytes))
    }
}

/// Rows of numbers; returns where the next dump goes on.
fn rows(
    session: &mut Session<'_, '_>,
    kind: Kind,
    begin: u64,
    mut units: u64,
    columns: Option<u64>,
    out: &mut Out<'_>,
) -> u64 {
    let across = columns.unwrap_or(kind.across());
    let mut done = 0;
    let mut at = begin;
    while done < units && !out.stopped() {
        let mut here = across.min(units - done);
        // The engine ends a dump of what is not there behind the first unit of the next 4 GiB.
        if done > 0 && at != 0 && at.trailing_zeros() >= 32 && session.unit(at, kind.size).is_none() {
            (here, units) = (1, done + 1);
        }
        let row = row(session, kind, at, here, across);
        out.line(row);
        done += here;
        at = session.normal(at.wrapping_add(here.wrapping_mul(kind.size)));
    }
    at
}

/// One row of a kind.
pub(crate) fn row(session: &mut Session<'_, '_>, kind: Kind, at: u64, here: u64, across: u64) -> String {
    let mut row = format!("{} ", session.address(at));
    let mut text = String::new();
    for n in 0..across {
        let address = at.wrapping_add(n * kind.size);
        let separator = if kind.letter == 'b' && n == 8 { '-' } else { ' ' };
        if n >= here {
            if kind.has_text() {
                let _ = write!(row, " {:width$}", "", width = kind.width());
            }
            continue;
        }
        let value = session.unit(address, kind.size);
        row.push(separator);
        row.push_str(&kind.shown(value));
        if kind.has_text() {
            text.push_str(&characters(session, address, kind.size));
        }
        if let Some(value) = value {
            row.push_str(&followed(session, kind, value));
        }
    }
    match kind.letter {
        'y' => format!("{row}  {}", kind.bit_text(session.unit_bytes(at, here, kind.size))),
        _ if kind.has_text() => format!("{row}  {text}"),
        _ => row,
    }
}

impl Session<'_, '_> {
    fn unit_bytes(&self, at: u64, count: u64, size: u64) -> Vec<Option<u64>> {
        (0..count).map(|n| self.unit(at.wrapping_add(n * size), size)).collect()
    }
}

/// The characters of a unit, `?` for those that are not there.
fn characters(session: &Session<'_, '_>, at: u64, size: u64) -> String {
    let whole = session.unit(at, size);
    (0..size)
        .map(|n| match whole.map(|value| (value >> (8 * n) & 0xff) as u8) {
            Some(byte) => strings::printable(byte),
            None => '?',
        })
        .collect()
}

/// What stands behind a value: its symbol, or what it leads to.
fn followed(session: &mut Session<'_, '_>, kind: Kind, value: u64) -> String {
    // 64 bits are no address of a 32-bit target; a full dump is read at the lower half.
    if session.x86 && value >> 32 != 0 && (kind.follow == Follow::Symbol || !session.is_full()) {
        return String::new();
    }
    let address = session.normal(value);
    match kind.follow {
        Follow::Nothing => String::new(),
        Follow::Symbol => session.site(address).map_or(String::new(), |site| format!(" {site}")),
        Follow::Pointer => {
            let Some(value) = session.unit(address, session.pointer_bytes()) else { return String::new() };
            let site = session.site(value).map_or(String::new(), |site| format!(" {site}"));
            format!(" {}{site}", session.address(value))
        }
        Follow::Ansi => strings::ansi(session, address, strings::MOST_FOLLOWED)
            .map_or(String::new(), |t| format!(" \"{t}\"")),
        Follow::Unicode => strings::unicode(session, address, strings::MOST_FOLLOWED)
            .map_or(String::new(), |t| format!(" \"{t}\"")),
    }
}

/// `da`, `du`: lines of 32 characters up to the first NUL.
fn text(
    session: &mut Session<'_, '_>,
    kind: Kind,
    begin: u64,
    units: Option<u64>,
    columns: Option<u64>,
    out: &mut Out<'_>,
) -> u64 {
    let across = columns.unwrap_or(32);
    let mut left = units.unwrap_or(12 * 32);
    let mut at = begin;
    while left > 0 && !out.stopped() {
        let start = at;
        let mut line = String::new();
        let mut ended = false;
        for _ in 0..across.min(left) {
            match session.unit(at, kind.size) {
                Some(0) => {
                    ended = true;
                    at = at.wrapping_add(kind.size);
                    break;
                }
                Some(value) if kind.size == 1 => line.push(strings::printable(value as u8)),
                Some(value) => line.push(strings::wide(value as u16)),
                None => line.push('?'),
            }
            at = at.wrapping_add(kind.size);
            left -= 1;
        }
        out.line(format!("{}  \"{line}\"", session.address(start)));
        if ended {
            break;
        }
    }
    session.normal(at)
}

/// `ds`, `dS`: an ANSI_STRING or UNICODE_STRING.
fn counted(session: &mut Session<'_, '_>, kind: Kind, range: Option<Range>, out: &mut Out<'_>) -> Result<()> {
    let at = range.map_or_else(|| session.next_dump(), |range| range.begin);
    let pointer = session.pointer_bytes();
    let length = session.unit(at, 2).unwrap_or(0);
    let Some(buffer) = session.unit(at.wrapping_add(pointer), pointer).filter(|b| *b != 0) else {
        return Ok(());
    };
    let text = if kind.letter == 'S' {
        strings::unicode(session, buffer, length / 2)
    } else {
        strings::ansi(session, buffer, length)
    };
    let size = if kind.letter == 'S' { 2 } else { 1 };
    let text: Vec<char> = text.unwrap_or_default().chars().collect();
    for (n, part) in text.chunks(32).enumerate() {
        let at = buffer.wrapping_add(32 * size * n as u64);
        out.line(format!("{}  \"{}\"", session.address(at), part.iter().collect::<String>()));
    }
    session.places.dump = Some(at.wrapping_add(2 * pointer));
    Ok(())
}

/// `dl`: entries of four pointers, by their first one.
fn list(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let begin = expr::address(session, line)?;
    let kind = Kind::named("p", session.x86);
    let mut at = begin;
    for _ in 0..32 {
        let Some(next) = session.unit(at, kind.size) else { break };
        rows(session, kind, at, 4, None, out);
        at = session.normal(next);
        if at == begin || out.stopped() {
            break;
        }
    }
    Ok(())
}
