//! Process environment block.

use crate::arch::Width;
use crate::memory::{Memory, Unreadable};

/// The fields of a PEB that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peb {
    /// Where the PEB lies.
    pub address: u64,
    /// Whether it is a 32-bit or a 64-bit one.
    pub width: Width,
    /// `BeingDebugged` (2 / 2).
    pub being_debugged: Option<bool>,
    /// `ImageBaseAddress` (8 / 10).
    pub image_base: u64,
    /// `ProcessParameters` (10 / 20).
    pub process_parameters: Option<u64>,
    /// `ProcessHeap` (18 / 30).
    pub process_heap: Option<u64>,
    /// `NumberOfProcessors` (64 / b8).
    pub processors: Option<u32>,
    /// `NtGlobalFlag` (68 / bc).
    pub nt_global_flag: Option<u32>,
    /// `NumberOfHeaps` (88 / e8).
    pub heaps: Option<u32>,
    /// `ProcessHeaps` (90 / f0): an array of heap handles.
    pub process_heaps: Option<u64>,
    /// `OSMajorVersion` (a4 / 118), `OSMinorVersion` (a8 / 11c), `OSBuildNumber` (ac / 120, u16).
    pub os_version: Option<(u32, u32, u16)>,
    /// `SessionId` (1d4 / 2c0).
    pub session_id: Option<u32>,
}

impl Peb {
    /// Reads the PEB at `address`; fails if its image base is not in the dump.
    pub fn read(memory: Memory<'_>, address: u64, width: Width) -> Result<Peb, Unreadable> {
        let at = |x86, x64| address.wrapping_add(width.pick(x86, x64));
        let pointer = |x86, x64| memory.pointer(at(x86, x64), width);
        let long = |x86, x64| memory.u32(at(x86, x64)).ok();
        let build = memory.u16(at(0xac, 0x120)).ok();
        Ok(Peb {
            address,
            width,
            being_debugged: memory.u16(at(0x2, 0x2)).ok().map(|word| word & 0xff != 0),
            image_base: pointer(0x8, 0x10)?,
            process_parameters: pointer(0x10, 0x20).ok(),
            process_heap: pointer(0x18, 0x30).ok(),
            processors: long(0x64, 0xb8),
            nt_global_flag: long(0x68, 0xbc),
            heaps: long(0x88, 0xe8),
            process_heaps: pointer(0x90, 0xf0).ok(),
            os_version: long(0xa4, 0x118).zip(long(0xa8, 0x11c)).zip(build).map(|((a, b), c)| (a, b, c)),
            session_id: long(0x1d4, 0x2c0),
        })
    }
}
