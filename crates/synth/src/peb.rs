//! PEB, the process environment block.

use crate::arch::Width;
use crate::bytes::{At, Fields};

/// Fields of a PEB; every other byte is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peb {
    /// BeingDebugged.
    pub being_debugged: u8,
    /// ImageBaseAddress.
    pub image_base: u64,
    /// Ldr, address of PEB_LDR_DATA.
    pub ldr: u64,
    /// ProcessParameters.
    pub process_parameters: u64,
    /// ProcessHeap.
    pub process_heap: u64,
    /// CrossProcessFlags; 1 in a job.
    pub cross_process_flags: u32,
    /// ApiSetMap.
    pub api_set_map: u64,
    /// ReadOnlySharedMemoryBase.
    pub read_only_shared_memory: u64,
    /// AnsiCodePageData.
    pub ansi_code_page_data: u64,
    /// NumberOfProcessors.
    pub processors: u32,
    /// NtGlobalFlag; 0x02000000 page heap, 0x1000 user stack trace database.
    pub nt_global_flag: u32,
    /// HeapSegmentReserve, bytes.
    pub heap_segment_reserve: u64,
    /// HeapSegmentCommit, bytes.
    pub heap_segment_commit: u64,
    /// NumberOfHeaps.
    pub number_of_heaps: u32,
    /// MaximumNumberOfHeaps.
    pub maximum_number_of_heaps: u32,
    /// ProcessHeaps, address of the array of heap handles.
    pub process_heaps: u64,
    /// GdiSharedHandleTable.
    pub gdi_shared_handle_table: u64,
    /// LoaderLock, the address of the loader's critical section.
    pub loader_lock: u64,
    /// OSMajorVersion.
    pub os_major: u32,
    /// OSMinorVersion.
    pub os_minor: u32,
    /// OSBuildNumber.
    pub os_build: u16,
    /// OSPlatformId.
    pub os_platform_id: u32,
    /// SessionId.
    pub session_id: u32,
    /// ActivationContextData.
    pub activation_context_data: u64,
    /// SystemDefaultActivationContextData.
    pub system_default_activation_context_data: u64,
    /// MinimumStackCommit, bytes.
    pub minimum_stack_commit: u64,
}

impl Default for Peb {
    /// No addresses; Windows 10 22H2, 8 processors, session 1.
    fn default() -> Self {
        Peb {
            being_debugged: 0,
            image_base: 0,
            ldr: 0,
            process_parameters: 0,
            process_heap: 0,
            cross_process_flags: 0,
            api_set_map: 0,
            read_only_shared_memory: 0,
            ansi_code_page_data: 0,
            processors: 8,
            nt_global_flag: 0,
            heap_segment_reserve: 0x10_0000,
            heap_segment_commit: 0x2000,
            number_of_heaps: 0,
            maximum_number_of_heaps: 16,
            process_heaps: 0,
            gdi_shared_handle_table: 0,
            loader_lock: 0,
            os_major: 10,
            os_minor: 0,
            os_build: 19045,
            os_platform_id: 2,
            session_id: 1,
            activation_context_data: 0,
            system_default_activation_context_data: 0,
            minimum_stack_commit: 0,
        }
    }
}

const SIZE: At = At(0x488, 0x7D0);
const BEING_DEBUGGED: At = At(0x2, 0x2);
const IMAGE_BASE_ADDRESS: At = At(0x8, 0x10);
const LDR: At = At(0xC, 0x18);
const PROCESS_PARAMETERS: At = At(0x10, 0x20);
const PROCESS_HEAP: At = At(0x18, 0x30);
const CROSS_PROCESS_FLAGS: At = At(0x28, 0x50);
const API_SET_MAP: At = At(0x38, 0x68);
const READ_ONLY_SHARED_MEMORY_BASE: At = At(0x4C, 0x88);
const ANSI_CODE_PAGE_DATA: At = At(0x58, 0xA0);
const NUMBER_OF_PROCESSORS: At = At(0x64, 0xB8);
const NT_GLOBAL_FLAG: At = At(0x68, 0xBC);
const HEAP_SEGMENT_RESERVE: At = At(0x78, 0xC8);
const HEAP_SEGMENT_COMMIT: At = At(0x7C, 0xD0);
const NUMBER_OF_HEAPS: At = At(0x88, 0xE8);
const MAXIMUM_NUMBER_OF_HEAPS: At = At(0x8C, 0xEC);
const PROCESS_HEAPS: At = At(0x90, 0xF0);
const GDI_SHARED_HANDLE_TABLE: At = At(0x94, 0xF8);
const LOADER_LOCK: At = At(0xA0, 0x110);
const OS_MAJOR_VERSION: At = At(0xA4, 0x118);
const OS_MINOR_VERSION: At = At(0xA8, 0x11C);
const OS_BUILD_NUMBER: At = At(0xAC, 0x120);
const OS_PLATFORM_ID: At = At(0xB0, 0x124);
const SESSION_ID: At = At(0x1D4, 0x2C0);
const ACTIVATION_CONTEXT_DATA: At = At(0x1F8, 0x2F8);
const SYSTEM_DEFAULT_ACTIVATION_CONTEXT_DATA: At = At(0x200, 0x308);
const MINIMUM_STACK_COMMIT: At = At(0x208, 0x318);

impl Peb {
    /// The structure: 0x488 or 0x7D0 bytes.
    pub fn to_bytes(&self, width: Width) -> Vec<u8> {
        let mut p = Fields::new(width, SIZE);
        let being_debugged = p.at(BEING_DEBUGGED);
        p.u8(being_debugged, self.being_debugged);
        self.pointers(&mut p);
        p.u32_at(CROSS_PROCESS_FLAGS, self.cross_process_flags);
        p.u32_at(NUMBER_OF_PROCESSORS, self.processors);
        p.u32_at(NT_GLOBAL_FLAG, self.nt_global_flag);
        p.u32_at(NUMBER_OF_HEAPS, self.number_of_heaps);
        p.u32_at(MAXIMUM_NUMBER_OF_HEAPS, self.maximum_number_of_heaps);
        p.u32_at(OS_MAJOR_VERSION, self.os_major);
        p.u32_at(OS_MINOR_VERSION, self.os_minor);
        p.u16_at(OS_BUILD_NUMBER, self.os_build);
        p.u32_at(OS_PLATFORM_ID, self.os_platform_id);
        p.u32_at(SESSION_ID, self.session_id);
        p.bytes
    }

    fn pointers(&self, p: &mut Fields) {
        for (at, value) in [
            (IMAGE_BASE_ADDRESS, self.image_base),
            (LDR, self.ldr),
            (PROCESS_PARAMETERS, self.process_parameters),
            (PROCESS_HEAP, self.process_heap),
            (API_SET_MAP, self.api_set_map),
            (READ_ONLY_SHARED_MEMORY_BASE, self.read_only_shared_memory),
            (ANSI_CODE_PAGE_DATA, self.ansi_code_page_data),
            (HEAP_SEGMENT_RESERVE, self.heap_segment_reserve),
            (HEAP_SEGMENT_COMMIT, self.heap_segment_commit),
            (PROCESS_HEAPS, self.process_heaps),
            (GDI_SHARED_HANDLE_TABLE, self.gdi_shared_handle_table),
            (LOADER_LOCK, self.loader_lock),
            (ACTIVATION_CONTEXT_DATA, self.activation_context_data),
            (SYSTEM_DEFAULT_ACTIVATION_CONTEXT_DATA, self.system_default_activation_context_data),
            (MINIMUM_STACK_COMMIT, self.minimum_stack_commit),
        ] {
            p.pointer(at, value);
        }
    }
}
