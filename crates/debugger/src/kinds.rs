//! The types of `d`: sizes, columns and looks.

use crate::line::Line;
use crate::numbers::general;
use crate::session::ticked;

/// What is shown behind a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    Nothing,
    Symbol,
    Pointer,
    Ansi,
    Unicode,
}

/// A type of `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) letter: char,
    /// Bytes of a unit.
    pub(crate) size: u64,
    pub(crate) follow: Follow,
}

impl Kind {
    /// Takes the letters behind the `d`; `None` if there are none.
    pub(crate) fn letters(line: &mut Line) -> Option<String> {
        let first = match line.peek() {
            c @ (b'D' | b'W' | b'S') => c,
            c => c.to_ascii_lowercase(),
        };
        let begin = line.pos;
        match first {
            b'a' | b'b' | b'c' | b'D' | b'f' | b'u' | b'w' | b'W' | b's' | b'S' => line.pos += 1,
            b'y' if matches!(line.at(1), b'b' | b'd') => line.pos += 2,
            b'd' | b'p' | b'q' => {
                line.pos += 1 + usize::from(matches!(line.at(1), b's' | b'p' | b'a' | b'u'));
            }
            _ => return None,
        }
        let text = line.from(begin);
        Some(if matches!(first, b'D' | b'W' | b'S') { text } else { text.to_ascii_lowercase() })
    }

    /// The type of these letters.
    pub(crate) fn named(letters: &str, x86: bool) -> Kind {
        let mut chars = letters.chars();
        let letter = chars.next().unwrap_or('b');
        let pointer = if x86 { 4 } else { 8 };
        let second = chars.next();
        let size = match letter {
            'w' | 'W' | 'u' => 2,
            'd' | 'c' | 'f' => 4,
            'q' | 'D' => 8,
            'p' => pointer,
            'y' if second == Some('d') => 4,
            _ => 1,
        };
        let follow = match second {
            Some('s') => Follow::Symbol,
            Some('p') => Follow::Pointer,
            Some('a') => Follow::Ansi,
            Some('u') => Follow::Unicode,
            _ => Follow::Nothing,
        };
        Kind { letter, size, follow }
    }

    pub(crate) fn default_bytes(self) -> u64 {
        if self.letter == 'y' { 32 } else { 128 }
    }

    /// Units of a row.
    pub(crate) fn across(self) -> u64 {
        if self.follow != Follow::Nothing {
            return 1;
        }
        match self.letter {
            'b' => 16,
            'w' | 'W' => 8,
            'D' => 3,
            'y' if self.size == 1 => 4,
            'y' => 1,
            _ if self.size == 8 => 2,
            _ => 4,
        }
    }

    /// Whether characters stand behind the row.
    pub(crate) fn has_text(self) -> bool {
        matches!(self.letter, 'b' | 'c' | 'W')
    }

    /// Characters of a unit.
    pub(crate) fn width(self) -> usize {
        match self.size {
            1 => 2,
            2 => 4,
            4 => 8,
            _ => 17,
        }
    }

    /// A value, or `?` for one that is not there.
    pub(crate) fn shown(self, value: Option<u64>) -> String {
        let Some(value) = value else {
            return match self.letter {
                'f' => "?".repeat(16),
                'D' => "?".repeat(24),
                'y' => vec!["?".repeat(8); self.size as usize].join(" "),
                _ if self.size == 8 => "????????`????????".to_owned(),
                _ => "?".repeat(self.width()),
            };
        };
        match self.letter {
            'f' => general(f64::from(f32::from_bits(value as u32)), 16, 8),
            'D' => general(f64::from_bits(value), 22, 12),
            'y' => {
                let bytes = value.to_le_bytes();
                let of = bytes.iter().take(self.size as usize).rev().map(|b| format!("{b:08b}"));
                of.collect::<Vec<_>>().join(" ")
            }
            _ => match self.size {
                1 => format!("{value:02x}"),
                2 => format!("{value:04x}"),
                4 => format!("{value:08x}"),
                _ => ticked(value),
            },
        }
    }

    /// What stands above rows of bits.
    pub(crate) fn bit_header(self, x86: bool) -> &'static str {
        match (self.size, x86) {
            (1, false) => {
                "                   76543210 76543210 76543210 76543210\n                   -------- -------- -------- --------\n"
            }
            (1, true) => {
                "          76543210 76543210 76543210 76543210\n          -------- -------- -------- --------\n"
            }
            (_, false) => {
                "                    3          2          1          0\n                   10987654 32109876 54321098 76543210\n                   -------- -------- -------- --------\n"
            }
            (_, true) => {
                "           3          2          1          0\n          10987654 32109876 54321098 76543210\n          -------- -------- -------- --------\n"
            }
        }
    }

    /// The hexadecimal values behind a row of bits.
    pub(crate) fn bit_text(self, values: Vec<Option<u64>>) -> String {
        let width = self.width();
        let missing = 4usize.saturating_sub(values.len()) * 9;
        let pad = if self.size == 1 { " ".repeat(missing) } else { String::new() };
        let shown = |value: Option<u64>| match value {
            Some(value) => format!("{value:0width$x}"),
            None => "?".repeat(width),
        };
        format!("{pad}{}", values.into_iter().map(shown).collect::<Vec<_>>().join(" "))
    }
}
