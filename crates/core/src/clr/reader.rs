//! Reads of the runtime's structures: a word, a number, a text; `None` where the dump does not keep it.

use std::cell::Cell;

use crate::arch::Width;
use crate::memory::Memory;
use crate::pages::{Pages, ReadMemory};

/// The memory of the process, through pages that are held.
#[derive(Debug)]
pub(crate) struct Reader<'d> {
    pages: Pages<'d>,
    width: Width,
    /// How many more reads there may be. Every loop below reads, so this ends whatever hostile structures begin.
    left: Cell<u64>,
}

/// Reads for one runtime: the names, parents and fields of 10,000 types take some 2 million.
const READS: u64 = 1 << 24;

impl<'d> Reader<'d> {
    pub(crate) fn new(memory: Memory<'d>, width: Width) -> Reader<'d> {
        Reader { pages: Pages::new(memory), width, left: Cell::new(READS) }
    }

    pub(crate) fn memory(&self) -> Memory<'d> {
        self.pages.memory()
    }

    pub(crate) fn width(&self) -> Width {
        self.width
    }

    /// Bytes of a pointer.
    pub(crate) fn size(&self) -> u64 {
        self.width.bytes() as u64
    }

    pub(crate) fn fill(&self, at: u64, buf: &mut [u8]) -> Option<()> {
        self.left.set(self.left.get().checked_sub(1)?);
        self.pages.read(at, buf).ok()
    }

    pub(crate) fn u8(&self, at: u64) -> Option<u8> {
        let mut buf = [0; 1];
        self.fill(at, &mut buf).map(|()| u8::from_le_bytes(buf))
    }

    pub(crate) fn u16(&self, at: u64) -> Option<u16> {
        let mut buf = [0; 2];
        self.fill(at, &mut buf).map(|()| u16::from_le_bytes(buf))
    }

    pub(crate) fn u32(&self, at: u64) -> Option<u32> {
        let mut buf = [0; 4];
        self.fill(at, &mut buf).map(|()| u32::from_le_bytes(buf))
    }

    pub(crate) fn i32(&self, at: u64) -> Option<i32> {
        self.u32(at).map(u32::cast_signed)
    }

    pub(crate) fn u64(&self, at: u64) -> Option<u64> {
        let mut buf = [0; 8];
        self.fill(at, &mut buf).map(|()| u64::from_le_bytes(buf))
    }

    /// A pointer, or what is as large.
    pub(crate) fn word(&self, at: u64) -> Option<u64> {
        match self.width {
            Width::Bits32 => self.u32(at).map(u64::from),
            Width::Bits64 => self.u64(at),
        }
    }

    /// The pointer at a pointer plus offset, if it is not null.
    pub(crate) fn pointer(&self, base: u64, offset: u64) -> Option<u64> {
        self.word(base.wrapping_add(offset)).filter(|address| *address != 0)
    }

    /// What a field refers to that holds the distance from its own address (`RelativePointer`).
    pub(crate) fn relative(&self, at: u64) -> Option<u64> {
        let distance = self.i32(at).filter(|distance| *distance != 0)?;
        Some(at.wrapping_add_signed(i64::from(distance)))
    }

    /// The bytes up to a NUL; `None` if there is none within `most`.
    pub(crate) fn c_string(&self, at: u64, most: usize) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        while text.len() < most {
            let part_at = at.checked_add(text.len() as u64)?;
            // No part crosses a page: what is behind the last one may be missing.
            let room = 0x40u64.saturating_sub(part_at % 0x40);
            let mut part = [0; 0x40];
            let part = part.get_mut(..usize::try_from(room).ok()?)?;
            self.fill(part_at, part)?;
            match part.iter().position(|byte| *byte == 0) {
                Some(end) => {
                    text.extend_from_slice(part.get(..end)?);
                    return (text.len() <= most).then_some(text);
                }
                None => text.extend_from_slice(part),
            }
        }
        None
    }
}
