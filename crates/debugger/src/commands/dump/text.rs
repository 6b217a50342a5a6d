//! Text: `da` and `du`, `ds` and `dS`.

use crate::error::Result;
use crate::expr::Range;
use crate::kinds::Kind;
use crate::out::Out;
use crate::session::Session;
use crate::strings;

/// `da`, `du`: lines of 32 characters up to the first NUL.
pub(super) fn text(
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
pub(super) fn counted(
    session: &mut Session<'_, '_>,
    kind: Kind,
    range: Option<Range>,
    out: &mut Out<'_>,
) -> Result<()> {
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
