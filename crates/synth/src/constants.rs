//! Numbers of the file format, by Microsoft's names (minidumpapiset.h, winnt.h).

/// Thread ids, states, TEB addresses, contexts.
pub const THREAD_LIST_STREAM: u32 = 3;
/// Loaded modules.
pub const MODULE_LIST_STREAM: u32 = 4;
/// Memory with 32-bit file offsets, as in small dumps.
pub const MEMORY_LIST_STREAM: u32 = 5;
/// Why the dump was written.
pub const EXCEPTION_STREAM: u32 = 6;
/// Processor and Windows version.
pub const SYSTEM_INFO_STREAM: u32 = 7;
/// Memory at the end of the file, as in full dumps.
pub const MEMORY64_LIST_STREAM: u32 = 9;
/// Comment in the ANSI code page.
pub const COMMENT_STREAM_A: u32 = 10;
/// Comment in UTF-16.
pub const COMMENT_STREAM_W: u32 = 11;
/// Open handles.
pub const HANDLE_DATA_STREAM: u32 = 12;
/// Modules that were unloaded.
pub const UNLOADED_MODULE_LIST_STREAM: u32 = 14;
/// Process id, times, build string.
pub const MISC_INFO_STREAM: u32 = 15;
/// What VirtualQueryEx said about every region.
pub const MEMORY_INFO_LIST_STREAM: u32 = 16;
/// Thread times and start addresses.
pub const THREAD_INFO_LIST_STREAM: u32 = 17;
/// Memory counters of the whole machine.
pub const SYSTEM_MEMORY_INFO_STREAM: u32 = 21;
/// Memory counters of the process.
pub const PROCESS_VM_COUNTERS_STREAM: u32 = 22;
/// Thread names.
pub const THREAD_NAMES_STREAM: u32 = 24;

/// State: backed by memory.
pub const MEM_COMMIT: u32 = 0x1000;
/// State: addresses only.
pub const MEM_RESERVE: u32 = 0x2000;
/// State: nothing.
pub const MEM_FREE: u32 = 0x1_0000;
/// Type: private to the process.
pub const MEM_PRIVATE: u32 = 0x2_0000;
/// Type: a view of a section.
pub const MEM_MAPPED: u32 = 0x4_0000;
/// Type: a view of an image.
pub const MEM_IMAGE: u32 = 0x100_0000;

/// Protection: no access.
pub const PAGE_NOACCESS: u32 = 0x1;
/// Protection: read.
pub const PAGE_READONLY: u32 = 0x2;
/// Protection: read and write.
pub const PAGE_READWRITE: u32 = 0x4;
/// Protection: copied when written.
pub const PAGE_WRITECOPY: u32 = 0x8;
/// Protection: execute and read.
pub const PAGE_EXECUTE_READ: u32 = 0x20;
/// Protection: everything.
pub const PAGE_EXECUTE_READWRITE: u32 = 0x40;
/// Protection that images are allocated with.
pub const PAGE_EXECUTE_WRITECOPY: u32 = 0x80;
/// Modifier: the first touch raises STATUS_GUARD_PAGE_VIOLATION.
pub const PAGE_GUARD: u32 = 0x100;

/// `MiniDumpWithFullMemory` of the MINIDUMP_TYPE flags.
pub const FULL_MEMORY: u64 = 2;
/// MINIDUMP_TYPE flags that `procdump -ma` writes on Windows 10.
pub const PROCDUMP_MA_FLAGS: u64 = 0x0046_1826;

/// Size of a page, bytes.
pub const PAGE: u64 = 0x1000;
