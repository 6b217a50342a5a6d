//! The kind of a word, by its value and the memory map.
//!
//! What proves it: an address lies in memory of that kind; text is all printable. What fools it: a number can be an address by
//! chance, the more likely the fuller a 32-bit address space is; a column of words is judged, never one.

use dumplens_core::Width;

use super::super::lookup::Lookup;

/// What a word may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Word {
    Zero,
    /// Below 64 Ki.
    Small,
    /// Below 2^31, of 64-bit words; its negative.
    Int,
    /// Into the same allocation or block.
    Own,
    /// Into other private memory.
    Private,
    /// Into an image.
    Image,
    /// Printable ASCII, with zeros behind it at most.
    Ascii,
    /// The same in UTF-16.
    Utf16,
    /// A `double` between 1e-12 and 1e15, or its negative; of 64-bit words.
    Double,
    Other,
}

/// How many kinds there are.
pub(super) const KINDS: usize = 10;

impl Word {
    /// In words.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Word::Zero => "zero",
            Word::Small => "small number",
            Word::Int => "number of 32 bits",
            Word::Own => "pointer into itself",
            Word::Private => "pointer",
            Word::Image => "pointer into an image",
            Word::Ascii => "text",
            Word::Utf16 => "UTF-16 text",
            Word::Double => "double",
            Word::Other => "other data",
        }
    }

    /// By position.
    pub(super) fn from_index(index: usize) -> Word {
        const ALL: [Word; KINDS] = [
            Word::Zero,
            Word::Small,
            Word::Int,
            Word::Own,
            Word::Private,
            Word::Image,
            Word::Ascii,
            Word::Utf16,
            Word::Double,
            Word::Other,
        ];
        ALL.get(index).copied().unwrap_or(Word::Other)
    }
}

/// What words are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'l> {
    pub(super) lookup: &'l Lookup,
    pub(super) width: Width,
    /// The allocation or block that is looked at.
    pub(super) own: (u64, u64),
}

impl Around<'_> {
    /// The kind of a word.
    pub(super) fn kind(&self, value: u64) -> Word {
        match value {
            0 => Word::Zero,
            1..0x1_0000 => Word::Small,
            _ if self.width == Width::Bits32 => self.narrow(value),
            _ => self.wide(value),
        }
    }

    fn narrow(&self, value: u64) -> Word {
        let bytes: [u8; 4] = u32::try_from(value).unwrap_or_default().to_le_bytes();
        // Four letters in a row may be an address too; addresses of objects are multiples of eight.
        if is_ascii(&bytes) && !value.is_multiple_of(8) {
            return Word::Ascii;
        }
        if is_utf16(&bytes) {
            return Word::Utf16;
        }
        match self.pointer(value) {
            Some(kind) => kind,
            None if is_ascii(&bytes) => Word::Ascii,
            None if value > 0xffff_0000 => Word::Int,
            None => Word::Other,
        }
    }

    fn wide(&self, value: u64) -> Word {
        let bytes = value.to_le_bytes();
        if let Some(kind) = self.pointer(value) {
            return kind;
        }
        if is_ascii(&bytes) {
            return Word::Ascii;
        }
        if is_utf16(&bytes) {
            return Word::Utf16;
        }
        if i32::try_from(value.cast_signed()).is_ok() || value >> 32 == 0 {
            return Word::Int;
        }
        if is_double(value) { Word::Double } else { Word::Other }
    }

    fn pointer(&self, value: u64) -> Option<Word> {
        if (self.own.0..self.own.1).contains(&value) {
            Some(Word::Own)
        } else if self.lookup.is_private(value) {
            Some(Word::Private)
        } else if self.lookup.is_image(value) {
            Some(Word::Image)
        } else {
            None
        }
    }
}

/// At least three printable characters, then nothing but zeros.
fn is_ascii(bytes: &[u8]) -> bool {
    let text = bytes.iter().take_while(|byte| matches!(byte, 0x20..0x7f | b'\t' | b'\n' | b'\r')).count();
    text >= 3 && bytes.iter().skip(text).all(|byte| *byte == 0)
}

/// At least two printable characters of two bytes, then nothing but zeros.
fn is_utf16(bytes: &[u8]) -> bool {
    let (units, _) = bytes.as_chunks::<2>();
    let text = units.iter().take_while(|unit| unit[1] == 0 && matches!(unit[0], 0x20..0x7f)).count();
    text >= 2 && units.iter().skip(text).all(|unit| *unit == [0, 0])
}

/// By the exponent: 2^-40 to 2^50, and not a pattern that small numbers in the upper half give.
pub(super) fn is_double(value: u64) -> bool {
    (1023 - 40..1023 + 50).contains(&(value >> 52 & 0x7ff))
}

/// The same of a `float`: 2^-30 to 2^40.
pub(super) fn is_float(value: u32) -> bool {
    (127 - 30..127 + 40).contains(&(value >> 23 & 0xff))
}
