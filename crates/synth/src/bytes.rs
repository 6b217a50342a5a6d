//! Little-endian writing.

use crate::arch::Width;

/// Appends little-endian numbers.
pub(crate) trait Push {
    fn u8(&mut self, value: u8);
    fn u16(&mut self, value: u16);
    fn u32(&mut self, value: u32);
    fn u64(&mut self, value: u64);
}

impl Push for Vec<u8> {
    fn u8(&mut self, value: u8) {
        self.push(value);
    }
    fn u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_le_bytes());
    }
    fn u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }
    fn u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }
}

/// Offset of a field in a 32-bit and in a 64-bit structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub(crate) usize, pub(crate) usize);

/// A structure of fixed size whose fields are set by offset.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    width: Width,
    pub(crate) bytes: Vec<u8>,
}

impl Fields {
    pub(crate) fn new(width: Width, size: At) -> Self {
        let mut fields = Fields { width, bytes: Vec::new() };
        fields.bytes = vec![0; fields.at(size)];
        fields
    }

    /// A structure whose size the caller chose for that width.
    pub(crate) fn sized(width: Width, size: usize) -> Self {
        Fields { width, bytes: vec![0; size] }
    }

    /// A structure that is the same for both widths.
    pub(crate) fn flat(size: usize) -> Self {
        Fields { width: Width::W64, bytes: vec![0; size] }
    }

    /// Bytes to be changed.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Fields { width: Width::W64, bytes }
    }

    pub(crate) fn at(&self, at: At) -> usize {
        match self.width {
            Width::W32 => at.0,
            Width::W64 => at.1,
        }
    }

    /// A pointer of the structure's width; a 32-bit one keeps the low half.
    pub(crate) fn pointer(&mut self, at: At, value: u64) {
        let (start, size) = (self.at(at), self.width.bytes());
        self.put(start, &value.to_le_bytes()[..size]);
    }

    /// A pointer of the structure's width at an offset that the caller chose for that width.
    pub(crate) fn word(&mut self, start: usize, value: u64) {
        let size = self.width.bytes();
        self.put(start, &value.to_le_bytes()[..size]);
    }

    pub(crate) fn u32_at(&mut self, at: At, value: u32) {
        let start = self.at(at);
        self.u32(start, value);
    }

    pub(crate) fn u16_at(&mut self, at: At, value: u16) {
        let start = self.at(at);
        self.u16(start, value);
    }

    pub(crate) fn u8(&mut self, start: usize, value: u8) {
        self.put(start, &[value]);
    }

    pub(crate) fn u16(&mut self, start: usize, value: u16) {
        self.put(start, &value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, start: usize, value: u32) {
        self.put(start, &value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, start: usize, value: u64) {
        self.put(start, &value.to_le_bytes());
    }

    pub(crate) fn put(&mut self, start: usize, bytes: &[u8]) {
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }
}

/// A length as the 32-bit number that the file format stores.
pub(crate) fn len32(length: usize) -> u32 {
    u32::try_from(length).expect("streams and strings are shorter than 4 GiB")
}

/// A length or file position in memory.
pub(crate) fn to_usize(value: u64) -> usize {
    usize::try_from(value).expect("a 64-bit machine")
}

/// The low half of an address.
pub(crate) fn low32(value: u64) -> u32 {
    u32::try_from(value & 0xFFFF_FFFF).expect("masked")
}

/// UTF-16LE without a terminator.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// UTF-16LE with a terminator.
pub(crate) fn utf16_nul(text: &str) -> Vec<u8> {
    let mut bytes = utf16(text);
    bytes.u16(0);
    bytes
}
