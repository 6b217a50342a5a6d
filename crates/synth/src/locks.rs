//! RTL_CRITICAL_SECTION and its DEBUG (winnt.h; learn.microsoft.com, "Displaying a Critical Section").

use crate::arch::Width;
use crate::bytes::{At, Fields};

/// An RTL_CRITICAL_SECTION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CriticalSection {
    /// DebugInfo: -1 without one.
    pub debug_info: u64,
    /// LockCount: -1 free, -2 held, and 4 less for each thread that waits.
    pub lock_count: i32,
    /// RecursionCount.
    pub recursion_count: i32,
    /// OwningThread, a thread ID.
    pub owning_thread: u64,
    /// LockSemaphore: 0, an event's handle, or -1 once a thread waited by address.
    pub lock_semaphore: u64,
    /// SpinCount.
    pub spin_count: u64,
}

impl Default for CriticalSection {
    /// A free section, as InitializeCriticalSection of Windows 10 leaves it.
    fn default() -> Self {
        CriticalSection {
            debug_info: u64::MAX,
            lock_count: -1,
            recursion_count: 0,
            owning_thread: 0,
            lock_semaphore: 0,
            spin_count: 0x0200_07D0,
        }
    }
}

impl CriticalSection {
    /// One that a thread holds, and for which some wait by its address.
    pub fn held(by: u32, waiters: i32) -> Self {
        CriticalSection {
            lock_count: -2 - 4 * waiters,
            recursion_count: 1,
            owning_thread: by.into(),
            lock_semaphore: u64::MAX,
            ..CriticalSection::default()
        }
    }

    /// The structure: 0x18 or 0x28 bytes.
    pub fn to_bytes(&self, width: Width) -> Vec<u8> {
        let mut s = Fields::new(width, At(0x18, 0x28));
        s.pointer(At(0, 0), self.debug_info);
        s.u32_at(At(4, 8), self.lock_count.cast_unsigned());
        s.u32_at(At(8, 0xC), self.recursion_count.cast_unsigned());
        s.pointer(At(0xC, 0x10), self.owning_thread);
        s.pointer(At(0x10, 0x18), self.lock_semaphore);
        s.pointer(At(0x14, 0x20), self.spin_count);
        s.bytes
    }
}

/// An RTL_CRITICAL_SECTION_DEBUG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SectionDebug {
    /// Type: 0 a critical section, 1 a resource.
    pub kind: u16,
    /// CriticalSection.
    pub section: u64,
    /// ProcessLocksList.Flink: the address of the next one's list entry.
    pub next: u64,
    /// ProcessLocksList.Blink.
    pub previous: u64,
    /// ContentionCount.
    pub contention_count: u32,
}

impl SectionDebug {
    /// From its start to its list entry.
    pub fn links(width: Width) -> u64 {
        if width == Width::W32 { 8 } else { 0x10 }
    }

    /// The structure: 0x20 or 0x30 bytes.
    pub fn to_bytes(&self, width: Width) -> Vec<u8> {
        let mut d = Fields::new(width, At(0x20, 0x30));
        d.u16_at(At(0, 0), self.kind);
        d.pointer(At(4, 8), self.section);
        d.pointer(At(8, 0x10), self.next);
        d.pointer(At(0xC, 0x18), self.previous);
        d.u32_at(At(0x10, 0x20), 1);
        d.u32_at(At(0x14, 0x24), self.contention_count);
        d.bytes
    }
}
