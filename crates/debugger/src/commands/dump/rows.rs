//! Rows of numbers, with what stands behind them: characters, bits, symbols.

use std::fmt::Write as _;

use crate::kinds::{Follow, Kind};
use crate::out::Out;
use crate::session::Session;
use crate::strings;

/// Rows of numbers; returns where the next dump goes on.
pub(super) fn rows(
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
