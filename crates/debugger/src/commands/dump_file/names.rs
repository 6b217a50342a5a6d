//! Names of streams and of the flags of a dump.

use std::fmt::Write as _;

/// `MINIDUMP_STREAM_TYPE`.
pub(super) const NAMES: &[(u32, &str)] = &[
    (0, "UnusedStream"),
    (3, "ThreadListStream"),
    (4, "ModuleListStream"),
    (5, "MemoryListStream"),
    (6, "ExceptionStream"),
    (7, "SystemInfoStream"),
    (8, "ThreadExListStream"),
    (9, "Memory64ListStream"),
    (10, "CommentStreamA"),
    (11, "CommentStreamW"),
    (12, "HandleDataStream"),
    (13, "FunctionTableStream"),
    (14, "UnloadedModuleListStream"),
    (15, "MiscInfoStream"),
    (16, "MemoryInfoListStream"),
    (17, "ThreadInfoListStream"),
    (18, "HandleOperationListStream"),
    (19, "TokenInformationStream"),
    (20, "JavaScriptDataStream"),
    (21, "SystemMemoryInfoStream"),
    (22, "ProcessVmCountersStream"),
];

/// `MINIDUMP_TYPE`.
const FLAGS: &[&str] = &[
    "MiniDumpWithDataSegs",
    "MiniDumpWithFullMemory",
    "MiniDumpWithHandleData",
    "MiniDumpFilterMemory",
    "MiniDumpScanMemory",
    "MiniDumpWithUnloadedModules",
    "MiniDumpWithIndirectlyReferencedMemory",
    "MiniDumpFilterModulePaths",
    "MiniDumpWithProcessThreadData",
    "MiniDumpWithPrivateReadWriteMemory",
    "MiniDumpWithoutOptionalData",
    "MiniDumpWithFullMemoryInfo",
    "MiniDumpWithThreadInfo",
    "MiniDumpWithCodeSegs",
    "MiniDumpWithoutAuxiliaryState",
    "MiniDumpWithFullAuxiliaryState",
    "MiniDumpWithPrivateWriteCopyMemory",
    "MiniDumpIgnoreInaccessibleMemory",
    "MiniDumpWithTokenInformation",
    "MiniDumpWithModuleHeaders",
    "MiniDumpFilterTriage",
    "MiniDumpWithAvxXStateContext",
    "MiniDumpWithIptTrace",
];

pub(super) fn flag_names(flags: u64) -> String {
    let mut text = String::new();
    if flags == 0 {
        text.push_str("                0000 MiniDumpNormal\n");
    }
    for (bit, name) in FLAGS.iter().enumerate().filter(|(bit, _)| flags >> bit & 1 == 1) {
        let _ = writeln!(text, "                {:04X} {name}", 1_u64 << bit);
    }
    text
}
