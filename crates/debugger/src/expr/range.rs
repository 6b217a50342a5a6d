//! Ranges: `ADDR`, `ADDR Ln`, `ADDR L?n`, `ADDR END`.

use super::{masm, token};
use crate::error::{RANGE, Result, caret};
use crate::line::Line;
use crate::session::Session;

/// Bytes of a range without `L?`.
const MOST_BYTES: u64 = 256 << 20;

/// Addresses from `begin` on: so many units, or the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) begin: u64,
    /// Units of the command's type; `None` without a length.
    pub(crate) units: Option<u64>,
    /// Whether an end was given in place of a length.
    pub(crate) by_end: bool,
}

/// Reads a range in units of so many bytes. `None` where there is none.
pub(crate) fn ranged(session: &mut Session<'_, '_>, line: &mut Line, unit: u64) -> Result<Option<Range>> {
    line.blanks();
    if line.is_end() {
        return Ok(None);
    }
    let split = length_at(line);
    if let Some(at) = split {
        line.end = at;
    }
    let begin = super::address(session, line);
    let end = std::mem::replace(&mut line.end, line.text.len());
    let begin = begin.inspect_err(|_| line.end = end)?;
    line.end = line.text.len();
    line.blanks();
    if split.is_some_and(|at| line.pos == at) {
        return length(session, line, begin, unit).map(Some);
    }
    if line.is_end() || split.is_some() {
        return Ok(Some(Range { begin, units: None, by_end: false }));
    }
    let last = super::address(session, line)?;
    if last < begin || last - begin >= MOST_BYTES {
        return caret(RANGE, line.pos);
    }
    Ok(Some(Range { begin, units: Some((last - begin) / unit + 1), by_end: true }))
}

/// Where the `L` of a length stands: behind a blank, within the command.
fn length_at(line: &Line) -> Option<usize> {
    let mut quoted = false;
    for at in line.pos + 1..line.end {
        match line.text[at] {
            b'"' => quoted = !quoted,
            b';' if !quoted => return None,
            b'l' | b'L' if !quoted && matches!(line.text[at - 1], b' ' | b'\t') => return Some(at),
            _ => {}
        }
    }
    None
}

fn length(session: &mut Session<'_, '_>, line: &mut Line, begin: u64, unit: u64) -> Result<Range> {
    // The debugger writes a small letter into what it quotes later.
    line.text[line.pos] = b'l';
    line.pos += 1;
    let any = line.take(b'?');
    line.blanks();
    if line.is_end() {
        return token(line, "Length of range missing from", line.pos);
    }
    let backwards = line.take(b'-');
    let units = masm::Masm { session, line, missing: masm::NUMERIC, depth: 0 }.expression()?;
    let bytes = units.checked_mul(unit);
    if bytes.is_none() || !any && bytes.is_some_and(|bytes| bytes > MOST_BYTES) {
        return caret(RANGE, line.pos);
    }
    let begin = if backwards { begin.wrapping_sub(units.wrapping_mul(unit)) } else { begin };
    Ok(Range { begin: session.normal(begin), units: Some(units), by_end: false })
}
