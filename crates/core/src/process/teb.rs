//! Thread environment block.

use crate::arch::Width;
use crate::memory::{Memory, Unreadable};

/// The head of a TEB, up to `LastErrorValue`, and access to the fields far behind it. Addresses are virtual, errors as
/// stored.
#[derive(Debug, Clone, Copy)]
pub struct Teb<'d> {
    memory: Memory<'d>,
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
    pub self_pointer: u64,
    /// `ClientId.UniqueProcess` (20 / 40).
    pub process_id: u64,
    /// `ClientId.UniqueThread` (24 / 48).
    pub thread_id: u64,
    /// `ProcessEnvironmentBlock` (30 / 60).
    pub peb: u64,
    /// `LastErrorValue` (34 / 68): what `GetLastError` would return.
    pub last_error: u32,
}

impl<'d> Teb<'d> {
    /// Bytes from its start to `LastStatusValue`, of the larger kind: for those who read ahead.
    pub const UP_TO_LAST_STATUS: u64 = 0x1254;

    /// Reads the TEB at `address`; fails if the dump does not keep it from its start to `LastErrorValue`.
    pub fn read(memory: Memory<'d>, address: u64, width: Width) -> Result<Teb<'d>, Unreadable> {
        let mut head = [0; 0x6c];
        let length = usize::try_from(width.pick(0x38, 0x6c)).unwrap_or(head.len());
        memory.read(address, head.get_mut(..length).unwrap_or_default())?;
        let number = |x86: usize, x64: usize, bytes: usize| {
            let at = if width == Width::Bits32 { x86 } else { x64 };
            let field = head.get(at..at.saturating_add(bytes)).unwrap_or_default();
            field.iter().rev().fold(0, |n: u64, byte| n << 8 | u64::from(*byte))
        };
        let pointer = |x86, x64| number(x86, x64, width.bytes());
        Ok(Teb {
            memory,
            address,
            width,
            exception_list: pointer(0, 0),
            stack_base: pointer(0x4, 0x8),
            stack_limit: pointer(0x8, 0x10),
            self_pointer: pointer(0x18, 0x30),
            process_id: pointer(0x20, 0x40),
            thread_id: pointer(0x24, 0x48),
            peb: pointer(0x30, 0x60),
            last_error: u32::try_from(number(0x34, 0x68, 4)).unwrap_or(0),
        })
    }

    /// `LastStatusValue` (bf4 / 1250): the NTSTATUS behind the last error.
    pub fn last_status(&self) -> Result<u32, Unreadable> {
        self.long(0xbf4, 0x1250)
    }

    /// `DeallocationStack` (e0c / 1478): the lowest address reserved for the stack.
    pub fn deallocation_stack(&self) -> Result<u64, Unreadable> {
        self.memory.pointer(self.address.wrapping_add(self.width.pick(0xe0c, 0x1478)), self.width)
    }

    /// `GuaranteedStackBytes` (f78 / 1748), as `SetThreadStackGuarantee` left it.
    pub fn guaranteed_stack_bytes(&self) -> Result<u32, Unreadable> {
        self.long(0xf78, 0x1748)
    }

    /// `WaitingOnLoaderLock` (f84 / 1760): not 0 while the thread waits for the loader's lock.
    pub fn waiting_on_loader_lock(&self) -> Result<u32, Unreadable> {
        self.long(0xf84, 0x1760)
    }

    /// `Win32ThreadInfo` (40 / 78): not 0 once the thread used windows or GDI.
    pub fn win32_thread_info(&self) -> Result<u64, Unreadable> {
        self.memory.pointer(self.address.wrapping_add(self.width.pick(0x40, 0x78)), self.width)
    }

    /// `WowTebOffset` (fdc / 180c): from a 64-bit TEB to its 32-bit twin; zero in a native thread.
    pub fn wow_teb_offset(&self) -> Result<i32, Unreadable> {
        self.long(0xfdc, 0x180c).map(u32::cast_signed)
    }

    fn long(&self, x86: u64, x64: u64) -> Result<u32, Unreadable> {
        self.memory.u32(self.address.wrapping_add(self.width.pick(x86, x64)))
    }

    /// Whether the block points at itself, as every TEB does.
    pub fn is_sound(&self) -> bool {
        self.self_pointer == self.address
    }

    /// The 32-bit TEB of a WOW64 thread, found from its 64-bit one: by `ExceptionList`, which holds its address,
    /// or by `WowTebOffset`. `None` for a native thread, or when neither leads to a TEB.
    pub fn wow64(&self) -> Option<Teb<'d>> {
        if self.width != Width::Bits64 {
            return None;
        }
        let twin = |address: u64| {
            u32::try_from(address).ok().filter(|a| *a != 0)?;
            let teb = Teb::read(self.memory, address, Width::Bits32).ok()?;
            (teb.is_sound() && teb.thread_id == self.thread_id).then_some(teb)
        };
        // A native thread has no exception list there.
        if self.exception_list == 0 || self.exception_list == u64::MAX {
            return None;
        }
        twin(self.exception_list).or_else(|| {
            let offset = self.wow_teb_offset().ok().filter(|offset| *offset > 0)?;
            twin(self.address.checked_add_signed(i64::from(offset))?)
        })
    }
}
