//! Text in the process's memory, as the debugger prints it.

use crate::session::Session;

/// A byte as a character: what is not ASCII text is a point.
pub(crate) fn printable(byte: u8) -> char {
    if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' }
}

/// A UTF-16 unit as a character: what no character is assigned to is a point, others that are not ASCII are `?`.
pub(crate) fn wide(unit: u16) -> char {
    match unit {
        0x20..=0x7e => char::from(unit as u8),
        0..=0x9f => '.',
        _ if is_assigned(unit) => '?',
        _ => '.',
    }
}

fn is_assigned(unit: u16) -> bool {
    let Some(c) = char::from_u32(u32::from(unit)) else { return true };
    c.is_alphanumeric()
        || matches!(unit, 0xa0..=0xff | 0x2010..=0x2bff | 0x3001..=0x33ff | 0x4dc0..=0x4dff | 0xfe30..=0xfffd)
}

/// Text up to a NUL or so many characters; `None` if there is none at all.
pub(crate) fn ansi(session: &Session<'_, '_>, address: u64, most: u64) -> Option<String> {
    let address = session.normal(address);
    let have = session.memory.available(address, most);
    let bytes = session.memory.bytes(address, have).ok().filter(|_| have > 0)?;
    Some(bytes.into_iter().take_while(|b| *b != 0).map(printable).collect())
}

/// Text up to a NUL as it is, line ends and all; characters that are not ASCII are `?`.
pub(crate) fn raw(session: &Session<'_, '_>, address: u64, wide: bool) -> Option<String> {
    const MOST: u64 = 0x1000;
    let size = if wide { 2 } else { 1 };
    let address = session.normal(address);
    let have = session.memory.available(address, MOST * size) / size * size;
    let bytes = session.memory.bytes(address, have).ok().filter(|_| have > 0)?;
    let units = bytes
        .chunks_exact(size as usize)
        .map(|unit| u16::from_le_bytes([unit[0], unit.get(1).copied().unwrap_or(0)]));
    let shown = |unit: u16| if unit < 0x80 { char::from(unit as u8) } else { '?' };
    Some(units.take_while(|unit| *unit != 0).map(shown).collect())
}

/// The same in UTF-16.
pub(crate) fn unicode(session: &Session<'_, '_>, address: u64, most: u64) -> Option<String> {
    let address = session.normal(address);
    let have = session.memory.available(address, most.saturating_mul(2)) & !1;
    let bytes = session.memory.bytes(address, have).ok().filter(|_| have > 0)?;
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    Some(units.take_while(|unit| *unit != 0).map(wide).collect())
}
