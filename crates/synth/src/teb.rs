//! TEB, the thread environment block.

use crate::arch::Width;
use crate::bytes::{At, Fields};

/// Fields of a TEB; every other byte is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Teb {
    /// NtTib.ExceptionList: in the 64-bit TEB of a WOW64 thread the address of its TEB32.
    pub exception_list: u64,
    /// NtTib.StackBase, exclusive high end.
    pub stack_base: u64,
    /// NtTib.StackLimit, lowest committed address.
    pub stack_limit: u64,
    /// NtTib.Self, the address of the TEB.
    pub own_address: u64,
    /// ClientId.UniqueProcess.
    pub pid: u32,
    /// ClientId.UniqueThread.
    pub tid: u32,
    /// ThreadLocalStoragePointer.
    pub thread_local_storage: u64,
    /// ProcessEnvironmentBlock.
    pub peb: u64,
    /// LastErrorValue.
    pub last_error: u32,
    /// CountOfOwnedCriticalSections.
    pub owned_critical_sections: u32,
    /// ExceptionCode.
    pub exception_code: u32,
    /// LastStatusValue, an NTSTATUS.
    pub last_status: u32,
    /// DeallocationStack, allocation base of the stack.
    pub deallocation_stack: u64,
    /// GuaranteedStackBytes.
    pub guaranteed_stack_bytes: u32,
    /// SameTebFlags.
    pub same_teb_flags: u16,
    /// Win32ThreadInfo: not 0 of a thread with windows.
    pub win32_thread_info: u64,
    /// WaitingOnLoaderLock.
    pub waiting_on_loader_lock: u32,
    /// WowTebOffset: from this TEB to the one of the other width, bytes.
    pub wow_teb_offset: i32,
}

const SIZE: At = At(0x1038, 0x1878);
const EXCEPTION_LIST: At = At(0x0, 0x0);
const STACK_BASE: At = At(0x4, 0x8);
const STACK_LIMIT: At = At(0x8, 0x10);
const SELF: At = At(0x18, 0x30);
const UNIQUE_PROCESS: At = At(0x20, 0x40);
const UNIQUE_THREAD: At = At(0x24, 0x48);
const THREAD_LOCAL_STORAGE_POINTER: At = At(0x2C, 0x58);
const PROCESS_ENVIRONMENT_BLOCK: At = At(0x30, 0x60);
const LAST_ERROR_VALUE: At = At(0x34, 0x68);
const COUNT_OF_OWNED_CRITICAL_SECTIONS: At = At(0x38, 0x6C);
const WIN32_THREAD_INFO: At = At(0x40, 0x78);
const EXCEPTION_CODE: At = At(0x1A4, 0x2C0);
const LAST_STATUS_VALUE: At = At(0xBF4, 0x1250);
const DEALLOCATION_STACK: At = At(0xE0C, 0x1478);
const GUARANTEED_STACK_BYTES: At = At(0xF78, 0x1748);
const WAITING_ON_LOADER_LOCK: At = At(0xF84, 0x1760);
const SAME_TEB_FLAGS: At = At(0xFCA, 0x17EE);
const WOW_TEB_OFFSET: At = At(0xFDC, 0x180C);

impl Teb {
    /// The structure: 0x1038 or 0x1878 bytes.
    pub fn to_bytes(&self, width: Width) -> Vec<u8> {
        let mut t = Fields::new(width, SIZE);
        t.pointer(EXCEPTION_LIST, self.exception_list);
        t.pointer(STACK_BASE, self.stack_base);
        t.pointer(STACK_LIMIT, self.stack_limit);
        t.pointer(SELF, self.own_address);
        t.pointer(UNIQUE_PROCESS, self.pid.into());
        t.pointer(UNIQUE_THREAD, self.tid.into());
        t.pointer(THREAD_LOCAL_STORAGE_POINTER, self.thread_local_storage);
        t.pointer(PROCESS_ENVIRONMENT_BLOCK, self.peb);
        t.u32_at(LAST_ERROR_VALUE, self.last_error);
        t.u32_at(COUNT_OF_OWNED_CRITICAL_SECTIONS, self.owned_critical_sections);
        t.pointer(WIN32_THREAD_INFO, self.win32_thread_info);
        t.u32_at(WAITING_ON_LOADER_LOCK, self.waiting_on_loader_lock);
        t.u32_at(EXCEPTION_CODE, self.exception_code);
        t.u32_at(LAST_STATUS_VALUE, self.last_status);
        t.pointer(DEALLOCATION_STACK, self.deallocation_stack);
        t.u32_at(GUARANTEED_STACK_BYTES, self.guaranteed_stack_bytes);
        t.u16_at(SAME_TEB_FLAGS, self.same_teb_flags);
        let offset = t.at(WOW_TEB_OFFSET);
        t.put(offset, &self.wow_teb_offset.to_le_bytes());
        t.bytes
    }
}
