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
    /// Reads the TEB at `address`; fails if its first three fields are not in the dump.
    pub fn read(memory: Memory<'_>, address: u64, width: Width) -> Result<Teb, Unreadable> {
        let at = |x86, x64| address.wrapping_add(width.pick(x86, x64));
        let pointer = |x86, x64| memory.pointer(at(x86, x64), width);
        let long = |x86, x64| memory.u32(at(x86, x64)).ok();
        Ok(Teb {
            address,
            width,
            exception_list: pointer(0, 0)?,
            stack_base: pointer(0x4, 0x8)?,
            stack_limit: pointer(0x8, 0x10)?,
            self_pointer: pointer(0x18, 0x30).ok(),
            process_id: pointer(0x20, 0x40).ok(),
            thread_id: pointer(0x24, 0x48).ok(),
            peb: pointer(0x30, 0x60).ok(),
            last_error: long(0x34, 0x68),
            last_status: long(0xbf4, 0x1250),
            deallocation_stack: pointer(0xe0c, 0x1478).ok(),
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
        let found = candidates
            .into_iter()
            .flatten()
            .filter(|a| *a != 0 && u32::try_from(*a).is_ok());
        found
            .filter_map(|a| Teb::read(memory, a, Width::Bits32).ok())
            .find(|teb| teb.is_sound() && teb.thread_id == self.thread_id)
    }
}
