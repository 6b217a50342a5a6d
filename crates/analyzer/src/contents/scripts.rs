//! Text beyond ASCII and Latin: UTF-8, and UTF-16 of other scripts.
//!
//! What proves it: of UTF-8, sequences of two to four bytes that are whole, for chance makes none; of UTF-16, characters of
//! scripts in use, and spaces or punctuation between them. What fools it: text without either, such as a table of words of
//! one length.

use super::pages::{count, count_units};

/// Whether all but one in `of` bytes belong to UTF-8 text, some of it beyond ASCII. A character that the start or the end
/// cuts counts as whole.
pub(super) fn is_utf8(bytes: &[u8], of: usize) -> bool {
    let most = bytes.len() / of;
    // Most pages are no text, and are told by these.
    let zeros = count(bytes, |byte| byte == 0);
    if zeros * 8 > bytes.len() || count(bytes, |byte| byte >= 0xc2) == 0 || count(bytes, is_never) > most {
        return false;
    }
    let (mut odd, mut wide) = (0, 0);
    let cut = bytes.iter().take(3).take_while(|byte| is_behind(**byte)).count();
    let mut rest = bytes.get(cut..).unwrap_or_default();
    while let Some(first) = rest.first() {
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        let behind = rest.get(1..length.min(rest.len())).unwrap_or_default();
        let whole = behind.iter().all(|byte| is_behind(*byte));
        let taken = match length {
            1 => {
                odd += usize::from(!matches!(first, 0 | b'\t' | b'\n' | b'\r' | 0x20..0x7f));
                1
            }
            _ if whole => {
                wide += 1;
                1 + behind.len()
            }
            _ => {
                odd += 1;
                1
            }
        };
        if odd > most {
            return false;
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    wide > 0
}

/// Bytes that UTF-8 text does not have: control characters, and what would begin characters that there are not.
#[allow(clippy::needless_bitwise_bool)] // no branches: the compiler does many bytes at once
fn is_never(byte: u8) -> bool {
    let control = (byte < 0x20) & (byte != 0) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
    control | (byte == 0x7f) | (byte == 0xc0) | (byte == 0xc1) | (byte >= 0xf5)
}

/// A byte behind the first of a character.
fn is_behind(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Whether all but one in `of` characters of two bytes are of scripts in use, and one in 64 a space or punctuation.
pub(super) fn is_utf16(bytes: &[u8], of: usize) -> bool {
    let (units, _) = bytes.as_chunks::<2>();
    let most = units.len() / of;
    if count_units(units, |unit| unit == 0) * 8 > units.len() || count_units(units, is_no_letter) > most {
        return false;
    }
    let (mut odd, mut between) = (0, 0);
    for unit in units {
        match u16::from_le_bytes(*unit) {
            0 => {}
            // Space, comma, full stop and ends of lines; those of East Asia and of Arabic.
            0x20 | 0x2c | 0x2e | 0x0a | 0x0d | 0x3000..=0x3002 | 0xff0c | 0xff0e | 0x060c => between += 1,
            unit if is_letter(unit) => {}
            _ => odd += 1,
        }
        if odd > most {
            return false;
        }
    }
    between * 64 >= units.len()
}

/// The largest ranges that [`is_letter`] does not have: signs and symbols, rare scripts, surrogates and private use.
#[allow(clippy::needless_bitwise_bool)] // no branches, as above
fn is_no_letter(unit: u16) -> bool {
    (unit.wrapping_sub(0x2028) < 0xfd8)
        | (unit.wrapping_sub(0xa000) < 0xc00)
        | (unit.wrapping_sub(0xd7a4) < 0x275d)
}

/// Printable characters of the scripts of living languages.
fn is_letter(unit: u16) -> bool {
    matches!(
        unit,
        0x09 | 0x21..0x7f
            | 0xa0..=0x024f // Latin
            | 0x0370..=0x06ff // Greek, Cyrillic, Armenian, Hebrew, Arabic
            | 0x0900..=0x0eff // of India, Thai, Lao
            | 0x10a0..=0x11ff // Georgian, Hangul
            | 0x1e00..=0x1fff // Latin, Greek
            | 0x2010..=0x2027 // dashes, quotation marks
            | 0x3003..=0x30ff // kana
            | 0x4e00..=0x9fff // Han
            | 0xac00..=0xd7a3 // Hangul
            | 0xff01..=0xff9f // full width
    )
}

#[cfg(test)]
mod tests {
    use super::super::kinds::PageKind;
    use super::super::pages::{PAGE, kind};
    use super::*;

    const TEXTS: [&str; 6] = [
        "Съешь же ещё этих мягких французских булок, да выпей чаю.\r\n",
        "天地玄黄，宇宙洪荒。日月盈昃，辰宿列张。寒来暑往，秋收冬藏。",
        "いろはにほへと ちりぬるを。わかよたれそ つねならむ。",
        "다람쥐 헌 쳇바퀴에 타고파. 키스의 고유조건은 입술끼리 만나야 하고.",
        "نص حكيم له سر قاطع وذو شأن عظيم، مكتوب على ثوب أخضر. ",
        "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.\n",
    ];

    #[test]
    fn text_of_other_scripts_is_text() {
        for text in TEXTS {
            let utf8: Vec<u8> = text.bytes().cycle().skip(1).take(PAGE).collect();
            assert_eq!(kind(&utf8), PageKind::Utf8, "{text}");
            let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes);
            let utf16: Vec<u8> = utf16.collect::<Vec<u8>>().into_iter().cycle().take(PAGE).collect();
            assert_eq!(kind(&utf16), PageKind::Utf16, "{text}");
        }
    }

    #[test]
    fn the_counts_rule_out_nothing_that_is_text() {
        let between = |unit: u16| {
            matches!(unit, 0 | 0x20 | 0x2c | 0x2e | 0x0a | 0x0d | 0x3000..=0x3002 | 0xff0c | 0xff0e | 0x060c)
        };
        assert!((0..=u16::MAX).all(|unit| !is_no_letter(unit) || !(is_letter(unit) || between(unit))));
        let texts = TEXTS.concat();
        assert!(texts.bytes().all(|byte| !is_never(byte)));
        assert_eq!((0..=u8::MAX).filter(|byte| is_never(*byte)).count(), 28 + 1 + 2 + 11);
    }

    /// Gray pixels and samples of sound have bytes of letters, but no spaces; some bytes above ASCII are no UTF-8.
    #[test]
    fn what_only_has_the_bytes_of_letters_is_mixed() {
        let bytes = |from: u8, to: u8, step: usize| (from..=to).cycle().step_by(step);
        let gray: Vec<u8> = bytes(0x50, 0x9e, 7).take(PAGE).collect();
        assert_eq!(kind(&gray), PageKind::Mixed);
        let sound: Vec<u8> =
            (0x6000..0x7f00u16).cycle().step_by(977).flat_map(u16::to_le_bytes).take(PAGE).collect();
        assert_eq!(kind(&sound), PageKind::Mixed);
        let words = bytes(0xe0, 0xff, 5).zip(0..);
        let cp1251: Vec<u8> =
            words.map(|(byte, n)| if n % 6 == 5 { b' ' } else { byte }).take(PAGE).collect();
        assert_eq!(kind(&cp1251), PageKind::Mixed);
    }
}
