//! Every bound that is ours and not the format's, with its reason.
//!
//! A list over its bound is read up to the bound and the rest is reported ([`crate::Damage::EntriesOverLimit`]):
//! a long list is never lost whole for being long.

/// Entries of the stream directory. Windows writes under 30, Breakpad and Crashpad under 60.
pub(crate) const STREAMS: u32 = 4096;
/// Threads, thread names, thread infos. A Windows process runs out of memory far below this.
pub(crate) const THREADS: u64 = 1 << 16;
/// Modules. The loader of a large IDE holds under 2,000.
pub(crate) const MODULES: u64 = 1 << 16;
/// Unloaded modules. Windows keeps 64; Wine's writer fills in 65,536 empty ones.
pub(crate) const UNLOADED_MODULES: u64 = 1 << 17;
/// Handles. Windows allows 16 million; a process with a leak was seen at some 100,000.
pub(crate) const HANDLES: u64 = 1 << 20;
/// Links of all chains of object information: a process with 100,000 handles has some 50,000.
pub(crate) const OBJECT_INFORMATION: u64 = 1 << 18;
/// Links of one of these chains: a mutant has two, no object more.
pub(crate) const OBJECT_INFORMATION_CHAIN: usize = 8;
/// Bytes of one link; the largest known has 48.
pub(crate) const OBJECT_INFORMATION_BYTES: u32 = 1024;
/// Critical sections of the process's list; each costs two reads of the file. Large programs were seen with some thousands.
pub(crate) const CRITICAL_SECTIONS: usize = 1 << 16;
/// Bytes of writable data in images that are searched for critical sections: that of 500 images, mostly.
pub(crate) const LOCK_SEARCH: u64 = 32 << 20;
/// Bytes of one MINIDUMP_STRING: what a UNICODE_STRING (u16 length) can hold.
pub(crate) const STRING_BYTES: u32 = 65_534;
/// Bytes of a CodeView record: header and one path.
pub(crate) const CODEVIEW_BYTES: u32 = 65_536;
/// Bytes of a CONTEXT: the largest seen, x64 with AVX-512 and AMX state, is under 12 KiB.
pub(crate) const CONTEXT_BYTES: u32 = 65_536;
/// Bytes of FunctionTableStream. A .NET program with 100,000 methods has a table for each, of under 200 bytes.
pub(crate) const FUNCTION_TABLE_BYTES: u64 = 64 << 20;
/// Bytes of .NET's heaps up to which a walk through them notes all of them ([`crate::Dump::record_reads`]), so that a trimmed copy
/// gives the same answer.
pub(crate) const CLR_HEAP_NOTED_BYTES: u64 = 64 << 20;
/// Tables of functions that lie over one another and are asked for one address. Windows' own do not.
pub(crate) const OVERLAPPING_TABLES: usize = 16;
/// Bytes of a small stream that is copied whole (SystemInfo, MiscInfo, comments).
pub(crate) const SMALL_STREAM_BYTES: u64 = 1 << 20;
/// Bytes of the extract that the `minidump` crate reads; 10,000 threads with contexts take some 13 MiB.
pub(crate) const EXTRACT_BYTES: u64 = 64 << 20;
/// Bytes of names and records that lists may refer to beyond the size of the file: entries share their names, and a
/// process with 10,000 modules of 300 characters needs 6 MB.
pub(crate) const REFERRED_BYTES: u64 = 8 << 20;
/// A stride that a future version of a table could have; more is not a table.
pub(crate) const ENTRY_BYTES: u32 = 4096;
/// Bytes of a mapped image's headers that are looked at: DOS and NT headers and 96 section headers fit twice.
pub(crate) const IMAGE_HEADER_BYTES: usize = 0x2000;
/// The same where they do not say that they are longer: few images have 80 sections.
pub(crate) const FIRST_HEADER_BYTES: usize = 0x1000;
/// How far into an image a directory may lie: the largest known (browsers, CUDA) are under 400 MB.
pub(crate) const IMAGE_BYTES: usize = 1 << 30;
/// Bytes of the relocations of one image file: those of a browser's largest image take 5 MB.
pub(crate) const RELOCATION_BYTES: u32 = 16 << 20;
/// The same of all of them, which take twice as much memory.
pub(crate) const RELOCATIONS_IN_ALL: u64 = 128 << 20;
/// Image files for one dump: a large IDE holds under 2,000 modules. Each costs its headers.
pub(crate) const IMAGE_FILES: usize = 4096;
/// Bytes of one export directory, with its tables and names. The largest known (Qt, ICU) are under 8 MiB.
pub(crate) const EXPORT_BYTES: u32 = 64 << 20;
/// Exports of an image: the name table holds 16-bit indices.
pub(crate) const EXPORTS: u32 = 1 << 16;
/// Bytes of a name met in an image; decorated C++ names are cut at 4,096 by the compilers.
pub(crate) const NAME_BYTES: usize = 4096;
/// Bytes of an environment block, as Windows bounds it before Vista; later ones are rarely larger.
pub(crate) const ENVIRONMENT_BYTES: u64 = 1 << 20;
/// Heaps of one PEB. `MaximumNumberOfHeaps` begins at 16 (x64: 253) and doubles; hundreds were seen.
pub(crate) const HEAPS: u32 = 4096;
/// Segments, large blocks and tree nodes that are followed in all heaps of a PEB; each costs a read of the file. So
/// many large blocks of 508 kB are 127 GiB.
pub(crate) const HEAP_STEPS: u32 = 1 << 18;
/// Allocations that are looked at for segments to which no list leads; each costs a read of the file.
pub(crate) const SEGMENT_CANDIDATES: usize = 1 << 16;
/// UNWIND_INFO records chained to one another, and RUNTIME_FUNCTIONs that refer to others. Compilers chain 2 or 3 deep;
/// Windows itself stops at 32.
pub(crate) const UNWIND_CHAIN: usize = 32;
/// Codes of a chain of UNWIND_INFO records, after which no further record is read: one record has 255 at most, and
/// compilers write under 50 in all.
pub(crate) const UNWIND_CODES: usize = 512;
/// Pages of 4 KiB that a [`crate::Pages`] holds: 1 MiB. A stack of 100 frames in 10 images takes under 100.
pub(crate) const PAGES_HELD: usize = 256;
/// Types that a thrown object can be caught as: its class and its bases, rarely more than five.
pub(crate) const CATCHABLE_TYPES: u32 = 64;
/// Bytes of a `what()`: a message, not a document.
pub(crate) const WHAT_BYTES: u64 = 512;
/// Bytes of a page on every processor that is read here.
pub(crate) const PAGE: u64 = 0x1000;
/// Bytes of a stack, from its stack pointer on, that are searched for exception records. Most threads use under 8 kB; as
/// much is kept of each stack by `trim`.
pub(crate) const RECORD_SEARCH_ABOVE: u64 = 64 << 10;
/// The same below the stack pointer: a throw, and the calls from the function that caught it to the one that threw.
pub(crate) const RECORD_SEARCH_BELOW: u64 = 16 << 10;
/// The same of all stacks together: 1,500 threads as they mostly are. Full of
/// records, they take 0.2 s of processor time.
pub(crate) const RECORD_SEARCH_IN_ALL: u64 = 32 << 20;
/// Runs of memory in a TrimRecord: 4,000 threads with 30 frames each have some 400,000.
pub(crate) const SPANS: u64 = 1 << 20;
/// Errors that Windows Runtime code stored before it ended the program: what was rethrown across some calls.
pub(crate) const STOWED_EXCEPTIONS: u64 = 16;
/// Return addresses of one of them: Windows stores some 30.
pub(crate) const STOWED_FRAMES: u64 = 64;
/// Bytes of a stability report: Chromium writes some hundred. Each two can become an entry of some 100 bytes.
pub(crate) const STABILITY_REPORT_BYTES: u64 = 16 << 10;
/// Bytes of annotations that a program told Crashpad to send. Crashpad itself has place for some kilobytes a module.
pub(crate) const CRASHPAD_BYTES: u64 = 256 << 10;
/// Bytes of Unreal Engine's crash context, which the engine writes into a buffer of 256 KiB at most.
pub(crate) const UNREAL_CONTEXT_BYTES: u64 = 1 << 20;
/// Characters of one element of it.
pub(crate) const UNREAL_TEXT_CHARACTERS: usize = 1024;
