//! Text in the process's memory, as the debugger prints it.

use crate::session::Session;

/// A byte as a character: what is not ASCII text is a point.
pub(crate) fn printable(byte: u8) -> char {
    if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' }
}

/// A UTF-16 unit as a character: what the engine's C library does not print is a point, letters and punctuation that are
/// neither ASCII nor Latin-1 are `?`.
pub(crate) fn wide(unit: u16) -> char {
    match char::from_u32(u32::from(unit)) {
        Some(c @ (' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}')) => c,
        Some(c) if is_printed(c) => '?',
        _ => '.',
    }
}

/// Letters, digits and punctuation: C1_ALPHA, C1_DIGIT and C1_PUNCT of GetStringTypeW. Symbols, marks and numbers that
/// are no digits are none of these.
fn is_printed(c: char) -> bool {
    use unicode_general_category::GeneralCategory as Is;
    matches!(
        unicode_general_category::get_general_category(c),
        Is::UppercaseLetter
            | Is::LowercaseLetter
            | Is::TitlecaseLetter
            | Is::ModifierLetter
            | Is::OtherLetter
            | Is::DecimalNumber
            | Is::ConnectorPunctuation
            | Is::DashPunctuation
            | Is::OpenPunctuation
            | Is::ClosePunctuation
            | Is::InitialPunctuation
            | Is::FinalPunctuation
            | Is::OtherPunctuation
    )
}

/// Characters that `dpa` and `dpu` show at most.
pub(crate) const MOST_FOLLOWED: u64 = 55;

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
