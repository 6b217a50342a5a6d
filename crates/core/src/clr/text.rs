//! Objects by themselves: their method tables, and the texts of strings.

use super::{Object, Runtime};

impl Runtime<'_> {
    /// The text of a `String`, up to `most` UTF-16 units; a `…` replaces the rest.
    pub fn string(&self, address: u64, most: u32) -> Option<String> {
        let (reader, word) = (&self.reader, self.reader.size());
        let table = self.types.of_object(reader, self.object_table(address)?)?;
        if table.component() != 2 || table.is_array() {
            return None;
        }
        let length = reader.u32(address.wrapping_add(word))?;
        let start = address.wrapping_add(word).wrapping_add(4);
        let bytes = reader.memory().bytes(start, u64::from(length.min(most)).wrapping_mul(2)).ok()?;
        let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        let mut text = String::from_utf16_lossy(&units);
        if length > most {
            text.push('…');
        }
        Some(text)
    }

    /// The bytes of a string's text into `text`; `None` if the dump does not keep them all.
    pub fn text_bytes(&self, object: &Object, text: &mut Vec<u8>) -> Option<()> {
        let start = object.address.wrapping_add(self.reader.size()).wrapping_add(4);
        let bytes = u64::from(object.count).checked_mul(2).filter(|bytes| *bytes <= object.size)?;
        let memory = self.reader.memory().unnoted();
        if memory.available(start, bytes) < bytes {
            return None;
        }
        text.resize(usize::try_from(bytes).ok()?, 0);
        memory.read(start, text).ok()
    }

    /// The method table of the object at an address, without the bits that a collection sets.
    pub(crate) fn object_table(&self, address: u64) -> Option<u64> {
        let mask = self.reader.width().pick(3, 7);
        self.reader.word(address).map(|word| word & !mask)
    }
}
