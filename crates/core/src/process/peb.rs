//! Process environment block.

use crate::arch::Width;
use crate::memory::{Memory, Unreadable};
use crate::process::block::Block;

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
    /// `LoaderLock` (a0 / 110): the critical section that the loader holds while it loads and unloads.
    pub loader_lock: Option<u64>,
    /// `OSMajorVersion` (a4 / 118), `OSMinorVersion` (a8 / 11c), `OSBuildNumber` (ac / 120, u16).
    pub os_version: Option<(u32, u32, u16)>,
    /// `SessionId` (1d4 / 2c0).
    pub session_id: Option<u32>,
    /// `ApiSetMap` (38 / 68).
    pub api_set_map: Option<u64>,
    /// `ReadOnlySharedMemoryBase` (4c / 88).
    pub read_only_shared_memory: Option<u64>,
    /// `AnsiCodePageData` (58 / a0).
    pub ansi_code_page_data: Option<u64>,
    /// `GdiSharedHandleTable` (94 / f8).
    pub gdi_shared_handle_table: Option<u64>,
    /// `ActivationContextData` (1f8 / 2f8).
    pub activation_context_data: Option<u64>,
    /// `SystemDefaultActivationContextData` (200 / 308).
    pub system_default_activation_context_data: Option<u64>,
}

impl Peb {
    /// Reads the PEB at `address`; fails if its image base is not in the dump.
    pub fn read(memory: Memory<'_>, address: u64, width: Width) -> Result<Peb, Unreadable> {
        let block = Block::in_parts(memory, address, width.pick(0x204, 0x310), width);
        let pointer = |x86, x64| block.pointer(x86, x64);
        let long = |x86, x64| block.long(x86, x64);
        let build = block.number(width.pick(0xac, 0x120), 2).and_then(|n| u16::try_from(n).ok());
        let Some(image_base) = pointer(0x8, 0x10) else {
            let address = address.wrapping_add(width.pick(0x8, 0x10));
            return Err(Unreadable { address, why: memory.why_absent(address) });
        };
        Ok(Peb {
            address,
            width,
            being_debugged: long(0x0, 0x0).map(|word| word >> 16 & 0xff != 0),
            image_base,
            process_parameters: pointer(0x10, 0x20),
            process_heap: pointer(0x18, 0x30),
            processors: long(0x64, 0xb8),
            nt_global_flag: long(0x68, 0xbc),
            heaps: long(0x88, 0xe8),
            process_heaps: pointer(0x90, 0xf0),
            loader_lock: pointer(0xa0, 0x110).filter(|at| *at != 0),
            os_version: long(0xa4, 0x118).zip(long(0xa8, 0x11c)).zip(build).map(|((a, b), c)| (a, b, c)),
            session_id: long(0x1d4, 0x2c0),
            api_set_map: pointer(0x38, 0x68),
            read_only_shared_memory: pointer(0x4c, 0x88),
            ansi_code_page_data: pointer(0x58, 0xa0),
            gdi_shared_handle_table: pointer(0x94, 0xf8),
            activation_context_data: pointer(0x1f8, 0x2f8),
            system_default_activation_context_data: pointer(0x200, 0x308),
        })
    }
}
