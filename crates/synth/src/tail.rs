//! The part of the file between the directory and the memory tables: small streams, strings, contexts.

use std::collections::HashMap;

use crate::bytes::{Push, len32, utf16};
use crate::threads::Location;

/// Size of MINIDUMP_HEADER, where the directory begins.
pub(crate) const HEADER: usize = 0x20;
/// Size of a MINIDUMP_DIRECTORY entry.
pub(crate) const ENTRY: usize = 12;

/// Bytes that follow the directory.
#[derive(Debug)]
pub(crate) struct Tail {
    base: usize,
    pub(crate) bytes: Vec<u8>,
    shared: HashMap<String, u32>,
}

impl Tail {
    pub(crate) fn new(streams: usize) -> Self {
        Tail { base: HEADER + ENTRY * streams, bytes: Vec::new(), shared: HashMap::new() }
    }

    /// File offset of the next byte.
    pub(crate) fn end(&self) -> usize {
        self.base + self.bytes.len()
    }

    /// Fills up with zeros.
    pub(crate) fn align(&mut self, alignment: usize) {
        let end = self.end().next_multiple_of(alignment);
        self.bytes.resize(end - self.base, 0);
    }

    /// Appends and returns the file offset.
    pub(crate) fn put(&mut self, bytes: &[u8], alignment: usize) -> u32 {
        self.align(alignment);
        let rva = len32(self.end());
        self.bytes.extend_from_slice(bytes);
        rva
    }

    /// A location of `bytes`; nothing gives the empty location.
    pub(crate) fn locate(&mut self, bytes: Option<Vec<u8>>, alignment: usize) -> Location {
        match bytes {
            Some(bytes) => Location { size: len32(bytes.len()), rva: self.put(&bytes, alignment) },
            None => Location::default(),
        }
    }

    /// A MINIDUMP_STRING: length in bytes, UTF-16LE, terminator.
    pub(crate) fn string(&mut self, text: &str) -> u32 {
        let wide = utf16(text);
        let mut bytes = Vec::with_capacity(wide.len() + 6);
        bytes.u32(len32(wide.len()));
        bytes.extend(wide);
        bytes.u16(0);
        self.put(&bytes, 4)
    }

    /// A string written once for all its users; nothing gives RVA 0.
    pub(crate) fn shared_string(&mut self, text: Option<&String>) -> u32 {
        let Some(text) = text else { return 0 };
        if let Some(&rva) = self.shared.get(text) {
            return rva;
        }
        let rva = self.string(text);
        self.shared.insert(text.clone(), rva);
        rva
    }
}
