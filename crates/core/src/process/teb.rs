//! Thread environment block.

use crate::arch::Width;
use crate::memory::{Memory, Unreadable};

/// The fields of a TEB that say something about memory and errors. Addresses are virtual, errors as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Teb {
    /// Where the TEB lies.
    pub address: u64,
    /// Whether it is a 32-bit or a 64-bit one.
    pub width: Width,
    /// `NtTib.ExceptionList` (0 / 0). In the 64-bit TEB of a WOW64 thread, the address of its 32-bit TEB.
    pub exception_list: u64,
    /// `NtTib.StackBase` (4 / 8): the end, exclusive, of the stack.
    pub stack_base: u64,
    /// `NtTib.StackLimit` (8 / 10): the lowest committed address of the stack.
    pub stack_limit: u64,
    /// `NtTib.Self` (18 / 30): equals `address` in a TEB that is one.
    pub self_pointer: Option<u64>,
    /// `ClientId.UniqueProcess` (20 / 40).
    pub process_id: Option<u64>,
    /// `ClientId.UniqueThread` (24 / 48).
    pub thread_id: Option<u64>,
    /// `ProcessEnvironmentBlock` (30 / 60).
    pub peb: Option<u64>,
    /// `LastErrorValue` (34 / 68): what `GetLastError` would return.
    pub last_error: Option<u32>,
    /// `LastStatusValue` (bf4 / 1250): the NTSTATUS behind it.
    pub last_status: Option<u32>,
    /// `DeallocationStack` (e0c / 1478): the lowest address reserved for the stack.
    pub deallocation_stack: Option<u64>,
    /// `GuaranteedStackBytes` (f78 / 1748).
    pub guaranteed_stack_bytes: Option<u32>,
    /// `WowTebOffset` (fdc / 180c): from a 64-bit TEB to its 32-bit twin; zero in a native thread.
    pub wow_teb_offset: Option<i32>,
}

impl Teb {
    /// Reads the TEB at `address`; fails if the dump does not keep it from its start to `LastErrorValue`.
    pub fn read(memory: Memory<'_>, address: u64, width: Width) -> Result<Teb, Unreadable> {
        let near = Part::read(memory, address, 0, width.pick(0x38, 0x6c))?;
        // One more read serves all that lies far behind, where the dump keeps all of it.
        let far = Part::read(memory, address, width.pick(0xbf4, 0x1250), width.pick(0xfe0, 0x1810));
        let far = |at: u64, bytes: u64| match &far {
            Ok(part) => part.number(at, bytes),
            Err(_) => Part::read(memory, address, at, at.saturating_add(bytes)).ok()?.number(at, bytes),
        };
        let pointer = |x86, x64| near.number(width.pick(x86, x64), width.bytes() as u64);
        let long = |x86, x64| far(width.pick(x86, x64), 4).and_then(|n| u32::try_from(n).ok());
        Ok(Teb {
            address,
            width,
            exception_list: pointer(0, 0).unwrap_or(0),
            stack_base: pointer(0x4, 0x8).unwrap_or(0),
            stack_limit: pointer(0x8, 0x10).unwrap_or(0),
            self_pointer: pointer(0x18, 0x30),
            process_id: pointer(0x20, 0x40),
            thread_id: pointer(0x24, 0x48),
            peb: pointer(0x30, 0x60),
            last_error: near.number(width.pick(0x34, 0x68), 4).and_then(|n| u32::try_from(n).ok()),
            last_status: long(0xbf4, 0x1250),
            deallocation_stack: far(width.pick(0xe0c, 0x1478), width.bytes() as u64),
            guaranteed_stack_bytes: long(0xf78, 0x1748),
            wow_teb_offset: long(0xfdc, 0x180c).map(u32::cast_signed),
        })
    }

    /// Whether the block points at itself, as every TEB does.
    pub fn is_sound(&self) -> bool {
        self.self_pointer == Some(self.address)
    }

    /// The 32-bit TEB of a WOW64 thread, found from its 64-bit one: by `ExceptionList`, which holds its address,
    /// or by `WowTebOffset`. `None` for a native thread, or when neither leads to a TEB.
    pub fn wow64(&self, memory: Memory<'_>) -> Option<Teb> {
        if self.width != Width::Bits64 {
            return None;
        }
        let by_offset = self
            .wow_teb_offset
            .filter(|o| *o > 0)
            .and_then(|o| self.address.checked_add_signed(i64::from(o)));
        let candidates = [Some(self.exception_list), by_offset];
        let found = candidates.into_iter().flatten().filter(|a| *a != 0 && u32::try_from(*a).is_ok());
        found
            .filter_map(|a| Teb::read(memory, a, Width::Bits32).ok())
            .find(|teb| teb.is_sound() && teb.thread_id == self.thread_id)
    }
}

/// A run of bytes of a structure, read at once.
struct Part {
    from: u64,
    bytes: Vec<u8>,
}

impl Part {
    /// The bytes from offset `from` to offset `to` of the structure at `address`.
    fn read(memory: Memory<'_>, address: u64, from: u64, to: u64) -> Result<Part, Unreadable> {
        let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
        memory.read(address.wrapping_add(from), &mut bytes)?;
        Ok(Part { from, bytes })
    }

    /// The little-endian number of 4 or 8 bytes at an offset of the structure.
    fn number(&self, at: u64, bytes: u64) -> Option<u64> {
        let start = usize::try_from(at.checked_sub(self.from)?).ok()?;
        let field = self.bytes.get(start..start.checked_add(usize::try_from(bytes).ok()?)?)?;
        Some(field.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }
}
