//! `d*`: memory, as bytes, numbers, text and pointers with their symbols.

mod rows;
mod text;

pub(super) use self::rows::row;
use self::rows::rows;
use self::text::{counted, text};
use super::{At, Command};
use crate::error::Result;
use crate::expr;
use crate::kinds::Kind;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

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
