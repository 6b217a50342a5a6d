//! Many small reads of neighbouring addresses: what is read of one page serves the next reads too.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use crate::limits;
use crate::memory::{Memory, Unreadable};

/// Bytes at addresses. [`Memory`] is one; [`Pages`] remembers what it read; a test may have its own.
pub trait ReadMemory {
    /// Fills `buf` with the bytes at `address`, or says which address is missing and why.
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable>;

    /// A little-endian `u32`.
    fn read_u32(&self, address: u64) -> Result<u32, Unreadable> {
        let mut buf = [0; 4];
        self.read(address, &mut buf).map(|()| u32::from_le_bytes(buf))
    }

    /// A little-endian `u64`.
    fn read_u64(&self, address: u64) -> Result<u64, Unreadable> {
        let mut buf = [0; 8];
        self.read(address, &mut buf).map(|()| u64::from_le_bytes(buf))
    }
}

impl ReadMemory for Memory<'_> {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        Memory::read(*self, address, buf)
    }
}

const PAGE: u64 = 0x1000;
/// The same, as a length.
const PAGE_BYTES: usize = 0x1000;

/// The memory of the process, read page by page; some pages are kept.
pub struct Pages<'d> {
    memory: Memory<'d>,
    held: RefCell<BTreeMap<u64, Vec<u8>>>,
}

impl fmt::Debug for Pages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("held", &self.held.borrow().len()).finish_non_exhaustive()
    }
}

impl<'d> Pages<'d> {
    /// Nothing is read yet.
    pub fn new(memory: Memory<'d>) -> Pages<'d> {
        Pages { memory, held: RefCell::default() }
    }

    /// The memory behind.
    pub fn memory(&self) -> Memory<'d> {
        self.memory
    }

    /// Of a page, what was asked for matters to an answer.
    fn note(&self, page: u64, skip: usize, part: &[u8]) {
        self.memory.note(page.saturating_add(skip as u64), part.len() as u64);
    }

    /// Copies a part of one page. A page of which the dump keeps only a part is not held.
    fn part(&self, page: u64, skip: usize, buf: &mut [u8]) -> Result<(), Unreadable> {
        let mut held = self.held.borrow_mut();
        if let Some(bytes) = held.get(&page) {
            copy(bytes, skip, buf);
            self.note(page, skip, buf);
            return Ok(());
        }
        let quiet = self.memory.unnoted();
        let whole = quiet.available(page, PAGE) == PAGE;
        let mut bytes = vec![0; if whole { PAGE_BYTES } else { 0 }];
        if !whole || quiet.read(page, &mut bytes).is_err() {
            return self.memory.read(page.saturating_add(skip as u64), buf);
        }
        copy(&bytes, skip, buf);
        self.note(page, skip, buf);
        if held.len() >= limits::PAGES_HELD {
            held.clear();
        }
        held.insert(page, bytes);
        Ok(())
    }
}

/// Fills `buf` from the bytes of a page, behind `skip`; the caller asks for no more than there is.
fn copy(page: &[u8], skip: usize, buf: &mut [u8]) {
    if let Some(bytes) = page.get(skip..skip.saturating_add(buf.len())) {
        buf.copy_from_slice(bytes);
    }
}

impl ReadMemory for Pages<'_> {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let (mut at, mut rest) = (address, buf);
        while !rest.is_empty() {
            let skip = (at % PAGE) as usize;
            let length = rest.len().min(PAGE_BYTES.saturating_sub(skip));
            let (now, later) = rest.split_at_mut(length);
            self.part(at.saturating_sub(skip as u64), skip, now)?;
            if later.is_empty() {
                return Ok(());
            }
            let why = crate::memory::Absence::Free;
            at = at.checked_add(length as u64).ok_or(Unreadable { address: at, why })?;
            rest = later;
        }
        Ok(())
    }
}
